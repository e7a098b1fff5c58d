"""The playground in JupyterLab: by mouse, by keyboard, light and dark, wide and narrow, and what may happen to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Notebook
from tests.browser.test_pool_view import CONTRAST

pytestmark = pytest.mark.chromium

SETUP = """\
import threading
from tutorial_lib import playground
from tutorial_lib.servers.fake import FakeServer

server = FakeServer()
def callers(): return sum(thread.name.startswith("caller ") for thread in threading.enumerate())"""

SHOW = "play = playground(server, {})\nplay"

TOO_WIDE = """(root) => [...root.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > root.getBoundingClientRect().right + 1)
    .map((element) => element.className)"""


def shown(open_notebook: OpenNotebook, settings: str = "limit=2, callers=5, hold=10", width: int = 1100) -> Notebook:
    notebook = open_notebook(SETUP, SHOW.format(settings), "'the end'", width=width)
    notebook.run_all()
    expect(controls(notebook)).to_be_visible(timeout=30_000)
    expect(notebook.view()).to_be_visible(timeout=30_000)
    return notebook


def controls(notebook: Notebook) -> Locator:
    return notebook.page.get_by_role("group", name="Playground")


def button(notebook: Notebook, name: str) -> Locator:
    return controls(notebook).get_by_role("button", name=name, exact=True)


def slider(notebook: Notebook, name: str) -> Locator:
    return controls(notebook).get_by_role("slider", name=name, exact=True)


def in_use(notebook: Notebook) -> Locator:
    return notebook.view().locator(".pv-is-use")


def number(notebook: Notebook, name: str) -> Locator:
    return controls(notebook).locator(f".pg-{name} .pg-number")


def said(notebook: Notebook) -> Locator:
    return controls(notebook).get_by_role("status")


def test_by_mouse_start_change_and_stop(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    expect(said(notebook)).to_have_text("Press Start, and the callers come.")
    assert notebook.run("print(callers())") == "0\n"
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)
    expect(notebook.view().locator(".pv-client-both")).to_have_count(2)
    expect(number(notebook, "refused")).not_to_have_text("0")
    expect(controls(notebook)).to_contain_text("Last error: MaxConnectionsError: Too many connections")
    expect(notebook.view().locator(".pv-troubles")).to_be_hidden()

    slider(notebook, "limit").fill("3")  # the fourth stop
    expect(in_use(notebook)).to_have_count(4)
    expect(said(notebook)).to_contain_text("A new pool: redis-py fixes the limit")
    expect(slider(notebook, "timeout")).to_be_disabled()
    controls(notebook).get_by_label("waits").check()
    expect(slider(notebook, "timeout")).to_be_enabled()
    expect(notebook.view().locator(".pv-caller")).to_have_count(1)
    expect(number(notebook, "waited")).not_to_have_text("0")
    assert notebook.run("print(type(play.pool).__name__, play.pool.max_connections)") == "BlockingConnectionPool 4\n"

    button(notebook, "Stop").click()
    expect(button(notebook, "Start")).to_be_visible()
    expect(in_use(notebook)).to_have_count(0)
    notebook.eventually("print(callers())", lambda answer: answer == "0\n")
    button(notebook, "Reset").click()
    expect(slider(notebook, "limit")).to_have_attribute("aria-valuetext", "2")
    expect(number(notebook, "refused")).to_have_text("0")


def test_both_faults(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, "limit=2, callers=2, hold=10")
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)
    expect(notebook.view().locator(".pv-client-both")).to_have_count(2)
    button(notebook, "Close from the server's side").click()
    expect(said(notebook)).to_have_text("2 connections closed from the server's side.")
    expect(notebook.view().locator(".pv-client-pool-only")).to_have_count(2)
    button(notebook, "Go silent for 2 s").click()
    expect(said(notebook)).to_have_text("The server answers nothing for 2 s.")
    expect(notebook.view().locator(".pv-note")).to_contain_text("does not answer")
    expect(notebook.view().locator(".pv-note")).to_be_hidden()


def test_by_keyboard_alone_and_no_key_reaches_the_notebook(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    page = notebook.page
    button(notebook, "Start").focus()
    page.keyboard.press("Enter")
    expect(in_use(notebook)).to_have_count(2)
    expect(button(notebook, "Stop")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    limit = slider(notebook, "limit")
    expect(limit).to_be_focused()
    page.keyboard.type("3bdd")  # In JupyterLab these make a heading of the cell, add a cell and delete one.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(limit).to_have_attribute("aria-valuetext", "4")
    expect(in_use(notebook)).to_have_count(4)
    expect(limit).to_be_focused()
    for name in ("callers", "hold", "round trip"):
        page.keyboard.press("Tab")
        expect(slider(notebook, name)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(slider(notebook, "round trip")).to_have_attribute("aria-valuetext", "1 ms")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(controls(notebook).get_by_label("waits")).to_be_checked()
    expect(controls(notebook).get_by_label("waits")).to_be_focused()
    expect(slider(notebook, "timeout")).to_be_enabled()
    page.keyboard.press("Tab")
    expect(slider(notebook, "timeout")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(controls(notebook).locator("details")).to_have_attribute("open", "")
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    notebook.eventually(
        "print(play)", lambda answer: "limit=4, callers=5, hold=10.0, round_trip=0.001, wait=True" in answer
    )


@pytest.mark.release
def test_for_a_screen_reader(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, "limit=2, callers=5, hold=0.05, round_trip=0.002")
    expect(slider(notebook, "hold")).to_have_attribute("aria-valuetext", "50 ms")
    expect(slider(notebook, "round trip")).to_have_attribute("aria-valuetext", "2 ms")
    group = controls(notebook).get_by_role("group", name="at its limit the pool")
    expect(group.get_by_role("radio")).to_have_count(2)
    expect(group.get_by_role("radio").first).to_have_accessible_name(re.compile("^raises"))
    expect(group.get_by_role("radio").first).to_be_checked()


@pytest.mark.release
def test_a_slider_that_is_dragged_makes_no_storm_of_pools(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, "limit=2, callers=20, hold=10")
    notebook.run(
        "changes, change = [], play._load.change\n"
        "play._load.change = lambda settings: (changes.append(settings.limit), change(settings))[1]"
    )
    button(notebook, "Start").click()
    slider(notebook, "limit").evaluate(
        """async (slider) => {
            for (let turn = 0; turn < 200; turn++) {
                slider.value = turn % 2 ? 17 : turn % 15;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                if (turn % 10 === 0) await new Promise(requestAnimationFrame);
            }
        }"""
    )
    expect(in_use(notebook)).to_have_count(18)
    expect(slider(notebook, "limit")).to_have_attribute("aria-valuetext", "18")
    made = notebook.run("print(*changes)").split()
    assert made[-1] == "18"
    assert len(made) < 40
    notebook.eventually("print(len(server.clients()))", lambda answer: answer == "18\n")


@pytest.mark.release
@pytest.mark.parametrize("width", [900, 1440, 480])
def test_light_and_dark_and_wide_and_narrow(open_notebook: OpenNotebook, width: int) -> None:
    notebook = shown(open_notebook, "limit=2, callers=6, hold=10, wait=True, timeout=0.2", width=width)
    if width < 900:
        notebook.command("application:toggle-left-area")
    button(notebook, "Start").click()
    expect(number(notebook, "timed_out")).not_to_have_text("0")
    slider(notebook, "limit").fill("2")
    expect(in_use(notebook)).to_have_count(3)
    controls(notebook).locator("summary").click()
    faint: list[Any] = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        for element in controls(notebook).locator("span, p, label, legend, output, button, summary, code").all():
            if element.is_visible() and element.text_content():
                contrast = float(element.evaluate(CONTRAST))
                if contrast < 4.5:
                    faint.append((theme, element.text_content(), round(contrast, 2)))
    assert faint == []
    assert controls(notebook).evaluate(TOO_WIDE) == []
    cards = [controls(notebook).bounding_box(), notebook.view().bounding_box()]
    assert cards[0] is not None
    assert cards[1] is not None
    assert (cards[0]["x"], cards[0]["width"]) == (cards[1]["x"], cards[1]["width"]), "two cards, one edge"


def test_it_ends_with_its_cell(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)
    notebook.page.locator(".jp-CodeCell").nth(1).click()
    notebook.command("notebook:delete-cell")
    expect(controls(notebook)).to_have_count(0)
    notebook.eventually("print(callers(), len(server.clients()))", lambda answer: answer == "0 0\n")


def test_run_all_twice_and_an_interrupt(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, "limit=2, callers=3, hold=10")
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)
    notebook.run("first = play")
    notebook.run_all()
    notebook.eventually("print(callers(), first.pool)", lambda answer: answer == "0 None\n")
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)

    notebook.start("play.change(limit=1)\nwhile True: threading.Event().wait(0.01)")
    expect(in_use(notebook)).to_have_count(1)  # So the cell runs, and the view follows meanwhile.
    notebook.interrupt()
    assert notebook.run("print(callers())") == "3\n"
    slider(notebook, "limit").fill("2")
    expect(in_use(notebook)).to_have_count(3)


@pytest.mark.release
def test_after_a_restart_of_the_kernel_the_old_buttons_do_no_harm(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, "limit=2, callers=2, hold=10")
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)
    notebook.restart()
    button(notebook, "Stop").click()
    slider(notebook, "limit").fill("5")
    expect(notebook.view().locator(".pv-note")).to_contain_text("No news for", timeout=15_000)
    notebook.run_all()
    button(notebook, "Start").click()
    expect(in_use(notebook)).to_have_count(2)


@pytest.mark.release
def test_a_server_that_is_closed_is_said_in_words_and_nothing_can_be_pressed(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    button(notebook, "Start").click()
    expect(notebook.view().locator(".pv-client-both")).to_have_count(2)
    notebook.run("server.close()")
    expect(said(notebook)).to_have_text("The callers have stopped.")
    expect(notebook.view().locator(".pv-note")).to_contain_text("its server was closed.")
    expect(button(notebook, "Start")).to_be_disabled()
    expect(slider(notebook, "limit")).to_be_disabled()
    assert notebook.run("print(callers())") == "0\n"
