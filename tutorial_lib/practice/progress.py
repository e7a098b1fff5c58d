"""Which exercises a learner has tried and passed: one small file that a person can read, in the course's folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from tutorial_lib import course
from tutorial_lib.errors import CourseFolderError

try:
    import fcntl
except ImportError:  # Windows: the last of two notebooks that save in the same instant wins there
    fcntl = None  # type: ignore[assignment]

FILE = "progress.json"
VERSION = 1
_ABOUT = "Your progress. To start again: redis-pool-tutorial progress --reset all"
# What one exercise looks like in the file, to be found even where the file around it is broken.
_ENTRY = re.compile(r'"([a-z0-9-]+)":\s*(\{[^{}]*\})')


@dataclass(frozen=True)
class Entry:
    """One exercise: how often it was checked until it passed, and the day it passed (ISO), or None."""

    tries: int = 0
    passed_on: str | None = None


@dataclass(frozen=True)
class Progress:
    """What is in the file. ``notice`` says what was wrong with it, and where the old one is; empty if all was well."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    notice: str = ""

    def passed(self) -> set[str]:
        """Return the ids of the exercises that passed."""
        return {name for name, entry in self.entries.items() if entry.passed_on}


def progress_path(environ: Mapping[str, str], folder: str | None = None) -> Path | None:
    """Return where progress is kept, or None where TUTORIAL_PROGRESS is ``off``: it may name another file."""
    chosen = environ.get("TUTORIAL_PROGRESS", "").strip()
    if chosen == "off":
        return None
    return Path(chosen).expanduser() if chosen else course.folder(environ, folder) / FILE


class ProgressFile:
    """The file, read and written whole. Two notebooks may use it at once: each change reads it again under a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Progress:
        """Return what can be read. A file that is broken, or of another version, is copied aside first."""
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return Progress()
        except OSError as error:
            raise _refused("read", self.path, error) from error
        entries, sound = parse(text)
        if sound:
            return Progress(entries)
        return Progress(entries, self._set_aside(text, len(entries)))

    def record(self, exercise: str, passed: bool) -> str:
        """Count one check of an exercise. Return a sentence if something was wrong with the file, or nothing.

        Never raises: a learner gets the verdict whatever has become of the file.
        """
        try:
            return self._change(lambda entries: {**entries, exercise: counted(entries.get(exercise), passed)})
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

        def merge(entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
            return {**entries, **{name: counted(entries.get(name), passed=True) for name in new}}

        return self._change(merge)

    def _change(self, change: Any) -> str:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                before = self.read()
                after = change(before.entries)
                if after != before.entries or before.notice:
                    _write(self.path, after)
        except OSError as error:
            raise _refused("saved", self.path, error) from error
        return before.notice

    def _set_aside(self, text: str, kept: int) -> str:
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.old-{number}{self.path.suffix}")).exists():
            if aside.read_text("utf-8", errors="replace") == text:  # the same file, seen before
                break
            number += 1
        with suppress(OSError):  # a folder that cannot be written says so when progress is saved
            aside.write_text(text, "utf-8")
        return (
            f"{self.path} is broken or of another version. What could be read of it was kept "
            f"({_exercises(kept)}); the old file is {aside.name}."
        )


def counted(entry: Entry | None, passed: bool) -> Entry:
    """Return the entry after one more check. Once passed, it stays as it is."""
    entry = entry or Entry()
    if entry.passed_on:
        return entry
    return replace(entry, tries=entry.tries + 1, passed_on=date.today().isoformat() if passed else None)


def parse(text: str) -> tuple[dict[str, Entry], bool]:
    """Return what the text of a progress file holds, and whether all of it was understood."""
    try:
        data = json.loads(text)
        stored = data["exercises"]
        entries = {name: _entry(value) for name, value in stored.items()}
        sound = data["version"] == VERSION and None not in entries.values()
    except (ValueError, TypeError, KeyError, AttributeError):
        entries, sound = {name: _entry(_loads(value)) for name, value in _ENTRY.findall(text)}, False
    return {name: entry for name, entry in entries.items() if entry}, sound


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _entry(value: Any) -> Entry | None:
    if not isinstance(value, dict):
        return None
    tries, passed_on = value.get("tries"), value.get("passed_on")
    if type(tries) is not int or tries < 0 or not isinstance(passed_on, str | None):
        return None
    return Entry(tries, passed_on)


def _write(path: Path, entries: Mapping[str, Entry]) -> None:
    stored = {name: _stored(entry) for name, entry in sorted(entries.items())}
    text = json.dumps({"about": _ABOUT, "version": VERSION, "exercises": stored}, indent=1) + "\n"
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, "utf-8")
        half.replace(path)  # all or nothing: nobody ever reads half a file
    finally:
        half.unlink(missing_ok=True)


def _stored(entry: Entry) -> dict[str, Any]:
    return {"tries": entry.tries, **({"passed_on": entry.passed_on} if entry.passed_on else {})}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        with suppress(OSError):  # some network folders cannot lock; there the last of two wins
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refused(done: str, path: Path, error: OSError) -> CourseFolderError:
    return CourseFolderError(
        f"Your progress could not be {done}: {path}: {error.strerror}. Make its folder writable, "
        "or name another file in TUTORIAL_PROGRESS."
    )


def _exercises(count: int) -> str:
    return "1 exercise" if count == 1 else f"{count} exercises"
