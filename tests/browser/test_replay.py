"""A replay in the browser: as a file without a network, and in JupyterLab without a kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import opened
from tests.browser.lab import Lab
from tests.fake_connections import FakeConnection
from tests.pools.test_cuts import ping
from tests.waiting import eventually
from tutorial_lib.load.callers import run_threads
from tutorial_lib.pools.recording import Recording, record
from tutorial_lib.servers.fake import FakeServer

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Return a recording with borrows, waits, two callers that time out, and a connection borrowed before it."""
    pool = redis.BlockingConnectionPool(connection_class=FakeConnection, max_connections=3, timeout=0.05)
    earlier = pool.get_connection()
    with record(pool) as recording:
        first, second = pool.get_connection(), pool.get_connection()
        patient = threading.Thread(target=lambda: pool.release(pool.get_connection()), name="patient")
        for _ in range(2):
            with pytest.raises(redis.ConnectionError):
                pool.get_connection()
        pool.timeout = 10
        patient.start()
        assert eventually(lambda: [caller.outcome for caller in recording.unserved][-1] == "still waiting")
        pool.release(first)
        patient.join()
        pool.release(earlier)
        pool.release(second)
        for connection in [pool.get_connection() for _ in range(3)]:  # Among them the one that was borrowed earlier.
            pool.release(connection)
        run_threads(4, lambda: [pool.release(pool.get_connection()) for _ in range(20)])
    return recording


@pytest.fixture
def page(chromium: Browser, recording: Recording, tmp_path: Path) -> Iterator[Page]:
    page = chromium.new_page()
    complaints: list[str] = []
    asked_for: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(recording.to_html(tmp_path / "replay.html", title="greetings").as_uri())
    yield page
    assert complaints == []
    assert [url for url in asked_for if not url.startswith("file:")] == []
    page.close()


def test_at_every_moment_it_shows_what_the_recording_counts(page: Page, recording: Recording) -> None:
    assert recording.timed_out == 2
    for moment, following in pairwise(recording.timeline()):
        at = (moment.at + following.at) / 2
        if following.at - moment.at < 1e-5:  # The page keeps times to the microsecond.
            continue
        state = page.evaluate("at => { replay.drawAt(at); return replay.state; }", at)
        assert (state["in_use"], state["waiting"]) == (moment.in_use, moment.waiting), at
        unserved = sum(lease.outcome == "timed out" and lease.got <= at for lease in recording.unserved)
        assert state["totals"]["timed out"] == unserved


def test_it_names_who_waits_and_who_has_which_connection(page: Page, recording: Recording) -> None:
    (waited,) = (lease for lease in recording.leases if lease.who == "patient")
    first_return = min(lease.ended for lease in recording.leases)
    assert waited.asked < first_return
    page.evaluate("at => replay.drawAt(at)", (waited.asked + first_return) / 2)
    expect(page.locator(".pv-caller")).to_contain_text("patient")
    expect(page.locator(".pv-is-use")).to_have_count(3)
    expect(page.get_by_text("borrowed earlier")).to_be_visible()
    expect(page.locator(".pv-troubles")).to_contain_text("2 timed out")


def test_play_pause_slider_and_speed(page: Page, recording: Recording) -> None:
    slider = page.get_by_role("slider", name="Moment of the recording")
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # again: it has reached the end
    expect(slider).to_have_value("1000")

    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_value("0")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1")
    page.get_by_label("Speed").select_option("0.01")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Play").press("Space")
    page.get_by_role("button", name="Pause").press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_connection_that_was_closed_in_use_is_told_at_its_return(chromium: Browser, tmp_path: Path) -> None:
    with FakeServer() as server:
        pool = redis.ConnectionPool(host=server.host, port=server.port)
        with record(pool) as recording:
            for is_cut in (False, True, False):
                connection = pool.get_connection()
                if is_cut:
                    server.kill_clients()
                    with pytest.raises(redis.ConnectionError):
                        ping(connection)
                pool.release(connection)
        pool.disconnect()
    page = chromium.new_page()
    page.goto(recording.to_html(tmp_path / "replay.html").as_uri())
    _, cut, after = recording.leases

    page.evaluate("at => replay.drawAt(at)", cut.got + cut.held / 2)
    expect(page.locator(".pv-troubles")).to_be_hidden()
    expect(page.locator(".pv-is-use")).to_have_count(1)
    page.evaluate("at => replay.drawAt(at)", (cut.ended + after.asked) / 2)
    expect(page.locator(".pv-troubles")).to_contain_text("1 closed while in use")
    expect(page.locator(".pv-is-closed")).to_have_count(1)
    page.evaluate("at => replay.drawAt(at)", recording.duration)
    expect(page.locator(".pv-is-idle")).to_have_count(1)
    assert page.evaluate("replay.samples.at(-1)[3]") == 1  # a cross on the strip
    page.close()


CELL = """\
import redis
from tutorial_lib import PoolReplay, hold, record, run_threads
from tutorial_lib.servers.fake import FakeServer

server = FakeServer()
pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=2)
with record(pool) as recording:
    run_threads(4, lambda: hold(pool, 0.05))
server.close()
PoolReplay(recording, title="greetings")"""


@pytest.mark.release
def test_in_jupyterlab_it_plays_without_a_kernel_and_takes_the_theme(lab: Lab, lab_page: Page) -> None:
    with opened(lab_page, lab.notebook("replay.ipynb", [CELL])) as notebook:
        notebook.run_all()
        frame = notebook.page.frame_locator("iframe[title='Replay of a connection pool']")
        expect(frame.get_by_text("greetings")).to_be_visible()
        expect(frame.locator("body")).to_have_attribute("data-jp-theme-light", "true")
        notebook.theme("JupyterLab Dark")
        expect(frame.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        # As JupyterLab has it for what is inside; with another scheme the frame would be white.
        expect(frame.locator("html")).to_have_css("color-scheme", "dark")
        notebook.command("docmanager:save")
        notebook.command("kernelmenu:shutdown")
        notebook.page.goto("about:blank")
        notebook.page.goto(notebook.url)

        expect(frame.locator(".pv-is-use")).to_have_count(2, timeout=60_000)
        expect(frame.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        frame.get_by_label("Speed").select_option("10")
        frame.get_by_role("button", name="Play").click()
        expect(frame.get_by_role("slider")).to_have_value("1000", timeout=20_000)
