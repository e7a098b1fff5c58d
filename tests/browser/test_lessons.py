"""Lessons 00 and 02 in JupyterLab as a learner sees them: Run All, in a narrow window, in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import opened
from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.chromium

# Whatever reaches over the notebook's right edge and is no text that scrolls in a box of its own.
STICKS_OUT = """
() => {
    const edge = document.querySelector(".jp-WindowedPanel-outer").getBoundingClientRect().right + 1;
    return [...document.querySelectorAll(".jp-OutputArea-output, .pool-view, .pool-view *")]
        .filter((element) => element.getBoundingClientRect().right > edge)
        .map((element) => element.className);
}
"""


@contextmanager
def run_all(lab: Lab, lab_page: Page, name: str) -> Iterator[Notebook]:
    """Open a lesson and run it, and at the end make sure that neither it nor the browser has complained."""
    with opened(lab_page, lab.address(f"notebooks/{name}.ipynb")) as notebook:
        notebook.run_all()
        yield notebook
        # An error of a cell stands in red, whichever kind it is.
        expect(lab_page.locator(".jp-OutputArea-output .ansi-red-fg")).to_have_count(0)
        assert lab_page.get_by_text("Error displaying widget").count() == 0


def nothing_sticks_out(notebook: Notebook) -> None:
    notebook.command("application:toggle-left-area")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        for width in (1100, 480):
            notebook.page.set_viewport_size({"width": width, "height": 900})
            assert notebook.page.evaluate(STICKS_OUT) == []


def test_a_cell_that_is_run_first_of_all_says_which_one_it_needs(lab: Lab, lab_page: Page) -> None:
    with opened(lab_page, lab.address("notebooks/01_your_first_pool.ipynb")) as notebook:
        notebook.page.evaluate(
            """() => {
                const { content } = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = content.widgets.findIndex(({ model }) =>
                    model.type === "code" && model.sharedModel.source.includes("ConnectionPool("));
            }"""
        )
        notebook.command("notebook:run-cell")
        expect(
            notebook.page.get_by_text(
                "`server` is not there yet. The cell above with `server = start_server()` makes it"
            )
        ).to_be_visible()


def test_lesson_00(lab: Lab, lab_page: Page) -> None:
    with run_all(lab, lab_page, "00_start_here") as notebook:
        nothing_sticks_out(notebook)


def test_lesson_01_keeps_the_picture_that_its_text_speaks_of(lab: Lab, lab_page: Page) -> None:
    with run_all(lab, lab_page, "01_your_first_pool") as notebook:
        notebook.page.get_by_role("heading", name="What happens at the limit?").scroll_into_view_if_needed()
        view = notebook.view(0)  # the next is in the playground
        expect(view.locator(".pv-note")).to_have_text(re.compile(r"^Picture taken at \d\d:\d\d:\d\d\.$"))
        expect(view.locator(".pv-is-use")).to_have_count(5)
        expect(view.locator(".pv-wire-both")).to_have_count(5)
        expect(view.locator(".pv-troubles")).to_have_text(re.compile("1 refused"))
        expect(view.get_by_role("img")).to_have_accessible_name(re.compile("at most 5 in use"))
        nothing_sticks_out(notebook)
