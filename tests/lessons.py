"""The notebooks of the course, as the tests read them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.build_notebooks import MEASURED, TOP

LESSONS = sorted(TOP.glob("notebooks/*.ipynb"))
EXERCISES = sorted(TOP.glob("exercises/*.ipynb"))

NEEDS_REDIS_SERVER = "needs-redis-server"
"""The tag of a cell that is skipped where there is no redis-server, and compared where there is one."""


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def prose(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def strict(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells whose output must be the same on every server and at every run."""
    return [cell for cell in code(notebook) if MEASURED not in tags(cell)]


def of_a_lab(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells whose output must be the same wherever there is a redis-server."""
    return [cell for cell in code(notebook) if NEEDS_REDIS_SERVER in tags(cell)]


def is_folded(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden", False))
