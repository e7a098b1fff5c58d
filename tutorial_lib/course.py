"""Where the course is on disk: in a clone, or in a learner's own copy of what the package carries.

A copy is refreshed at each start, by this rule for each file:

    not there                        written (so deleting a notebook is how to get it fresh)
    there, as the course has it      left
    there, as we once wrote it       renewed: the learner has not run or edited it
    anything else                    kept, and said so once for each new version

What we wrote is remembered as hashes in ``.redis-pool-tutorial.json``. Where that file is lost or broken, every
file that differs counts as the learner's. Other files in the folder, and lessons that the course no longer has,
are never touched.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tutorial_lib.errors import CourseFolderError

FIRST_LESSON = "notebooks/00_start_here.ipynb"
PIECES = ("notebooks/*.ipynb", "exercises/*.ipynb", "docs/summary.md")
MEMORY = ".redis-pool-tutorial.json"
PACKAGE = Path(__file__).parent

Step = Literal["write", "renew", "keep", "leave"]


@dataclass(frozen=True)
class Prepared:
    """What was done to a learner's copy: the files by name, relative to the folder."""

    folder: Path
    written: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a learner should be told, nothing where nothing was done."""
        told = []
        if self.written:
            told.append(f"Wrote {_files(self.written)} to {self.folder}.")
        if self.renewed:
            told.append(f"Renewed {_files(self.renewed)} that you had not changed.")
        if self.kept:
            told.append(
                f"Kept your own {', '.join(self.kept)}: the course now has another version. "
                "To get it, rename or delete yours and start again."
            )
        return told


def _files(names: tuple[str, ...]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def clone() -> Path | None:
    """Return the clone that this package runs from, or None where it was installed."""
    top = PACKAGE.parent
    return top if (top / "pyproject.toml").is_file() and (top / "notebooks").is_dir() else None


def carried() -> Path:
    """Return the folder whose ``notebooks``, ``exercises`` and ``docs`` came with this package."""
    source = clone() or PACKAGE / "_course"
    if not (source / FIRST_LESSON).is_file():
        raise CourseFolderError(
            f"{source / FIRST_LESSON} is missing. In a clone, build the lessons with make notebooks; "
            "otherwise install the package again."
        )
    return source


def folder(environ: Mapping[str, str], asked: str | None = None) -> Path:
    """Return the course's folder: the one asked for, TUTORIAL_FOLDER, the clone, or ~/redis-pool-tutorial."""
    if asked is not None:
        return named_path(asked, "--folder").absolute()
    chosen = environ.get("TUTORIAL_FOLDER", "").strip()
    if chosen:
        return named_path(chosen, "TUTORIAL_FOLDER").absolute()
    return clone() or named_path("~/redis-pool-tutorial", "--folder")


def named_path(text: str, setting: str) -> Path:
    """Return the path that a learner named in ``setting``, ``~`` expanded. CourseFolderError if that is no path."""
    if not text.strip():
        raise CourseFolderError(f"{setting} is empty. Name a path, or leave {setting} out.")
    if "\0" in text:
        raise CourseFolderError(f"{setting} holds a NUL character, which no path can hold. Name another path.")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # from pathlib
        raise CourseFolderError(
            f"The home folder in {text} cannot be found. Give the whole path in {setting}."
        ) from None


def prepare(source: Path, target: Path) -> Prepared:
    """Bring the learner's copy in ``target`` up to date with ``source``; a clone is its own copy.

    Raises CourseFolderError where the system refuses to read or write.
    """
    try:
        if target.exists() and target.samefile(source):
            return Prepared(target)
        return _copy(source, target)
    except OSError as error:
        raise CourseFolderError(
            f"The course cannot be written to {target} ({error.strerror}: {error.filename}). "
            "Choose another folder with --folder."
        ) from error


def decide(new: str, there: str | None, given: str | None) -> Step:
    """Decide about one file by its hashes: the course's, the learner's (None: not there), the one last given."""
    if there is None:
        return "write"
    if there == new:
        return "leave"
    if there == given:
        return "renew"
    # Kept either way; said only when the course has something that was not offered before.
    return "leave" if new == given else "keep"


def _copy(source: Path, target: Path) -> Prepared:
    given = _recall(target)
    offered = {}
    done: dict[Step, list[str]] = {"write": [], "renew": [], "keep": [], "leave": []}
    for path in sorted(path for piece in PIECES for path in source.glob(piece)):
        name = path.relative_to(source).as_posix()
        content = path.read_bytes()
        offered[name] = _mark(content)
        step = decide(offered[name], _fingerprint(target / name), given.get(name))
        if step in ("write", "renew"):
            _replace(target / name, content)
        done[step].append(name)
    if offered != given:
        _replace(target / MEMORY, (json.dumps(offered, indent=1) + "\n").encode())
    return Prepared(target, tuple(done["write"]), tuple(done["renew"]), tuple(done["keep"]))


def _fingerprint(path: Path) -> str | None:
    if path.is_symlink() or path.is_dir():
        return "the learner's own arrangement"  # equals no hash, so it is never replaced
    return _mark(path.read_bytes()) if path.exists() else None


def _mark(content: bytes) -> str:
    """Hash what a learner can change in a notebook: each cell's text and output.

    JupyterLab rewrites the rest, such as Python's version, as soon as a notebook is opened.
    """
    try:
        cells = [[cell["cell_type"], cell["source"], cell.get("outputs")] for cell in json.loads(content)["cells"]]
        content = json.dumps(cells, sort_keys=True).encode()
    except (ValueError, TypeError, KeyError):  # no notebook, or a broken one: every byte counts
        pass
    return hashlib.sha256(content).hexdigest()


def _recall(target: Path) -> dict[str, str]:
    try:
        given = json.loads((target / MEMORY).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(given, dict):
        return {}
    return {name: mark for name, mark in given.items() if isinstance(mark, str)}


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename: nobody ever reads half a file.
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
