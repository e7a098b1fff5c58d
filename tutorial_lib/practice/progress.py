"""Which exercises a learner has tried and passed: one small file that a person can read, in the course's folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from tutorial_lib import course
from tutorial_lib.errors import CourseFolderError
from tutorial_lib.practice import whole_file

FILE = "progress.json"
FILE_VERSION = 1
_ABOUT = "Your progress. To start again: redis-pool-tutorial progress --reset all"
_MOST_TRIES = 1_000_000
_NAME = re.compile(r"[a-z0-9-]{1,80}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# How one exercise is written in the file. It is found even if the file around it is damaged.
_ENTRY = re.compile(r'"([a-z0-9-]{1,80})":\s{0,20}(\{[^{}]{0,200}\})')

Entries = Mapping[str, "Entry"]


@dataclass(frozen=True)
class Entry:
    """One exercise: how often it was checked until it passed, and the day it passed (ISO), or None."""

    tries: int = 0
    passed_on: str | None = None


@dataclass(frozen=True)
class Progress:
    """What is in the file. ``notice`` says what was wrong with the file; it is empty if all was well."""

    entries: Entries = field(default_factory=dict)
    notice: str = ""

    def passed(self) -> set[str]:
        """Return the ids of the exercises that passed."""
        return {name for name, entry in self.entries.items() if entry.passed_on}


def progress_path(environ: Mapping[str, str], folder: str | None = None) -> Path | None:
    """Return where progress is kept, or None where TUTORIAL_PROGRESS is ``off``: it may name another file.

    Raises CourseFolderError where the setting names a home folder that cannot be found.
    """
    chosen = environ.get("TUTORIAL_PROGRESS", "").strip()
    if chosen == "off":
        return None
    return course.named_path(chosen, "TUTORIAL_PROGRESS") if chosen else course.folder(environ, folder) / FILE


class ProgressFile:
    """The file, read and written whole. Two notebooks may use it at once: each change reads it again under a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Progress:
        """Return what can be read. CourseFolderError if the system refuses, or if it cannot be a progress file."""
        return self._parsed(self._content())

    def record(self, exercise: str, passed: bool) -> str:
        """Count one check of an exercise. Return a sentence if something was wrong with the file, or nothing.

        Never raises: a learner gets the verdict whatever has become of the file.
        """
        try:
            return self._change(lambda entries: {**entries, exercise: with_try(entries.get(exercise), passed)})
        except CourseFolderError as error:
            return str(error)

    def reset(self, exercises: Iterable[str] | None = None) -> str:
        """Forget these exercises, or all. Return a sentence as ``record`` does. CourseFolderError if refused."""
        if exercises is None:
            return self._change(lambda entries: {})
        forgotten = set(exercises)
        return self._change(lambda entries: {name: entry for name, entry in entries.items() if name not in forgotten})

    def add_passed(self, exercises: Iterable[str]) -> str:
        """Mark these as passed today where they were not. Return a sentence as ``record`` does."""
        new = list(exercises)

        def merge(entries: Entries) -> Entries:
            return {**entries, **{name: with_try(entries.get(name), passed=True) for name in new}}

        return self._change(merge)

    def _change(self, change: Callable[[Entries], Entries]) -> str:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file.locked(self.path):
                content = self._content()
                before = self._parsed(content)
                after = change(before.entries)
                notice = before.notice
                if content is not None and notice:
                    copy = whole_file.keep_copy(self.path, content)
                    notice = f"{notice} The old file is kept as {copy}."
                if after != before.entries or notice:
                    whole_file.write(self.path, _written(after))
        except OSError as error:
            raise _refused("saved", self.path, error) from error
        return notice

    def _content(self) -> bytes | None:
        try:
            return whole_file.read(self.path)
        except OSError as error:
            raise _refused("read", self.path, error) from error

    def _parsed(self, content: bytes | None) -> Progress:
        if content is None:
            return Progress()
        entries, sound = parse(content)
        if sound:
            return Progress(entries)
        count = "1 exercise" if len(entries) == 1 else f"{len(entries)} exercises"
        return Progress(
            entries,
            f"{self.path} is damaged, or another version of the course wrote it: {count} could be read from it.",
        )


class MisplacedFile(ProgressFile):
    """A progress file that is nowhere, since its folder cannot be found: each use says so."""

    def __init__(self, error: CourseFolderError) -> None:
        super().__init__(Path())
        self._error = error

    def _content(self) -> bytes | None:
        raise self._error

    def _change(self, change: Callable[[Entries], Entries]) -> str:
        raise self._error


def progress_file(environ: Mapping[str, str]) -> ProgressFile | None:
    """Return the file where progress is kept, or None where TUTORIAL_PROGRESS is ``off``. Never raises."""
    try:
        path = progress_path(environ)
    except CourseFolderError as error:
        return MisplacedFile(error)
    return ProgressFile(path) if path else None


def with_try(entry: Entry | None, passed: bool) -> Entry:
    """Return the entry after one more check. Once passed, it stays as it is."""
    entry = entry or Entry()
    if entry.passed_on:
        return entry
    tries = min(entry.tries + 1, _MOST_TRIES)
    return replace(entry, tries=tries, passed_on=date.today().isoformat() if passed else None)


def parse(content: bytes) -> tuple[dict[str, Entry], bool]:
    """Return what a progress file holds, and whether all of it was understood. UTF-16 and UTF-32 can be read, too."""
    try:
        data = json.loads(content)
        entries = _entries(data["exercises"].items())
        # Understood is what would be written again as it is: nothing is lost then.
        sound = data.keys() <= {"about", "version", "exercises"} and data["version"] == FILE_VERSION
        sound = sound and data["exercises"] == _stored(entries)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        text = content.decode(json.detect_encoding(content), errors="replace")
        entries, sound = _entries((name, _loads(value)) for name, value in _ENTRY.findall(text)), False
    return entries, sound


def _entries(pairs: Iterable[tuple[str, Any]]) -> dict[str, Entry]:
    return {name: entry for name, value in pairs if (entry := _entry(name, value))}


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _entry(name: str, value: Any) -> Entry | None:
    if not _NAME.fullmatch(name) or not isinstance(value, dict):
        return None
    tries, passed_on = value.get("tries"), value.get("passed_on")
    if type(tries) is not int or not 0 <= tries <= _MOST_TRIES:
        return None
    if passed_on is not None and not (isinstance(passed_on, str) and _DAY.fullmatch(passed_on)):
        return None
    return Entry(tries, passed_on)


def _written(entries: Entries) -> bytes:
    content = {"about": _ABOUT, "version": FILE_VERSION, "exercises": _stored(entries)}
    return (json.dumps(content, indent=1) + "\n").encode()


def _stored(entries: Entries) -> dict[str, dict[str, Any]]:
    return {
        name: {"tries": entry.tries} | ({"passed_on": entry.passed_on} if entry.passed_on else {})
        for name, entry in sorted(entries.items())
    }


def _refused(done: str, path: Path, error: OSError) -> CourseFolderError:
    advice = "Name another file in TUTORIAL_PROGRESS, or set it to off."
    if isinstance(error, PermissionError):
        advice = "Make the file and its folder writable, or name another file in TUTORIAL_PROGRESS."
    reason = error.strerror or error
    return CourseFolderError(f"Your progress could not be {done}: {path}: {reason}. {advice}")
