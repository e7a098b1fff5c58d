"""Which exercises have passed so far, wherever that is known from."""

from __future__ import annotations

from contextlib import suppress

from tutorial_lib.errors import CourseFolderError
from tutorial_lib.practice.progress import ProgressFile


class Standing:
    """What has passed: what the progress file says, and what it could not keep of this session.

    All exercises of a kernel share one, so that none of them says less than another.
    """

    def __init__(self, file: ProgressFile | None = None) -> None:
        self.file = file
        self._not_kept: set[str] = set()

    def record(self, exercise: str, passed: bool) -> str:
        """Count one check of an exercise. Return a sentence if something was wrong with the file, or nothing."""
        notice = self.file.record(exercise, passed) if self.file else ""
        if passed and exercise not in self._kept():
            self._not_kept.add(exercise)
        return notice

    def passed(self) -> frozenset[str]:
        """Return the ids of the exercises that have passed."""
        return self._kept() | self._not_kept

    def _kept(self) -> frozenset[str]:
        with suppress(CourseFolderError):
            return frozenset(self.file.read().passed() if self.file else ())
        return frozenset()
