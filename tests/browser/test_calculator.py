"""The calculator in JupyterLab: by keyboard, by typing, and with what it says to a screen reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import opened
from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.chromium

CELL = """\
from tutorial_lib import calculator

shown = calculator(rate=200, hold=0.05, wait_budget=0.005, processes=4, maxclients=50)
shown"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, lab_page: Page) -> Iterator[Notebook]:
    with opened(lab_page, lab.notebook("calculator.ipynb", [CELL, "'the end'"]), width=1000) as notebook:
        notebook.run_all()
        yield notebook


def answer(notebook: Notebook) -> Locator:
    return notebook.page.locator(".pool-calculator .answer")


def test_arrow_keys_move_a_slider_and_not_the_notebook(notebook: Notebook) -> None:
    slider = notebook.page.get_by_role("slider", name="Processes, with a pool each")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "4")
    for _ in range(2):
        slider.press("ArrowRight")

    expect(slider).to_have_attribute("aria-valuetext", "6")
    expect(slider).to_be_focused()
    expect(answer(notebook)).to_contain_text("Each of 6 processes")
    slider.press("Home")
    expect(answer(notebook)).to_contain_text("The process needs 18 connections")
    assert notebook.run("print(shown.size)").startswith("The process needs 18")


def test_a_number_can_be_typed_and_nonsense_is_answered(notebook: Notebook) -> None:
    field = notebook.page.get_by_role("spinbutton", name=re.compile("maxclients of the server"))
    field.fill("7")
    field.press("Tab")
    expect(answer(notebook)).to_contain_text("the server lets in 7")
    expect(answer(notebook)).to_have_attribute("data-fits", "false")

    field.fill("")
    field.press("Tab")
    expect(answer(notebook)).to_contain_text("maxclients is empty. Give a whole number of connections")
    field.fill("50")
    field.press("Tab")
    expect(answer(notebook)).to_have_attribute("data-fits", "true")


def test_enter_ends_a_number_and_no_key_reaches_the_notebook(notebook: Notebook) -> None:
    """In JupyterLab a digit makes the selected cell a heading, ``b`` adds a cell, and ``d d`` deletes one."""
    field = notebook.page.get_by_role("spinbutton", name=re.compile("Processes"))
    field.click()
    notebook.page.keyboard.press("ControlOrMeta+A")
    notebook.page.keyboard.type("5")
    notebook.page.keyboard.press("Enter")
    expect(answer(notebook)).to_contain_text("Each of 5 processes")
    expect(field).to_be_focused()

    slider = notebook.page.get_by_role("slider", name="Processes, with a pool each")
    slider.focus()
    notebook.page.keyboard.type("3bdd")
    slider.press("Home")
    expect(answer(notebook)).to_contain_text("The process needs 18 connections")
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(2)


def test_the_picture_and_the_answer_are_there_for_a_screen_reader(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("slider", name=re.compile("Rate: borrows a second")).press("End")

    expect(page.locator(".pool-calculator").get_by_role("status")).to_contain_text("in use")
    expect(answer(notebook)).to_contain_text("needs 1,032 connections")
    expect(page.get_by_role("img", name=re.compile("Wait by limit. The process needs 1,032"))).to_be_visible()
    assert notebook.complaints == []


def test_its_picture_follows_the_theme(notebook: Notebook) -> None:
    picture = notebook.page.locator(".pool-calculator img")
    light = str(picture.get_attribute("src"))
    notebook.theme("JupyterLab Dark")

    expect(picture).not_to_have_attribute("src", light)
    notebook.theme("JupyterLab Light")
    expect(picture).to_have_attribute("src", light)
