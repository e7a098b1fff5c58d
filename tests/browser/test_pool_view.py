"""PoolView in JupyterLab: the slots follow the pool, both sides are seen, and everybody can read it."""

from __future__ import annotations

import re
import statistics
import time

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Notebook

pytestmark = pytest.mark.chromium

SOON = 0.5  # seconds

SETUP = """\
import threading
import redis
from tutorial_lib import PoolView
from tutorial_lib.servers.fake import FakeServer

server = FakeServer()
pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections={limit}, timeout=20)
held = []"""

BORROW = "held.append(pool.get_connection())"
RETURN = "pool.release(held.pop())"

# The contrast of text with what is painted behind it, by WCAG's formula.
CONTRAST = """
(element) => {
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    const channels = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b]
        .map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = element;
    while (channels(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const paper = light(channels(getComputedStyle(behind).backgroundColor));
    const ink = light(channels(getComputedStyle(element).color));
    return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
}
"""


def shown(open_notebook: OpenNotebook, limit: int = 3, width: int = 1100) -> Notebook:
    notebook = open_notebook(SETUP.format(limit=limit), "PoolView(pool, server)", "'the end'", width=width)
    notebook.run_all()
    expect(notebook.view()).to_be_visible(timeout=30_000)
    return notebook


def in_use(notebook: Notebook) -> Locator:
    return notebook.view().locator(".pv-is-use")


def test_the_slots_follow_within_half_a_second(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    view = notebook.view()
    expect(view.locator(".pv-is-unopened")).to_have_count(3)
    delays = []
    for code, borrowed in [(BORROW, 1), (BORROW, 2), (RETURN, 1), (BORROW, 2), (RETURN, 1)]:
        began = time.monotonic()
        notebook.run(code)
        # Looked at in every frame; expect() would look less and less often.
        notebook.page.wait_for_function(
            "(count) => document.querySelectorAll('.pool-view .pv-is-use').length === count", arg=borrowed
        )
        delays.append(time.monotonic() - began)
    assert statistics.median(delays) < SOON, delays
    expect(in_use(notebook)).to_contain_text("MainThread")
    expect(view.locator(".pv-is-idle")).to_have_count(1)
    expect(view.locator(".pv-count-use .pv-number")).to_have_text("1")
    elsewhere = [url for url in notebook.requested if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert elsewhere == []  # Nothing comes from a network.


def test_callers_who_wait_are_seen_while_a_cell_is_still_running(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, limit=1)
    view = notebook.view()
    notebook.run(BORROW)
    notebook.run(
        """
def wait():
    pool.release(pool.get_connection())

waiting = threading.Thread(target=wait, name="patient")
waiting.start()
"""
    )
    expect(view.locator(".pv-caller")).to_contain_text("patient")
    # A cell that does not end: what the browser says to the kernel now waits, and the view must go on.
    notebook.start("import time\nwhile waiting.is_alive(): time.sleep(0.01)")
    page_time = view.locator(".pv-caller .pv-age")
    expect(page_time).to_have_text(re.compile(r"^[1-9]\.\d s$"))
    notebook.interrupt()
    notebook.run(RETURN + "; waiting.join()")
    expect(view.locator(".pv-caller")).to_have_count(0)


def test_both_sides_are_joined_and_a_connection_that_the_server_cuts_stands_out(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    view = notebook.view()
    notebook.run(f"{BORROW}; {BORROW}; {RETURN}; {RETURN}")
    expect(view.locator(".pv-wire-both")).to_have_count(2)
    expect(view.locator(".pv-client-both").first).to_have_text(re.compile(r"client \d+"))
    expect(view.locator(".pv-count-lost")).to_be_hidden()

    notebook.run("server.kill_clients()")
    expect(view.locator(".pv-wire-pool-only")).to_have_count(2)
    expect(view.locator(".pv-client-pool-only").first).to_have_text("not there")
    expect(view.locator(".pv-count-lost")).to_have_text(re.compile("2.*on one side only", re.DOTALL))
    expect(view.locator(".pv-detail")).to_have_text(
        "2 connections: the server has closed them, and the pool does not know it yet."
    )

    # redis-py notices when the connection is borrowed again, and opens another.
    notebook.run("redis.Redis(connection_pool=pool, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1)).ping()")
    expect(view.locator(".pv-wire-both")).to_have_count(1)


def test_a_closed_pool_and_a_closed_server_are_said_in_words(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    note = notebook.view().locator(".pv-note")
    expect(note).to_be_hidden()
    notebook.run(f"{BORROW}; {RETURN}; pool.close()")
    expect(note).to_have_text("Every connection is closed. The next command opens one again.")
    notebook.run("borrowed = [pool.get_connection() for _ in range(pool.max_connections)]; pool.close()")
    expect(note).to_have_text(
        "Every connection is closed. All of them still count as in use, so no caller gets another."
    )
    notebook.run("[pool.release(one) for one in borrowed]; del borrowed")
    expect(notebook.view().locator(".pv-is-closed")).not_to_have_count(0)  # looked at before the server goes
    notebook.run("server.close()")
    expect(note).to_contain_text("its server was closed.")
    expect(note).not_to_have_class(re.compile("pv-alarm"))
    expect(notebook.view().locator(".pv-is-closed")).not_to_have_count(0)


def test_a_pool_that_is_gone_is_said_in_words(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    notebook.run("import gc; del pool; gc.collect()")
    expect(notebook.view().locator(".pv-note")).to_contain_text("The pool is gone")


def test_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    notebook.run(BORROW)
    expect(in_use(notebook)).to_have_count(1)
    page, view = notebook.page, notebook.view()
    first, second = view.locator(".pv-slot").nth(0), view.locator(".pv-slot").nth(1)
    expect(view.locator(".pv-slot[tabindex='0']")).to_have_count(1)
    first.focus()
    expect(view.locator(".pv-detail")).to_contain_text("Slot 1: in use by MainThread")
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    expect(view.locator(".pv-detail")).to_contain_text("Slot 2: never opened.")
    page.keyboard.press("End")
    expect(view.locator(".pv-slot").nth(2)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(view.locator(".pv-slot").nth(2)).to_be_focused()
    expect(view.locator(".pv-slot[tabindex='0']")).to_have_count(1)


@pytest.mark.release
def test_for_a_screen_reader(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    notebook.run(BORROW)
    page = notebook.page
    slots = page.get_by_role("list", name="Slots of the pool").get_by_role("listitem")
    expect(slots).to_have_count(3)
    expect(slots.nth(0)).to_have_accessible_name(
        re.compile(r"Slot 1: in use by MainThread for \d+ seconds?\. The server has it as client \d+\.")
    )
    expect(slots.nth(2)).to_have_accessible_name("Slot 3: never opened.")
    expect(page.get_by_role("img", name=re.compile("The last 30 seconds: at most 1 in use"))).to_be_visible()
    spoken = notebook.view().locator("[aria-live=polite]")
    expect(spoken).to_have_text("1 of 3 in use, 0 idle, 0 waiting.")


@pytest.mark.release
def test_every_text_has_enough_contrast_in_the_light_and_in_the_dark(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, limit=4)
    view = notebook.view()
    notebook.run(f"{BORROW}; {BORROW}; {RETURN}; {RETURN}")
    expect(view.locator(".pv-wire-both")).to_have_count(2)
    notebook.run("from tutorial_lib import record; recording = record(pool).__enter__()")
    notebook.run("server.kill_clients(); held += [pool.get_connection() for _ in range(4)]")
    notebook.run("threading.Thread(target=pool.get_connection, daemon=True).start(); server.kill_clients()")
    expect(view.locator(".pv-caller")).to_have_count(1)
    expect(view.locator(".pv-where").first).to_have_text(re.compile(r"cell \d+, line 1"))
    expect(view.locator(".pv-wire-pool-only")).not_to_have_count(0)
    faint = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        for element in view.locator("span, b, p").all():
            if element.is_visible() and element.text_content() and not element.locator("*").count():
                contrast = float(element.evaluate(CONTRAST))
                if contrast < 4.5:
                    faint.append((theme, element.get_attribute("class"), element.text_content(), round(contrast, 2)))
    assert faint == []


@pytest.mark.release
def test_nothing_sticks_out_of_a_narrow_window(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook, limit=5)
    notebook.run(f"{BORROW}; {BORROW}")
    expect(in_use(notebook)).to_have_count(2)
    notebook.command("application:toggle-left-area")
    for width in (1100, 700, 400):
        notebook.page.set_viewport_size({"width": width, "height": 900})
        too_wide = notebook.view().evaluate(
            """(view) => [...view.querySelectorAll("*")]
                .filter((element) => element.getBoundingClientRect().right > view.getBoundingClientRect().right + 1)
                .map((element) => element.className)"""
        )
        assert too_wide == []


@pytest.mark.release
def test_limits_from_one_to_a_hundred_and_beyond(open_notebook: OpenNotebook) -> None:
    limits = {1: 1, 10: 10, 11: 11, 40: 40, 100: 100, 2**31: 2}
    borrow_two = (
        "pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections={})\nheld.append(pool)"
    )
    views = [f"{borrow_two.format(limit)}\npool.get_connection()\nPoolView(pool)" for limit in limits]
    notebook = open_notebook(SETUP.format(limit=1), *views)
    notebook.run_all()
    notebook.run("held[-1].get_connection()")
    for number, (limit, drawn) in enumerate(limits.items()):
        view = notebook.view(number)
        view.scroll_into_view_if_needed(timeout=30_000)
        expect(view.locator(".pv-slot")).to_have_count(drawn)
        box = view.bounding_box()
        assert box is not None
        assert box["height"] < 700, limit
    note = notebook.view(len(limits) - 1).locator(".pv-note")
    expect(note).to_have_text("Opened slots are drawn; the limit is too large for all.")


def test_it_stops_when_its_cell_is_deleted_and_the_pool_is_as_before(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    looked_at = (
        "from tutorial_lib.widgets.sampler import sampler; print(sampler.thread is not None, sorted(vars(pool)))"
    )
    assert notebook.run(looked_at).startswith("True")
    notebook.page.locator(".jp-CodeCell").nth(1).click()
    notebook.command("notebook:delete-cell")
    expect(notebook.page.locator(".pool-view")).to_have_count(0)
    notebook.eventually(looked_at, lambda said: said.startswith("False") and "get_connection" not in said)


@pytest.mark.release
def test_two_views_and_a_reload_of_the_page(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(SETUP.format(limit=3), "view = PoolView(pool, server)\nview", "view")
    notebook.run_all()
    expect(notebook.view(1)).to_be_visible(timeout=30_000)
    notebook.run(BORROW)
    for number in (0, 1):
        expect(notebook.view(number).locator(".pv-is-use")).to_have_count(1)
    notebook.command("docmanager:save")
    notebook.reload()
    expect(notebook.view(1)).to_be_visible(timeout=30_000)
    notebook.run(BORROW)
    for number in (0, 1):
        expect(notebook.view(number).locator(".pv-is-use")).to_have_count(2)


@pytest.mark.release
def test_after_a_restart_of_the_kernel_the_old_picture_says_that_it_is_old(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    notebook.restart()
    expect(notebook.view().locator(".pv-note")).to_contain_text("No news for", timeout=15_000)
    notebook.run_all()
    expect(notebook.view().locator(".pv-note")).to_be_hidden(timeout=30_000)
    notebook.run(BORROW)
    expect(in_use(notebook)).to_have_count(1)
