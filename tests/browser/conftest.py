"""One JupyterLab with the course in it, one Chromium and one page of it, for the tests of this folder.

What is opened on that page takes the place of the notebook before: JupyterLab itself takes longer to load than most
tests. Only one Playwright can run at a time, so a test that needs a page of its own takes it from ``chromium``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import Lab, Notebook, running_chromium, running_lab
from tutorial_lib import course

OpenNotebook = Callable[..., Notebook]


# Not for the whole session: while Playwright runs in a thread, no other test can run an event loop there.
@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("course")
    course.prepare(course.carried(), folder)
    with running_lab(folder) as lab:
        yield lab


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def lab_page(chromium: Browser) -> Page:
    """The page for ``opened``."""
    return chromium.new_page()


@contextmanager
def opened(lab_page: Page, address: str, width: int = 1100, height: int = 900) -> Iterator[Notebook]:
    """Open a notebook, and at the end make sure that the browser had no complaint."""
    lab_page.set_viewport_size({"width": width, "height": height})
    try:
        notebook = Notebook(lab_page, address)
    except BaseException:
        lab_page.goto("about:blank")  # The next one loads JupyterLab anew.
        raise
    try:
        yield notebook
    finally:
        notebook.close()
    assert notebook.complaints == []


@pytest.fixture
def open_notebook(lab: Lab, lab_page: Page, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Open a notebook with these cells, once in a test."""
    with ExitStack() as stack:

        def open_notebook(*cells: str, width: int = 1100) -> Notebook:
            address = lab.notebook(f"{request.node.name[:40]}.ipynb", cells)
            return stack.enter_context(opened(lab_page, address, width))

        yield open_notebook
