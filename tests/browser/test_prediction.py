"""A prediction in JupyterLab: by keyboard, as a learner steps through a page, and after Run All."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import opened
from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.chromium

ASK = """\
from tutorial_lib import predict

guess = predict("How many of `ten`?", {0: "No queue.", 6: "As many as are left.", 10: "Four found one."}, answer=6)
guess"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, lab_page: Page) -> Iterator[Notebook]:
    """Yield a page with a prediction, not yet run. Run All asks again, so no test need restart anything."""
    address = lab.notebook("prediction.ipynb", [ASK, "guess.reveal(6)", "'the end'"])
    with opened(lab_page, address, width=1000, height=800) as notebook:
        yield notebook


def run_cell(page: Page, number: int) -> None:
    """Press Shift+Enter and wait until cell ``number`` has been run."""
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-CodeCell").nth(number - 1).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\d"))


def outcome(page: Page) -> Locator:
    return page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")


def begin(page: Page) -> Locator:
    """Ask the question as a learner does, with Shift+Enter, and return the card."""
    page.locator(".jp-Cell").first.click()
    page.keyboard.press("Escape")
    run_cell(page, 1)
    card = page.get_by_role("group", name="How many of ten?")
    expect(card).to_be_visible()  # The cell may have run before its card is drawn.
    return card


def test_by_keyboard_one_tab_arrows_choose_and_shift_enter_runs_the_experiment(notebook: Notebook) -> None:
    page = notebook.page
    card = begin(page)
    page.keyboard.press("Tab")
    expect(card.get_by_label("0", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(card.get_by_label("6")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(card.get_by_role("radio").first).to_be_checked()
    expect(card.get_by_role("status")).to_have_text("Now run the next cell.")

    run_cell(page, 2)
    expect(outcome(page)).to_have_text("✘ You said 0; measured: 6. No queue.")
    expect(card.get_by_role("radio").first).to_have_accessible_name("0 ✘ Not this")
    expect(card.get_by_label("6")).to_have_accessible_name("6 ✔ Measured")
    expect(card.get_by_role("status")).to_have_text("")
    restart(notebook)


def test_the_last_choice_counts_although_the_kernel_was_busy(notebook: Notebook, tmp_path: Path) -> None:
    """No choice may wait in the browser for the answer to the one before it: the next cell is run at once."""
    page = notebook.page
    card = begin(page)
    free = tmp_path / "free"
    notebook.start(f"import time, pathlib\nwhile not pathlib.Path({str(free)!r}).exists(): time.sleep(0.01)")
    try:
        for choice in ("10", "6", "0"):
            card.get_by_text(choice, exact=True).click()
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
    finally:
        free.touch()

    expect(outcome(page)).to_have_text("✘ You said 0; measured: 6. No queue.")
    restart(notebook)


def test_a_click_chooses_and_moves_on_to_the_experiment(notebook: Notebook) -> None:
    page = notebook.page
    card = begin(page)
    card.get_by_text("6", exact=True).click()
    expect(page.locator(".jp-CodeCell").nth(1)).to_have_class(re.compile("jp-mod-active"))

    run_cell(page, 2)
    expect(outcome(page)).to_have_text("✔ Right: 6. As many as are left.")
    restart(notebook)


def test_the_code_that_asks_is_hidden_and_one_click_shows_it(notebook: Notebook) -> None:
    page = notebook.page
    card = begin(page)
    code = page.locator(".jp-CodeCell").first.locator(".cm-content")
    expect(code).to_be_hidden()
    card.get_by_role("button", name="Show code").click()
    expect(code).to_be_visible()
    card.get_by_role("button", name="Hide code").click()
    expect(code).to_be_hidden()
    restart(notebook)


def restart(notebook: Notebook) -> None:
    """Forget the question that was asked, and the numbers of the cells."""
    notebook.run("from tutorial_lib.widgets import prediction; prediction._unrevealed.clear()")
    notebook.command("notebook:clear-all-cell-outputs")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_after_run_all_a_choice_is_answered_in_the_card(notebook: Notebook, theme: str) -> None:
    page = notebook.page
    notebook.theme(theme)
    notebook.run_all()
    expect(outcome(page)).to_have_text("Measured: 6. As many as are left.")
    card = page.get_by_role("group", name="How many of ten?")
    expect(card.get_by_role("status")).to_have_text("")

    card.get_by_text("10").click()
    expect(card.get_by_role("status")).to_have_text("Four found one.")
    card.get_by_text("6", exact=True).click()
    expect(card.get_by_role("status")).to_have_text("")
    expect(card.get_by_label("6")).to_have_accessible_name("6 ✔ Right")
    expect(outcome(page)).to_have_text("Measured: 6. As many as are left.")
    assert notebook.complaints == []


def test_a_choice_without_a_kernel_is_marked_and_nothing_complains(notebook: Notebook) -> None:
    notebook.theme("JupyterLab Light")
    restart(notebook)
    card = begin(notebook.page)
    notebook.restart()
    card.get_by_text("6", exact=True).click()
    expect(card.get_by_label("6")).to_be_checked()
    assert notebook.complaints == []
