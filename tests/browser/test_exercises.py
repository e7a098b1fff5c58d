"""An exercise in JupyterLab as a learner takes it: a wrong answer, hints, the right answer, and progress."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import opened
from tests.browser.lab import Lab, Notebook
from tutorial_lib.exercises import all_exercises, lesson_after, lesson_of, load_task
from tutorial_lib.practice.progress import ProgressFile
from tutorial_lib.practice.task import Task

pytestmark = pytest.mark.chromium

TOP = Path(__file__).parent.parent.parent
LESSON = lesson_of("first-pool")
FIRST_POOL = load_task("first-pool")

CONTRAST = """elements => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [red, green, blue, alpha = 1] = numbers(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const luminance = (colour) => {
        const [red, green, blue] = colour.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    return elements.filter((element) => element.textContent.trim()).map((element) => {
        const both = [numbers(getComputedStyle(element).color), behind(element)].map(luminance);
        return [element.textContent, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)];
    });
}"""
"""Of each element: its text, and how much that stands out from what is behind it."""


@pytest.fixture(scope="module")
def as_stored(lab: Lab, lab_page: Page) -> Iterator[Notebook]:
    """Yield a lesson's exercises with their stored outputs, not yet run."""
    stored = "exercises/with_outputs.ipynb"
    shutil.copy(TOP / LESSON.exercise_page.removeprefix("../"), lab.folder / stored)
    with opened(lab_page, lab.address(stored), width=1000, height=1200) as notebook:
        notebook.folder = lab.folder  # type: ignore[attr-defined]
        yield notebook


@pytest.fixture(scope="module")
def notebook(as_stored: Notebook) -> Notebook:
    """Return the same exercises, run as they came. Each test takes an exercise of its own."""
    as_stored.run_all()
    return as_stored


def cell_of(page: Page, task: Task) -> Locator:
    return page.locator(".jp-CodeCell", has_text=f'exercise("{task.id}")')


def answer(page: Page, task: Task, code: str) -> Locator:
    """Write an answer into its exercise's cell, run it with Ctrl+Enter, and return the cell."""
    cell = cell_of(page, task)
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(f'{code}\n\n\nexercise("{task.id}").check({task.name})')
    page.keyboard.press("Control+Enter")
    return cell


def verdict(cell: Locator) -> Locator:
    return cell.locator(".jp-RenderedMarkdown").first


def test_before_anything_is_run_it_reads_well(as_stored: Notebook) -> None:
    expect(as_stored.page.locator(".exercise-card > p:first-child")).to_have_text(["○ Not attempted"] * 5)
    assert as_stored.page.get_by_text("Error displaying widget").count() == 0


def test_wrong_hint_hint_right_progress(notebook: Notebook) -> None:
    page = notebook.page
    progress = ProgressFile(notebook.folder / "progress.json")  # type: ignore[attr-defined]
    assert progress.read().entries == {}

    cell = answer(page, FIRST_POOL, "def make_pool(host, port):\n    return redis.ConnectionPool(host=host, port=port)")
    expect(verdict(cell)).to_contain_text("The pool handed out 6 connections at once")
    expect(cell.get_by_role("status")).to_have_text("○○○○○ 0 of 5 passed in this notebook")

    hint = cell.get_by_role("button", name="Hint")
    hint.click()
    hint.click()
    expect(cell.get_by_text("Hint 1 of 4.")).to_be_visible()
    expect(cell.get_by_text("Hint 2 of 4.")).to_be_visible()

    cell = answer(page, FIRST_POOL, FIRST_POOL.solution_text)
    expect(verdict(cell)).to_contain_text("Your pool handed out 5 connections, and the server saw 5.")
    expect(cell.get_by_role("status")).to_have_text("○✓○○○ 1 of 5 passed in this notebook")
    expect(cell.get_by_text("Hint 2 of 4.")).to_be_visible()  # what one has been told stays
    assert progress.read().entries["first-pool"].tries == 2
    assert progress.read().passed() == {"first-pool"}
    # The bar at the end of the page has been renewed without being run again.
    expect(page.locator(".course-progress b")).to_have_text(f"1 of {len(all_exercises())} exercises passed.")


def test_by_keyboard_alone(notebook: Notebook) -> None:
    page, task = notebook.page, load_task("greeting")
    cell = answer(page, task, "def greet(pool):\n    return None")
    expect(verdict(cell)).to_contain_text("greet returned None")
    hint, solution = (cell.get_by_role("button", name=name) for name in ("Hint", "Solution"))
    for _ in range(5):  # past the cell's own tools and Check
        page.keyboard.press("Tab")
        if hint.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(cell.get_by_text("Hint 1 of 4.")).to_be_visible()
    expect(hint).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(cell.get_by_text("There are 3 hints that you haven't seen.")).to_be_visible()
    expect(solution).to_be_focused()
    expect(cell.get_by_text("One way to do it:")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(cell.get_by_text("One way to do it:")).to_be_visible()


def test_the_check_button_renews_the_verdict_above_it(notebook: Notebook) -> None:
    page, task = notebook.page, load_task("remote-pool")
    cell = answer(page, task, "turn = 1\ndef remote_pool():\n    return turn")
    expect(verdict(cell)).to_contain_text("remote_pool returned 1")
    notebook.run("turn = 2")  # here, because what an answer changes ends with its check
    cell.get_by_role("button", name="Check").click()
    expect(verdict(cell)).to_contain_text("remote_pool returned 2")
    expect(cell.locator(".exercise-card")).to_have_count(1)

    notebook.run("def remote_pool():\n    return 3")
    cell.get_by_role("button", name="Check").click()
    expect(verdict(cell)).to_contain_text("has been defined again since it was checked")


def test_an_endless_answer_leaves_the_notebook_usable(notebook: Notebook) -> None:
    page, task = notebook.page, load_task("pool-from-url")
    cell = answer(page, task, "def pool_from_url(url):\n    while True:\n        pass")
    expect(verdict(cell)).to_contain_text("still running after 5 s", timeout=20_000)
    expect(verdict(cell)).to_contain_text(re.compile(r"line [23] of your cell"))
    cell = answer(page, task, task.solution_text)
    expect(verdict(cell)).to_contain_text("Two URLs, two databases")


def test_the_stop_button_ends_an_endless_answer(notebook: Notebook) -> None:
    page, task = notebook.page, load_task("pool-from-url")
    cell = answer(page, task, "def pool_from_url(url):\n    print('begun')\n    while True:\n        pass")
    expect(cell.get_by_text("begun", exact=True).last).to_be_visible()
    notebook.command("kernelmenu:interrupt")
    expect(cell.get_by_text(re.compile("You stopped your code at line [34] of your cell"))).to_be_visible()
    assert notebook.run("print(1)") == "1\n"


def test_the_next_exercise_is_one_click_away(notebook: Notebook) -> None:
    page = notebook.page
    cell = answer(page, FIRST_POOL, FIRST_POOL.solution_text)
    expect(verdict(cell)).to_contain_text("Why this works, and what else would. max_connections is the pool's limit.")
    greeting = page.get_by_role("heading", name="3. The greeting program")
    page.get_by_role("heading", name="How far you are").scroll_into_view_if_needed()
    cell.get_by_role("link", name="Next exercise: The greeting program").click()
    near_the_top = "it => { const { top } = it.getBoundingClientRect(); return top > 0 && top < 250; }"
    page.wait_for_function(near_the_top, arg=greeting.element_handle())


def test_the_boxes_of_all_lessons_are_alike_where_the_bar_takes_two_lines(notebook: Notebook) -> None:
    page = notebook.page
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": 700, "height": size["height"]})
    boxes = page.locator(".course-progress i").evaluate_all(
        "boxes => boxes.map(box => { const { top, width } = box.getBoundingClientRect(); return [top, width] })"
    )
    page.set_viewport_size(size)
    assert len({top for top, _ in boxes}) > 1
    assert len({round(width) for _, width in boxes}) == 1


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_everything_can_be_read_in_both_themes(notebook: Notebook, theme: str) -> None:
    """WCAG AA, of the colours that the browser shows; test_contrast.py works out those that the style names."""
    page = notebook.page
    answer(page, FIRST_POOL, FIRST_POOL.solution_text)
    answer(page, load_task("greeting"), "def greet(pool):\n    return 1 / 0")
    cell = answer(page, load_task("remote-pool"), "def remote_pool():\n    return 1")
    expect(verdict(cell)).to_contain_text("Not yet")
    notebook.theme(theme)
    for shown in (".exercise-card", ".exercise-panel", ".course-progress"):
        seen = page.locator(f"{shown} :is(p, b, code, a, li, button, span):visible").evaluate_all(CONTRAST)
        assert seen, shown
        assert [(text, ratio) for text, ratio in seen if ratio < 4.5] == []
    notebook.theme("JupyterLab Light")


@pytest.mark.parametrize("name", ["Next lesson", "Back to lesson"])
def test_lessons_are_one_click_away(notebook: Notebook, name: str) -> None:
    page, last = notebook.page, load_task(LESSON.exercises[-1])
    cell = answer(page, last, last.solution_text)
    lesson = lesson_after(LESSON) if name == "Next lesson" else LESSON
    assert lesson
    cell.get_by_role("link", name=name).click()
    page.wait_for_function("name => jupyterapp.shell.currentWidget.context.path === name", arg=lesson.page[3:])
    expect(page.locator("h1:visible").first).to_be_visible()
    page.locator(".lm-TabBar-tab", has_text="with_outputs.ipynb").first.click()
