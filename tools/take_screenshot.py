"""Take the README's picture: lesson 02 run in JupyterLab, as a learner sees it. Needs the dev extra and a Chromium.

python tools/take_screenshot.py            writes docs/lesson.png
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TOP = Path(__file__).resolve().parent.parent
PICTURE = TOP / "docs" / "lesson.png"
LESSON = "notebooks/02_your_first_pool.ipynb"
SHOWN = "Five at once, and not a sixth"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1120, "height": 700}


def main() -> None:
    """Start JupyterLab on a fresh copy of the course, run the lesson, and keep what is seen."""
    with tempfile.TemporaryDirectory() as home:
        words = [
            sys.executable,
            "-m",
            "tutorial_lib",
            "lab",
            "--no-browser",
            "--port",
            "0",
            "--folder",
            f"{home}/course",
        ]
        environ = {**os.environ, "HOME": home}
        with subprocess.Popen(words, cwd=TOP, env=environ, stderr=subprocess.PIPE, text=True) as lab:
            try:
                take(address(lab))
            finally:
                lab.terminate()
                lab.communicate()


def address(lab: subprocess.Popen[str]) -> str:
    """Return JupyterLab's address at the lesson, once it has said that it listens."""
    assert lab.stderr
    for line in lab.stderr:
        found = re.search(r"^ +(http://127\S+?)/lab\S+\?(token=\w+)", line)
        if found:
            return f"{found[1]}/lab/tree/{LESSON}?{found[2]}"
    raise SystemExit("JupyterLab ended before it said where it listens.")


def take(url: str) -> None:
    """Open ``url`` in Chromium, run all cells, and save the section called SHOWN to PICTURE."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport=SIZE, device_scale_factor=1.5)
        open_lesson(page, url)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).first.click()
        for status in ("busy", "idle"):
            page.locator(f".jp-Notebook-ExecutionIndicator[data-status={status}]").wait_for()
        page.get_by_role("menuitem", name="View", exact=True).click()
        page.get_by_text("File Browser", exact=True).first.click()
        page.get_by_role("heading", name=SHOWN).evaluate("heading => heading.scrollIntoView({block: 'start'})")
        page.screenshot(path=PICTURE)
        chromium.close()


def open_lesson(page: Page, url: str) -> None:
    """Go to ``url`` and wait for the kernel. The address is told a moment before anybody listens there."""
    for _ in range(50):
        try:
            page.goto(url)
            break
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            page.wait_for_timeout(100)
    page.locator(".jp-KernelName", has_text="Python").wait_for()


if __name__ == "__main__":
    main()
