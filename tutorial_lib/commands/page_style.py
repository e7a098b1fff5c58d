"""An extension of Jupyter's server that brings the course's style sheet, ``jupyter_config/custom/custom.css``.

Jupyter looks for such a sheet in the learner's own configuration folder only, and no setting names another one. The
course's folder comes after that, so that a sheet of the learner's own wins. ``custom.css`` imports the sheet of an
exercise's panel, which lies beside the panel's code.
"""

from __future__ import annotations

from typing import Any

from tutorial_lib.course import PACKAGE

SHELVES = (PACKAGE / "jupyter_config" / "custom", PACKAGE / "practice" / "page")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    server.web_app.settings["static_custom_path"] += map(str, SHELVES)
