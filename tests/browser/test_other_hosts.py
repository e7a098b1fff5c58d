"""The view where there is no JupyterLab around it: a page that knows nothing of Jupyter, and one like VS Code's.

VS Code itself cannot be tried here. Its notebook gives a widget a page of its own, with the theme's colours in
variables called --vscode-… and the theme's kind at the body; that much is imitated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pool_view import CONTRAST
from tests.fake_connections import FakeConnection
from tutorial_lib.widgets.pool_view import PoolView

pytestmark = [pytest.mark.chromium, pytest.mark.release]

SHOW = """
async ([source, css, state]) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { default: widget } = await import(address);
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
    const el = document.body.appendChild(document.createElement("div"));
    const model = { get: () => state, on() {}, off() {}, send() { throw new Error("nobody listens"); } };
    window.end = widget.render({ model, el });
}
"""

VS_CODE = """
<html style="--vscode-editor-foreground: {ink}; --vscode-editor-background: {paper}; --vscode-font-family: serif">
<body class="vscode-{kind}" data-vscode-theme-kind="vscode-{kind}" style="background: {paper}"></body></html>
"""

Scheme = Literal["light", "dark"]


@pytest.fixture
def state() -> Iterator[dict[str, Any]]:
    """Yield what a view of a busy pool says."""
    pool: Any = redis.ConnectionPool(connection_class=FakeConnection, max_connections=3)
    view = PoolView(pool)
    held = pool.get_connection(), pool.get_connection()
    pool.release(held[0])
    view.freeze()
    yield dict(view.state)
    view.close()


def shown(chromium: Browser, state: dict[str, Any], html: str, scheme: Scheme) -> Page:
    page = chromium.new_page(color_scheme=scheme)
    page.set_content(html)
    page.evaluate(SHOW, [str(PoolView._esm), str(PoolView._css), state])
    return page


@pytest.mark.parametrize(
    ("html", "scheme", "paper"),
    [
        ("<body></body>", "light", "rgb(255, 255, 255)"),
        ("<body></body>", "dark", "rgb(22, 22, 22)"),
        (VS_CODE.format(kind="light", ink="#3b3b3b", paper="#fdf6e3"), "dark", "rgb(253, 246, 227)"),
        (VS_CODE.format(kind="dark", ink="#cccccc", paper="#1f1f1f"), "light", "rgb(31, 31, 31)"),
        (VS_CODE.format(kind="high-contrast", ink="#ffffff", paper="#000000"), "light", "rgb(0, 0, 0)"),
    ],
    ids=["unknown light", "unknown dark", "VS Code light", "VS Code dark", "VS Code high contrast"],
)
def test_it_draws_itself_in_the_colours_that_it_finds(
    chromium: Browser, state: dict[str, Any], html: str, scheme: Scheme, paper: str
) -> None:
    page = shown(chromium, state, html, scheme)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    view = page.locator(".pool-view")
    expect(view).to_have_css("background-color", paper)
    expect(view.locator(".pv-is-use")).to_contain_text("MainThread")
    expect(view.locator(".pv-is-idle")).to_have_count(1)
    texts = [one for one in view.locator("span, b, p").all() if one.is_visible() and one.text_content()]
    leaves = [one for one in texts if not one.locator("*").count()]
    faint = [(one.text_content(), one.evaluate(CONTRAST)) for one in leaves if one.evaluate(CONTRAST) < 4.5]
    assert faint == []
    page.evaluate("window.end()")
    assert complaints == []
    page.close()


def test_less_motion_for_whoever_asked_for_it(chromium: Browser, state: dict[str, Any]) -> None:
    """Durations go on once a second instead of ten times."""
    state.pop("frozen")
    seen = {}
    for motion in ("no-preference", "reduce"):
        page = chromium.new_page(reduced_motion=motion)  # type: ignore[arg-type]
        page.evaluate(SHOW, [str(PoolView._esm), str(PoolView._css), state])
        seen[motion] = page.evaluate(
            """async () => {
                let changes = 0;
                const watch = new MutationObserver(() => changes++);
                watch.observe(document.querySelector(".pv-is-use .pv-age"), { childList: true, characterData: true });
                await new Promise((done) => setTimeout(done, 2500));
                return changes;
            }"""
        )
        page.close()
    assert seen["reduce"] <= 4 < seen["no-preference"]
