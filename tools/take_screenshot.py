"""Take a lesson's picture: lesson 01 run in JupyterLab, as a learner sees it. Needs the dev extra and a Chromium.

python tools/take_screenshot.py            writes docs/lesson.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))  # The tests, whose JupyterLab this uses, are no installed package.

from tests.browser.lab import Notebook, running_chromium, running_lab  # noqa: E402
from tutorial_lib import course  # noqa: E402

PICTURE = TOP / "docs" / "lesson.png"
LESSON = "notebooks/01_your_first_pool.ipynb"
SHOWN = "What happens to the sixth caller?"


def main() -> None:
    """Open a fresh copy of the lesson, run it, and keep what is seen from the question SHOWN on."""
    with tempfile.TemporaryDirectory() as folder:
        course.prepare(course.carried(), Path(folder))
        with running_lab(Path(folder)) as lab, running_chromium() as browser:
            page = browser.new_page(viewport={"width": 1120, "height": 1010}, device_scale_factor=1.5)
            notebook = Notebook(page, f"{lab.url}/lab/tree/{LESSON}")
            notebook.run_all()
            notebook.command("application:toggle-left-area")
            question = page.locator(".prediction", has_text=SHOWN)
            for _ in range(3):  # What comes into view is drawn only then, and moves what stands below it.
                question.evaluate("it => it.scrollIntoView({block: 'start'})")
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(500)
            page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
