"""The report of examine as a page: it fetches nothing, plays its replays, and is readable in light and in dark."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import said_by_axe
from tests.fake_connections import FakeConnection
from tutorial_lib.examination import html_report
from tutorial_lib.examination.attach import attach, detach
from tutorial_lib.examination.program_evidence import put_together
from tutorial_lib.examination.rules import findings_of
from tutorial_lib.examination.witness import Witness

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a program that leaks and whose pool is exhausted."""
    witness = Witness()
    attach(witness)
    try:
        pool: Any = redis.ConnectionPool(connection_class=FakeConnection, max_connections=3)
        for _ in range(10):
            pool.release(pool.get_connection())
        with suppress(redis.MaxConnectionsError):
            while True:
                pool.get_connection()
        seen = put_together([witness.evidence()])
    finally:
        detach()
        witness.leave()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report.page(["python", "app.py"], seen, findings_of(seen), []), "utf-8")
    return path


def opened(chromium: Browser, report: Path, scheme: Any, complaints: list[str]) -> Page:
    page = chromium.new_page(color_scheme=scheme)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
    page.goto(report.as_uri())
    return page


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 17, 17)")])
def test_it_says_what_was_found_and_fetches_nothing(
    chromium: Browser, report: Path, scheme: str, background: str
) -> None:
    complaints: list[str] = []
    page = opened(chromium, report, scheme, complaints)
    expect(page.locator("h3").first).to_have_text("leak (3)")
    expect(page.locator(".finding").nth(1)).to_contain_text("exhausted")
    expect(page.locator("body")).to_have_css("background-color", background)
    assert said_by_axe(page) == []
    assert complaints == []
    page.close()


def test_each_pool_has_a_timeline_with_its_limit_and_the_callers_that_were_refused(
    chromium: Browser, report: Path
) -> None:
    page = opened(chromium, report, "light", [])
    expect(page.locator(".timeline")).to_have_count(1)
    expect(page.locator(".timeline")).to_contain_text("in use, at most 3")
    expect(page.locator(".timeline")).to_contain_text("refused: 1")
    box = page.locator(".timeline path.in-use").first.bounding_box()
    limit = page.locator(".timeline path.limit").first.bounding_box()
    assert box is not None
    assert limit is not None
    assert box["width"] > 600
    assert box["y"] == pytest.approx(limit["y"], abs=2)  # All three were in use, which is the limit.
    page.close()


def test_a_finding_leads_to_the_section_of_its_lesson(chromium: Browser, report: Path) -> None:
    page = opened(chromium, report, "light", [])
    address = page.locator(".finding a").first.get_attribute("href")
    assert address is not None
    file, _, section = address.removeprefix("file://").partition("#")
    assert Path(file).is_file()
    assert section == "How-do-you-borrow-by-hand-safely?"
    page.close()


def test_its_replay_plays(chromium: Browser, report: Path) -> None:
    complaints: list[str] = []
    page = opened(chromium, report, "light", complaints)
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("slider", name="Moment of the recording")).to_have_value("1000")
    assert complaints == []
    page.close()
