"""A cell that was run too early says which one to run first."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Sequence
from pathlib import Path
from symtable import symtable
from types import TracebackType
from typing import Any

from tutorial_lib.notebook.shell import in_notebook, running_shell


def explain_missing_names() -> None:
    """From now on, show a NameError of this notebook as the cell that makes the name. Elsewhere do nothing.

    ``lab`` has it called when a kernel starts; where the course was opened otherwise, ``start_server`` calls it.
    """
    if in_notebook():
        running_shell().set_custom_exc((NameError,), _show)


def line_that_makes(name: str, cells: Sequence[str], running: str) -> str | None:
    """Return the line that assigns, defines or imports ``name``, in the nearest cell above the one that is running.

    ``cells`` are the notebook's code cells in order. Where ``running`` is not among them, as after an edit, all of them
    count. None if no cell makes the name.
    """
    above = cells[: cells.index(running)] if running in cells else cells
    maker = next((source for source in reversed(above) if name in _made_by(source)), None)
    if maker is None:
        return None
    statements = (ast.get_source_segment(maker, node) or "" for node in ast.parse(maker).body)
    return next(text.splitlines()[0] for text in statements if name in _made_by(text))


def _made_by(source: str) -> set[str]:
    try:
        symbols = symtable(source, "cell", "exec").get_symbols()
    except SyntaxError:  # a cell that the learner has not finished, or one with %magic
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _show(shell: Any, kind: type[NameError], error: NameError, trace: TracebackType, tb_offset: Any = None) -> None:
    running = shell.user_ns.get("In", [""])[-1]
    line = line_that_makes(error.name, _code_cells(shell), running) if error.name else None
    if line is not None:
        # Two lines: JupyterLab breaks a long one in the middle of a word.
        said = [
            f"`{error.name}` is not there yet. The cell above with `{line}` makes it.",
            "Run that one first, or choose Run → Run All Above Selected Cell.",
        ]
        error._render_traceback_ = lambda: said  # type: ignore[attr-defined]  # what IPython shows instead
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
