"""The same in Jupyter Notebook 7: a live view, a prediction and an exercise work as they do in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Notebook, running_lab

pytestmark = [pytest.mark.chromium, pytest.mark.release]

ITS_OWN = "Cannot read properties of undefined (reading 'schema')"
"""What Notebook 7.6 says while it loads its settings, of an empty notebook too."""

SETUP = """\
import redis
from tutorial_lib import PoolView, exercise, predict
from tutorial_lib.servers.fake import FakeServer

server = FakeServer()
pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=3)
PoolView(pool, server)"""

GUESS = """\
guess = predict("How many are open?", {0: None, 3: "It opens none ahead."})
guess"""

ANSWER = """\
def make_pool(host, port):
    return redis.ConnectionPool(host=host, port=port)

exercise("first-pool").check(make_pool)"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("course")
    with running_lab(folder, program="notebook") as jupyter:
        page = chromium.new_page(viewport={"width": 1000, "height": 1400})
        notebook = Notebook(page, jupyter.notebook("page.ipynb", [SETUP, GUESS, "guess.reveal(0)", ANSWER]))
        notebook.run_all()
        yield notebook
        page.close()


def test_the_live_view_follows_the_pool_and_the_server(notebook: Notebook) -> None:
    view = notebook.view()
    expect(view.locator(".pv-is-unopened")).to_have_count(3, timeout=30_000)
    notebook.run("connection = pool.get_connection()")
    expect(view.locator(".pv-is-use")).to_have_count(1)
    expect(view.locator(".pv-wire-both")).to_have_count(1)
    notebook.run("server.kill_clients()")
    expect(view.locator(".pv-client-pool-only")).to_have_text("not there")


def test_a_prediction_is_answered_in_its_card(notebook: Notebook) -> None:
    group = notebook.page.get_by_role("group", name="How many are open?")
    group.get_by_label("3").click()
    expect(group.get_by_role("status")).to_have_text("It opens none ahead.")


def test_an_exercise_has_its_verdict_and_its_buttons(notebook: Notebook) -> None:
    page = notebook.page
    expect(page.get_by_text("The pool handed out 6 connections at once")).to_be_visible()
    page.get_by_role("button", name="Hint").click()
    expect(page.get_by_text("Hint 1 of 4.")).to_be_visible()


def test_in_its_dark_theme_too(notebook: Notebook) -> None:
    notebook.theme("JupyterLab Dark")
    expect(notebook.view()).to_have_css("background-color", "rgb(33, 33, 33)")
    notebook.theme("JupyterLab Light")
    expect(notebook.view()).to_have_css("background-color", "rgb(255, 255, 255)")


def test_nothing_is_loaded_from_elsewhere_and_the_browser_does_not_complain(notebook: Notebook) -> None:
    elsewhere = [url for url in notebook.requested if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert elsewhere == []
    assert [complaint for complaint in notebook.complaints if complaint != ITS_OWN] == []
