"""The course as it opens: the lesson and nothing else, no question, and no word to any other machine."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.browser.lab import Lab, Notebook
from tutorial_lib import course

pytestmark = pytest.mark.chromium


KERNEL_IS_THERE = """() => ["idle", "busy"].includes(
    window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status)"""


def questions(page: Page) -> list[str]:
    return [*page.locator(".jp-Dialog").all_inner_texts(), *page.locator(".Toastify__toast").all_inner_texts()]


def test_the_first_lesson_opens_without_a_question_and_asks_nobody_else(lab: Lab, chromium: Browser) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))

    # A workspace of its own, with no tabs of other tests in it.
    notebook = Notebook(page, f"{lab.url}/lab/workspaces/new/tree/{course.FIRST_LESSON}")
    page.wait_for_load_state("networkidle")

    expect(page.get_by_role("heading", name=re.compile("Start here"))).to_be_visible()
    assert questions(page) == []
    assert notebook.complaints == []
    here = lab.url.partition("//")[2]
    assert [url for url in asked if not re.match(rf"(https?|wss?)://{re.escape(here)}/|data:|blob:", url)] == []
    assert any(url.startswith("ws://") for url in asked)  # the kernel's; so the listening works
    page.close()


@pytest.mark.release
def test_who_runs_a_cell_before_the_kernel_is_there_is_not_asked_which_kernel(lab: Lab, chromium: Browser) -> None:
    # A lesson that no other test opens: with a kernel that is already running there is nothing to ask.
    lesson = sorted((lab.folder / "notebooks").glob("*.ipynb"))[-1]
    page = chromium.new_page()
    page.goto(f"{lab.url}/lab/tree/notebooks/{lesson.name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)

    # JupyterLab drops the command where it has not begun to look for a kernel: then one presses again.
    for _ in range(12):
        page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        with suppress(TimeoutError):
            page.wait_for_function(KERNEL_IS_THERE, timeout=5_000)
            break
        assert questions(page) == []
    page.wait_for_function(KERNEL_IS_THERE, timeout=5_000)
    assert questions(page) == []
    page.close()


@pytest.mark.release
def test_the_page_to_print_opens_as_a_page_and_leads_to_the_errors_and_their_sections(
    lab: Lab, chromium: Browser
) -> None:
    page = chromium.new_page()
    page.goto(f"{lab.url}/lab/tree/docs/summary.md?reset")

    expect(page.get_by_role("heading", name="Connection pooling in Redis, on one page")).to_be_visible(timeout=60_000)
    page.locator(".jp-RenderedMarkdown a[href*='errors.md']").first.click()
    expect(page.get_by_role("heading", name="Which error is it?")).to_be_visible(timeout=60_000)

    errors = (lab.folder / "docs" / "errors.md").read_text("utf-8")
    found = re.search(r"\[(01 [^]]+)\]\([^#)]+#([^)]+)\)", errors)
    assert found
    link = page.get_by_role("link", name=found[1])
    section = page.get_by_role("heading", name=found[2].replace("-", " "))
    link.click()
    expect(section).to_be_attached(timeout=60_000)
    # JupyterLab opens a closed notebook at its top, and goes to the heading at the second click. errors.md says so.
    page.get_by_role("tab", name="errors.md").click()
    link.click()

    expect(section).to_be_in_viewport(timeout=60_000)
    page.close()
