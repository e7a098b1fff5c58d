"""The page as `lab` opens it: a column that reads well, one left edge, the table of contents, no empty screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Notebook, running_course

pytestmark = pytest.mark.chromium

LESSON = "notebooks/01_your_first_pool.ipynb"

LEFT = "elements => elements.map(element => element.getBoundingClientRect().left)"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Notebook]:
    """Yield a lesson as a learner gets it from the command, with nothing run."""
    with running_course(tmp_path_factory.mktemp("home")) as url:
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        yield Notebook(page, f"{url}/lab/tree/{LESSON}")
        page.close()


@pytest.mark.release
def test_the_table_of_contents_is_open(notebook: Notebook) -> None:
    expect(
        notebook.page.locator(".jp-TableOfContents")
        .get_by_text("What is a connection pool, and how do you make one?")
        .first
    ).to_be_visible()


@pytest.mark.release
def test_a_line_of_prose_has_about_75_characters(notebook: Notebook) -> None:
    paragraph = notebook.page.locator(".jp-RenderedMarkdown p").first
    characters = paragraph.evaluate(
        """paragraph => {
            const words = document.createRange();
            words.selectNodeContents(paragraph);
            const lines = new Set([...words.getClientRects()].map(({ top }) => Math.round(top))).size;
            return paragraph.textContent.length / lines;
        }"""
    )
    assert 45 <= characters <= 90


def test_prose_tables_and_code_stand_on_one_left_edge(notebook: Notebook) -> None:
    page = notebook.page
    prose = page.locator(".jp-RenderedMarkdown > p").evaluate_all(LEFT)  # a version note stands further in
    tables = page.locator(".jp-RenderedMarkdown table").evaluate_all(LEFT)
    code = page.locator(".jp-CodeCell .jp-InputArea-editor").evaluate_all(LEFT)
    assert tables
    seen = [left for left in [*prose, *tables, *code] if left > 0]
    assert max(seen) - min(seen) <= 6


def test_the_last_cell_is_the_end_of_the_page(notebook: Notebook) -> None:
    page = notebook.page
    room = page.locator(".jp-WindowedPanel-outer").first.evaluate("panel => getComputedStyle(panel, '::after').height")
    assert room in ("auto", "0px") or float(room.removesuffix("px")) < 200


def test_what_a_cell_says_begins_where_the_prose_begins(notebook: Notebook) -> None:
    notebook.run_all()
    prose = notebook.page.locator(".jp-MarkdownCell .jp-RenderedMarkdown > p").evaluate_all(LEFT)
    replies = notebook.page.locator(".jp-OutputArea-output.jp-RenderedMarkdown > p").evaluate_all(LEFT)
    assert replies
    seen = [left for left in [*prose, *replies] if left > 0]
    assert max(seen) - min(seen) <= 1


def test_nothing_complains_and_nothing_is_fetched_from_elsewhere(notebook: Notebook) -> None:
    assert notebook.complaints == []
    assert [url for url in notebook.requested if not url.startswith(("http://127.0.0.1", "data:", "blob:"))] == []
