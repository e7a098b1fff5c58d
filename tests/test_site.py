"""The site to read: it builds without a warning, leads nowhere that is not there, and fetches nothing."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tools import build_site
from tutorial_lib.exercises import COURSE, all_exercises, load_task

pytestmark = pytest.mark.release

TOP = Path(__file__).parent.parent
LARGEST_PAGE = 2_000_000
# Tags whose address a browser asks for by itself, to show the page.
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "srcset", "video": "src"}
BINDER = "https://mybinder.org/v2/"


class References(HTMLParser):
    """What a page loads, and where it leads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.led_to: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (address := given.get(LOADED.get(tag, ""))) and given.get("rel") not in ("next", "prev", "index", "search"):
            self.loaded.add(address)
        if tag == "a" and given.get("href"):
            self.led_to.add(str(given["href"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        # This clone may have no origin that a button could lead to.
        patch.setattr(
            build_site, "launch_link", lambda name: (f"{BINDER}gh/them/course/1?urlpath=notebooks%2F{name}", "")
        )
        return build_site.build(tmp_path_factory.mktemp("site")).parent


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, References]:
    names = {page: page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    return {name: References(page) for page, name in names.items() if not name.startswith("_static/")}


def local(site: Path, page: str, address: str) -> Path | None:
    """Return the file that an address on a page leads to; None where it leads to another host or to the page itself."""
    parts = urlsplit(address)
    if parts.scheme or not parts.path:
        return None
    return (site / page).parent / unquote(parts.path)


def test_each_lesson_exercise_and_document_has_a_page(pages: dict[str, References]) -> None:
    wanted = {f"notebooks/{lesson.name}.html" for lesson in COURSE}
    wanted |= {f"exercises/ex{lesson.name}.html" for lesson in COURSE}
    wanted |= {f"docs/{path.stem}.html" for path in TOP.glob("docs/*.md")}
    wanted.add("recipes/README.html")
    assert wanted <= pages.keys()


def test_nothing_is_fetched_from_elsewhere(pages: dict[str, References]) -> None:
    fetched = {(page, address) for page, found in pages.items() for address in found.loaded if "://" in address}
    assert fetched == set()


def test_nothing_leads_to_a_page_or_a_picture_that_is_not_there(site: Path, pages: dict[str, References]) -> None:
    missing = {
        (page, address)
        for page, found in pages.items()
        for address in found.loaded | found.led_to
        if (path := local(site, page, address)) and not path.exists()
    }
    assert missing == set()


def test_a_page_with_its_pictures_is_small_enough(site: Path, pages: dict[str, References]) -> None:
    for page, found in pages.items():
        own = [path for address in found.loaded if (path := local(site, page, address)) and "_images" in path.parts]
        assert sum(path.stat().st_size for path in [site / page, *own]) < LARGEST_PAGE, page


def test_each_page_of_the_course_has_a_button_to_binder(pages: dict[str, References]) -> None:
    for lesson in COURSE:
        for page, target in ((f"notebooks/{lesson.name}", lesson.name), (f"exercises/ex{lesson.name}", lesson.name)):
            assert [to for to in pages[f"{page}.html"].led_to if to.startswith(BINDER) and target in to]


def test_a_replay_plays_in_its_page(site: Path) -> None:
    page = (site / "notebooks/03_when_the_pool_is_exhausted.html").read_text("utf-8")
    assert "<iframe" in page
    assert "srcdoc=" in page


@pytest.mark.parametrize("name", all_exercises())
def test_an_exercise_comes_without_its_solution(name: str, site: Path) -> None:
    task = load_task(name)
    (lesson,) = (lesson for lesson in COURSE if name in lesson.exercises)
    text = re.sub(r"<[^>]+>", "", (site / f"exercises/ex{lesson.name}.html").read_text("utf-8"))
    body = task.solution_text.partition("\n")[2].strip()
    assert body
    assert body not in html.unescape(text)


def test_a_prediction_is_told_with_its_choices_folded() -> None:
    cell = {"source": 'guess = predict("How many?", {1: "Too few.", 2: "As many as asked."}, answer=2)\nguess'}
    text = build_site.prediction(cell)
    assert text is not None
    assert "How many?" in text
    assert "<summary><code>1</code></summary>\n\nNo. Too few." in text
    assert "<summary><code>2</code></summary>\n\nYes. As many as asked." in text


def test_a_heading_is_called_as_the_site_calls_it() -> None:
    text = "[Read](05_who.ipynb#How-do-you-borrow-by-hand-safely?) and [errors](../docs/errors.md#what-examine-finds)"
    assert build_site.with_anchors_of_the_site(text) == (
        "[Read](05_who.ipynb#how-do-you-borrow-by-hand-safely) and [errors](../docs/errors.md#what-examine-finds)"
    )
