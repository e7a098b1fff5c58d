"""start_lab(): a lab where this computer can have one, and cells that are skipped where it can't; close_labs()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from tutorial_lib.errors import ServerNotFound, ServerStartFailed
from tutorial_lib.notebook.shell import in_notebook
from tutorial_lib.notebook.skipping import Missing, skip_cells_that_use_what_is_missing


class Closable(Protocol):
    def close(self) -> None: ...


Started = TypeVar("Started", bound=Closable)

_started: list[Closable] = []


def start_lab(start: Callable[[], Started]) -> Started:
    """Call ``start``, which is ``start_tls``, ``start_sentinel`` or ``start_cluster``, and return what it started.

    Where the computer has no redis-server that can be it, a notebook goes on: what is returned says what is needed,
    and each cell that uses it is skipped and says so. Outside a notebook the error is raised as usual.
    """
    try:
        lab = start()
    except (ServerNotFound, ServerStartFailed) as error:
        if not in_notebook():
            raise
        skip_cells_that_use_what_is_missing()
        return Missing(f"{start.__name__}()", str(error))  # type: ignore[return-value]  # whoever uses it is skipped
    _started.append(lab)
    return lab


def close_labs() -> None:
    """Close what ``start_lab`` has started. Where it could start nothing, do nothing."""
    while _started:
        _started.pop().close()
