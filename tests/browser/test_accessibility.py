"""axe-core has nothing serious to say about what is the course's own: its prose and its outputs, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.lab import Lab, Notebook, running_course
from tests.fake_connections import FakeConnection
from tutorial_lib.pools.recording import record

pytestmark = pytest.mark.chromium

OURS = {"include": [[".jp-RenderedMarkdown"], [".jp-OutputArea-output"]]}
SERIOUS = ("serious", "critical")

# JupyterLab draws only what is in the window, so the window is as high as the page. Its body has no height, and axe
# takes what stands in such a body for hidden.
WINDOW = {"width": 1440, "height": 9_000}
BODY_WITH_A_HEIGHT = "body { height: 100vh }"

EVERY_KIND = """\
import redis
from tutorial_lib import PoolView, calculator, hold, plot_timeline, predict, record, run_threads
from tutorial_lib.servers.fake import FakeServer

server = FakeServer()
pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=2)
with record(pool) as recording:
    run_threads(4, lambda: hold(pool, 0.02))"""
SHOWN = (
    "server.clients()",
    "plot_timeline(recording)",
    'PoolView(pool, server, title="greetings")',
    'predict("How many?", {1: "One is too few.", 2: None})',
    "calculator()",
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_course(tmp_path_factory.mktemp("home")) as url:
        yield url


def said_by_axe(page: Page, context: Any = None) -> list[str]:
    """Return what axe finds serious, each with the first element that it concerns; fail if it saw no text at all."""
    found = Axe().run(page, context, options=None).response
    assert "color-contrast" in {rule["id"] for rule in (*found["passes"], *found["violations"])}
    return [
        f"{rule['id']}: {len(rule['nodes'])}, as in {rule['nodes'][0]['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
    ]


def in_both_themes(notebook: Notebook) -> dict[str, list[str]]:
    notebook.page.add_style_tag(content=BODY_WITH_A_HEIGHT)
    notebook.page.wait_for_function(
        "() => document.querySelectorAll('.jp-Notebook .jp-Cell').length >="
        " window.jupyterapp.shell.currentWidget.content.model.cells.length"
    )
    said = {}
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        said[theme] = said_by_axe(notebook.page, OURS)
    notebook.theme("JupyterLab Light")
    return said


NOTHING: dict[str, list[str]] = {"JupyterLab Light": [], "JupyterLab Dark": []}


@pytest.mark.release
@pytest.mark.parametrize(
    ("name", "shown"),
    [("notebooks/01_your_first_pool", ".prediction"), ("exercises/ex01_your_first_pool", ".exercise-card")],
    ids=["lesson", "exercises"],
)
def test_a_page_of_the_course(name: str, shown: str, course: str, chromium: Browser) -> None:
    notebook = Notebook(chromium.new_page(viewport=WINDOW), f"{course}/lab/tree/{name}.ipynb?reset")
    notebook.run_all()
    notebook.page.locator(shown).first.wait_for()
    assert in_both_themes(notebook) == NOTHING
    notebook.page.close()


@pytest.mark.release
def test_every_kind_of_output(lab: Lab, chromium: Browser) -> None:
    notebook = Notebook(chromium.new_page(viewport=WINDOW), lab.notebook("kinds.ipynb", [EVERY_KIND, *SHOWN]))
    notebook.run_all()
    for shown in ("table", ".course-plot-light", ".pool-view", ".prediction", ".pool-calculator"):
        notebook.page.locator(f".jp-OutputArea-output {shown}").first.wait_for()
    assert in_both_themes(notebook) == NOTHING
    notebook.page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_replay(theme: Any, chromium: Browser, tmp_path: Path) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=2)
    with record(pool) as recording:
        pool.release(pool.get_connection())
        pool.get_connection()
    page = chromium.new_page(color_scheme=theme)
    page.goto(recording.to_html(tmp_path / "replay.html", title="greetings").as_uri())
    assert said_by_axe(page) == []
    page.close()


def test_axe_sees_what_is_wrong(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content('<main style="background: #fff"><p style="color: #bbb">Hard to read</p><img src="data:,"></main>')
    assert [said.partition(":")[0] for said in said_by_axe(page, "main")] == ["color-contrast", "image-alt"]
    page.close()
