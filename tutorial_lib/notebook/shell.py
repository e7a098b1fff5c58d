"""Is this IPython, and is it a notebook? Asked without importing IPython: who uses it has imported it already."""

from __future__ import annotations

import sys
from typing import Any


def running_shell() -> Any:
    """Return IPython's shell, or None in plain Python."""
    ipython: Any = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_notebook() -> bool:
    """True in a Jupyter kernel, False in a terminal's IPython or plain Python."""
    return hasattr(running_shell(), "kernel")


def cell_number(filename: str) -> str:
    """Return the number of a cell by the file name that IPython gave its code; "" if it is no cell's."""
    shell = running_shell()
    # IPython's public name for a cell's code is ("Cell", "In[3]").
    named = shell.compile.format_code_name(filename) if shell else None
    return named[1].removeprefix("In[").removesuffix("]") if named else ""
