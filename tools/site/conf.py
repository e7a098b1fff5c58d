"""Settings of the site, for Sphinx. tools/build_site.py copies them beside the pages that it prepares."""

from __future__ import annotations

import json
import os
from typing import Any

import tutorial_lib

project = "Connection pooling in Redis"
author = copyright = "The redis-pool-tutorial authors"
release = tutorial_lib.__version__

extensions = ["myst_nb"]
exclude_patterns = ["docs/summary.pdf"]
nb_execution_mode = "off"  # The outputs are those that nbval checks.
nb_ipywidgets_js: dict[str, Any] = {}  # They would be fetched. Stored outputs hold no widget.
nb_code_prompt_show = "Show what was measured"
nb_code_prompt_hide = "Hide what was measured"
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/png", 5), ("html", "text/markdown", 10)]
myst_enable_extensions = ["colon_fence", "tasklist"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

html_context = {"default_mode": "auto"}
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["docs/summary.pdf"]
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # The search stands at the left already.
}

BINDER = json.loads(os.environ.get("COURSE_BINDER_LINKS", "{}"))


def add_button(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put a button that opens this page on Binder where the theme keeps its own."""
    if page in BINDER:
        context["header_buttons"].insert(
            0,
            {
                "type": "link",
                "url": BINDER[page],
                "text": "Run it",
                "tooltip": "Open this page on Binder, where you can run it",
                "icon": "fas fa-rocket",
                "label": "run-it",
            },
        )


def setup(app: Any) -> None:
    app.connect("html-page-context", add_button, priority=900)  # After the theme, which makes the list.
