"""One JupyterLab and one Chromium for the tests of this folder that need no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, Notebook, running_chromium, running_lab

OpenNotebook = Callable[..., Notebook]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("course")) as lab:
        yield lab


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def open_notebook(lab: Lab, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Open a notebook with these cells, and at the end make sure that the browser had no complaint."""
    opened: list[Notebook] = []

    def open_notebook(*cells: str, width: int = 1100) -> Notebook:
        page = chromium.new_page(viewport={"width": width, "height": 900})
        opened.append(Notebook(page, lab.notebook(f"{request.node.name[:40]}.ipynb", cells)))
        return opened[-1]

    yield open_notebook
    complaints = [complaint for notebook in opened for complaint in notebook.complaints]
    for notebook in opened:
        notebook.page.close()
    assert complaints == []
