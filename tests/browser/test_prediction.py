"""A prediction in JupyterLab: by keyboard, as a learner steps through a page, and after Run All."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Notebook, running_chromium, running_lab

pytestmark = pytest.mark.chromium

ASK = """\
from tutorial_lib import predict

guess = predict("How many of `ten`?", {0: "No queue.", 6: None, 10: "Four found one."})
guess"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """Yield a page with a prediction, not yet run. Run All asks again, so no test need restart anything."""
    with running_lab(tmp_path_factory.mktemp("course")) as lab, running_chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        yield Notebook(page, lab.notebook("page.ipynb", [ASK, "guess.reveal(6)", "'the end'"]))


def run_cell(page: Page, number: int) -> None:
    """Press Shift+Enter and wait until cell ``number`` has been run."""
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-CodeCell").nth(number - 1).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\d"))


def outcome(page: Page) -> Locator:
    return page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")


def test_by_keyboard_arrows_choose_and_shift_enter_goes_on_with_the_choice(notebook: Notebook) -> None:
    page = notebook.page
    page.locator(".jp-Cell").first.click()
    page.keyboard.press("Escape")
    run_cell(page, 1)
    group = page.get_by_role("group", name="How many of ten?")
    group.get_by_label("0", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(group.get_by_label("6")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(group.get_by_label("0", exact=True)).to_be_checked()

    # The first Shift+Enter runs the question's own cell again, for the choice has made it the selected one.
    run_cell(page, 1)
    expect(group.get_by_label("0", exact=True)).to_be_checked()
    run_cell(page, 2)
    expect(outcome(page)).to_have_text("✘ You said 0; measured: 6. No queue.")


def test_after_run_all_a_choice_is_answered_under_the_question(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run_all()
    expect(outcome(page)).to_have_text("Measured: 6.")
    group = page.get_by_role("group", name="How many of ten?")
    expect(group.get_by_role("status")).to_have_text("")

    group.get_by_label("10").click()
    expect(group.get_by_role("status")).to_have_text("✘ You said 10; measured: 6. Four found one.")
    group.get_by_label("6").click()
    expect(group.get_by_role("status")).to_have_text("✔ Right: 6.")
    expect(outcome(page)).to_have_text("Measured: 6.")
    assert notebook.complaints == []
