"""A cell that was run too early says which one to run first."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from symtable import symtable
from types import TracebackType
from typing import Any


def explain_missing_names() -> None:
    """From now on, show a NameError of this notebook as the cell that makes the name. Elsewhere do nothing."""
    # Without importing IPython: where it is not imported already, there is no notebook.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        shell.set_custom_exc((NameError,), _show)


def first_that_makes(name: str, cells: Sequence[str]) -> str | None:
    """Return the source of the first cell that assigns, defines or imports ``name``; None if no cell does."""
    return next((source for source in cells if name in _made_by(source)), None)


def _made_by(source: str) -> set[str]:
    try:
        symbols = symtable(source, "cell", "exec").get_symbols()
    except SyntaxError:  # a cell that the learner has not finished, or one with %magic
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _show(shell: Any, kind: type[NameError], error: NameError, trace: TracebackType, tb_offset: Any = None) -> None:
    running = shell.user_ns.get("In", [""])[-1]
    others = [source for source in _code_cells(shell) if source != running]
    maker = first_that_makes(error.name, others) if error.name else None
    if maker is not None:
        sentence = (
            f"`{error.name}` is not there yet. The cell that makes it begins `{_first_line(maker)}`: run that one "
            "first, or choose Run → Run All Above Selected Cell."
        )
        error._render_traceback_ = lambda: [sentence]  # type: ignore[attr-defined]  # what IPython shows instead
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _code_cells(shell: Any) -> list[str]:
    """Return the code of the notebook as it was last saved; nothing where the frontend does not tell its file."""
    # The first is Jupyter's word for it, the second VS Code's.
    path = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__", "")
    try:
        cells = json.loads(Path(path).read_text("utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _first_line(source: str) -> str:
    return next(line for line in source.splitlines() if line.strip() and not line.startswith("#"))
