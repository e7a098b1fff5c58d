"""A notebook's code cells, and an IPython without a kernel to run them in."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tutorial_lib.practice.notebook import exercise_of

_LONGEST_TEXT = 500  # characters of an error's own text


class NotANotebook(Exception):
    """The file's content cannot be understood. The message fits behind a colon."""


@dataclass(frozen=True)
class Cell:
    """A code cell. ``number`` counts all cells from 1; ``exercise`` is what it was made for, if anything."""

    number: int
    source: str
    exercise: str | None


def read_cells(path: Path) -> list[Cell]:
    """Return a notebook's code cells that are not empty."""
    try:
        # Not with nbformat, which takes a second to import: an exercise has never been kept in an older format.
        content = path.read_bytes()
        if not content.strip():
            raise NotANotebook("it is empty")
        cells = json.loads(content)["cells"]
        return [cell for number, content in enumerate(cells, start=1) if (cell := _code_cell(number, content))]
    except RecursionError:
        raise NotANotebook("it is nested too deeply") from None
    except MemoryError:
        raise NotANotebook("it takes too much memory") from None
    except ValueError:
        raise NotANotebook("its content is not JSON") from None
    except (LookupError, TypeError, AttributeError):
        raise NotANotebook("it has no cells as a notebook has them") from None


def _code_cell(number: int, content: dict[str, Any]) -> Cell | None:
    source = "".join(content["source"])  # a text, or a list of its lines
    return Cell(number, source, exercise_of(content)) if content["cell_type"] == "code" and source.strip() else None


class Shell(InteractiveShell):
    """Runs cells as a notebook's kernel does, magics and top-level ``await`` too, and shows no traceback."""

    @classmethod
    def start(cls) -> Shell:
        """Return a shell that keeps no history."""
        settings = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}
        shell: Shell = cls.instance(config=Config(settings))
        return shell

    def run(self, source: str) -> BaseException | None:
        """Run one cell. Return what it raised, or None."""
        self._shown: BaseException | None = None
        result = self.run_cell(source)  # type: ignore[no-untyped-call]
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error or self._shown  # what was raised below a magic, such as %%time, is only shown

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: ``%matplotlib inline`` asks for this, and there is no window to serve."""

    def ask_exit(self) -> None:
        """End the cell: ``quit()`` and ``exit()`` ask for this. A kernel would end, but here other cells follow."""
        raise SystemExit

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Note what was raised, which is told in a sentence, and show nothing."""
        self._shown = sys.exc_info()[1]

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """Do the same for a cell that is not Python."""
        self._shown = sys.exc_info()[1]


def in_one_line(error: BaseException) -> str:
    """Return an error as a learner may read it, such as `` `KeyError: 'a'` ``, whatever its own methods do."""
    kind = " ".join(type(error).__name__.split())  # a class made with type() has any name
    try:
        # IPython has a name of its own for each cell; the learner knows the cell and its lines.
        told = f"{error.msg} (line {error.lineno} of the cell)" if isinstance(error, SyntaxError) else str(error)
        text = " ".join(told.split())
    except Exception:  # its __str__ is the learner's
        text = ""
    text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"
    return f"`{kind}: {text}`" if text else f"`{kind}`"
