"""Lessons 00 and 02 in JupyterLab as a learner sees them: Run All, in a narrow window, in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, Notebook, running_lab
from tutorial_lib import course

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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("course")
    course.prepare(course.carried(), folder)
    with running_lab(folder) as lab:
        yield lab


@contextmanager
def run_all(lab: Lab, chromium: Browser, name: str) -> Iterator[Notebook]:
    """Open a lesson and run it, and at the end make sure that neither it nor the browser has complained."""
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    notebook = Notebook(page, f"{lab.url}/lab/tree/notebooks/{name}.ipynb?reset")
    notebook.run_all()
    yield notebook
    # An error of a cell stands in red, whichever kind it is.
    expect(page.locator(".jp-OutputArea-output .ansi-red-fg")).to_have_count(0)
    assert page.get_by_text("Error displaying widget").count() == 0
    assert notebook.complaints == []
    page.close()


def nothing_sticks_out(notebook: Notebook) -> None:
    notebook.command("application:toggle-left-area")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        for width in (1100, 480):
            notebook.page.set_viewport_size({"width": width, "height": 900})
            assert notebook.page.evaluate(STICKS_OUT) == []


def test_a_cell_that_is_run_first_of_all_says_which_one_it_needs(lab: Lab, chromium: Browser) -> None:
    notebook = Notebook(chromium.new_page(), f"{lab.url}/lab/tree/notebooks/01_your_first_pool.ipynb?reset")
    notebook.page.evaluate(
        """() => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.findIndex(({ model }) =>
                model.type === "code" && model.sharedModel.source.includes("ConnectionPool("));
        }"""
    )
    notebook.command("notebook:run-cell")
    expect(
        notebook.page.get_by_text("`server` is not there yet. The cell above with `server = start_server()` makes it")
    ).to_be_visible()
    notebook.page.close()


def test_lesson_00(lab: Lab, chromium: Browser) -> None:
    with run_all(lab, chromium, "00_start_here") as notebook:
        nothing_sticks_out(notebook)


def test_lesson_01_keeps_the_picture_that_its_text_speaks_of(lab: Lab, chromium: Browser) -> None:
    with run_all(lab, chromium, "01_your_first_pool") as notebook:
        notebook.page.get_by_role("heading", name="What happens at the limit?").scroll_into_view_if_needed()
        view = notebook.view()
        expect(view.locator(".pv-note")).to_have_text(re.compile(r"^Picture taken at \d\d:\d\d:\d\d\.$"))
        expect(view.locator(".pv-is-use")).to_have_count(5)
        expect(view.locator(".pv-wire-both")).to_have_count(5)
        expect(view.locator(".pv-turned")).to_have_text(re.compile("1 refused"))
        expect(view.get_by_role("img")).to_have_accessible_name(re.compile("at most 5 in use"))
        nothing_sticks_out(notebook)
