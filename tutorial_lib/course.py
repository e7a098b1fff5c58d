"""Where the course is on disk, and the learner's own copy of it: what JupyterLab opens.

The copy has no outputs, because they would give away each prediction. It is refreshed at each start, by this rule for
each file:

    not there                        written
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
from typing import Any, Literal

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.practice.lesson import EXERCISES

FIRST_LESSON = "notebooks/00_start_here.ipynb"
PIECES = ("notebooks/*.ipynb", "notebooks/*.py", "exercises/*.ipynb", "docs/*.md", "recipes/*.py", "recipes/*.md")
MEMORY = ".redis-pool-tutorial.json"
IN_A_CLONE = "my-course"  # git ignores it
AT_HOME = "~/redis-pool-tutorial"
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
                f"Kept as you left them, although the course has new versions: {', '.join(self.kept)}. "
                "lab --fresh NAME gets you a new one and keeps yours beside it."
            )
        return told


def _files(names: tuple[str, ...]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def clone() -> Path | None:
    """Return the clone that this package runs from, or None where it was installed."""
    top = PACKAGE.parent
    return top if (top / "pyproject.toml").is_file() and (top / "notebooks").is_dir() else None


def carried() -> Path:
    """Return the folder whose ``notebooks``, ``exercises``, ``docs`` and ``recipes`` came with this package."""
    source = clone() or PACKAGE / "_course"
    if not (source / FIRST_LESSON).is_file():
        raise CourseFolderError(
            f"{source / FIRST_LESSON} is missing. In a clone, build the lessons with make notebooks; "
            "otherwise install the package again."
        )
    return source


def folder(environ: Mapping[str, str], asked: str | None = None) -> Path:
    """Return the folder of the learner's copy: the one asked for, or TUTORIAL_FOLDER; otherwise ``my-course`` in a
    clone, and ~/redis-pool-tutorial for an installed course."""
    if asked is not None:
        return named_path(asked, "--folder").absolute()
    chosen = environ.get("TUTORIAL_FOLDER", "").strip()
    if chosen:
        return named_path(chosen, "TUTORIAL_FOLDER").absolute()
    top = clone()
    return top / IN_A_CLONE if top else named_path(AT_HOME, "--folder")


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
    """Bring the learner's copy in ``target`` up to date with ``source``. Authors may open ``source`` itself.

    Raises CourseFolderError where the system refuses to read or write.
    """
    try:
        return Prepared(target) if _same(source, target) else _copy(source, target)
    except OSError as error:
        raise _not_written(target, error) from error


def put_aside(source: Path, target: Path, wanted: str) -> tuple[str, str]:
    """Rename a page of the learner's copy, so that the next ``prepare`` writes it anew.

    Returns the page, such as ``notebooks/01_your_first_pool.ipynb``, and the old one's new name ("" if there was none).
    ``wanted`` is a lesson's number or name; ``exercises/02`` and ``ex02`` mean its exercises.
    BadSetting if there is no such page.
    """
    is_of_exercises = Path(wanted).parent.name == "exercises" or Path(wanted).name.startswith(EXERCISES)
    shelf = "exercises" if is_of_exercises else "notebooks"
    page = f"{shelf}/{find_lesson(wanted, sorted((source / shelf).glob('*.ipynb')))}"
    try:
        if _same(source, target):
            raise CourseFolderError(f"{target} is the course itself, and no copy. Name a folder of your own.")
        return page, _rename_to_free_name(target / page)
    except OSError as error:
        raise _not_written(target, error) from error


def find_lesson(wanted: str, notebooks: list[Path]) -> str:
    """Return the file name of the lesson with this number (``2``, ``02``) or name (``first_pool``)."""
    asked = Path(wanted).name.removesuffix(".ipynb").lower().removeprefix(EXERCISES)
    for notebook in notebooks:
        lesson = notebook.stem.removeprefix(EXERCISES)
        number, _, name = lesson.partition("_")
        if asked in (lesson, name, number, number.lstrip("0") or "0"):
            return notebook.name
    there = ", ".join(notebook.stem for notebook in notebooks) or "none yet"
    raise BadSetting(f"There is no lesson {in_short(wanted)}. The lessons are: {there}.")


def without_outputs(content: bytes) -> bytes:
    """Return a notebook as a learner first sees it. What is no notebook is returned as it is."""
    try:
        notebook: dict[str, Any] = json.loads(content)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        notebook["metadata"].pop("widgets", None)  # the state of widgets in outputs
    except (ValueError, TypeError, KeyError):
        return content
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


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
        content = without_outputs(path.read_bytes())
        offered[name] = _mark(content)
        step = decide(offered[name], _fingerprint(target / name), given.get(name))
        if step in ("write", "renew"):
            _replace(target / name, content)
        done[step].append(name)
    if offered != given:
        _replace(target / MEMORY, (json.dumps(offered, indent=1) + "\n").encode())
    return Prepared(target, tuple(done["write"]), tuple(done["renew"]), tuple(done["keep"]))


def _fingerprint(path: Path) -> str | None:
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_file():
        return "the learner's own arrangement"  # equals no hash, so it is never replaced
    return _mark(path.read_bytes())


def _mark(content: bytes) -> str:
    """Hash what a learner can change in a notebook: each cell's text and output.

    JupyterLab rewrites the rest, such as Python's version, as soon as a notebook is opened.
    """
    try:
        cells = [[cell["cell_type"], cell["source"], cell.get("outputs")] for cell in json.loads(content)["cells"]]
        content = json.dumps(cells, sort_keys=True).encode()
    except (ValueError, TypeError, KeyError, RecursionError):  # no notebook, or a broken one: every byte counts
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
    # Beside the target, so that the last step is a rename, and no reader ever sees half a file.
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _rename_to_free_name(path: Path) -> str:
    if not os.path.lexists(path):
        return ""
    number = 1
    while os.path.lexists(old := path.with_name(f"{path.stem}.old-{number}{path.suffix}")):
        number += 1
    return path.rename(old).name


def _same(source: Path, target: Path) -> bool:
    return target.exists() and target.samefile(source)


def _not_written(target: Path, error: OSError) -> CourseFolderError:
    return CourseFolderError(
        f"The course cannot be written to {target} ({error.strerror}: {error.filename}). "
        "Choose another folder with --folder."
    )
