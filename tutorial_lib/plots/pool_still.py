"""A still picture of a pool, drawn from the same state as PoolView, for pages where no widget can live.

Drawn with Pillow, not with matplotlib: a view must appear at once, and to import matplotlib takes half a second.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tutorial_lib.plots.colours import IN_USE, INK, PAPER, QUIET, TROUBLE, WAITING

STILL_WIDTH = 760
"""Pixels on the page; the file has twice as many each way, for sharp screens."""
ACROSS = 5
"""Slots in a row of the picture."""
MOST_DRAWN = 40
SHARP = 2
TALL, GAP, TITLE_HEIGHT = 40, 10, 44

FILL = {"in use": IN_USE, "waiting": WAITING}

Boxes = list[Mapping[str, Any]]


def pool_still(state: Mapping[str, Any], title: str = "") -> tuple[bytes, str]:
    """Draw a pool as it was: a box for each slot, and the callers who waited.

    ``state`` is that of a PoolView. Returns the PNG file, ``STILL_WIDTH`` pixels wide on the page, and a text that says
    what it shows.
    """
    callers: Boxes = [{"is": "waiting", **caller} for caller in state["queue"][:ACROSS]]
    slots = _slots(state)[:MOST_DRAWN]
    rows = [slots[at : at + ACROSS] for at in range(0, len(slots), ACROSS)]
    rows = [callers, *rows] if callers else rows
    image = Image.new("RGB", (STILL_WIDTH * SHARP, (TITLE_HEIGHT + len(rows) * (TALL + GAP)) * SHARP), PAPER)
    draw = ImageDraw.Draw(image)
    words = f"{title or state['pool']}: {_summary(state)}"
    draw.text((GAP * SHARP, 12 * SHARP), _shortened(draw, words, STILL_WIDTH - 2 * GAP, 15), INK, _font(15))
    for number, row in enumerate(rows):
        _draw_row(draw, TITLE_HEIGHT + number * (TALL + GAP), row)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue(), f"{words}."


def _summary(state: Mapping[str, Any]) -> str:
    lost = sum(slot.get("sides") == "pool only" for slot in state["slots"])
    parts = [
        f"{state['in_use']} of {state['limit']:,} in use",
        f"{state['idle']} idle",
        f"{state['waiting']} waiting" if state["waiting"] else "",
        f"{lost} closed by the server" if lost else "",
    ]
    return ", ".join(filter(None, parts))


def _slots(state: Mapping[str, Any]) -> Boxes:
    """Return a slot for each connection that the pool may open; of a large limit those that were opened."""
    opened = {slot["n"]: slot for slot in state["slots"]}
    numbers = range(1, state["limit"] + 1) if state["limit"] <= 100 else sorted(opened)
    return [opened.get(number, {"n": number, "is": "never opened"}) for number in numbers]


def _draw_row(draw: ImageDraw.ImageDraw, top: int, slots: Boxes) -> None:
    wide = (STILL_WIDTH - GAP) // ACROSS - GAP
    for place, slot in enumerate(slots):
        left, kind = GAP + place * (wide + GAP), slot["is"]
        is_lost = slot.get("sides") == "pool only"
        draw.rounded_rectangle(
            [left * SHARP, top * SHARP, (left + wide) * SHARP, (top + TALL) * SHARP],
            radius=7 * SHARP,
            fill=FILL.get(kind, PAPER),
            outline=TROUBLE if is_lost else "#CFCFCF" if kind == "never opened" else QUIET,
            width=(3 if is_lost else 1) * SHARP,
        )
        number = f"{slot['n']}   " if "n" in slot else ""
        who = {"in use": slot.get("who"), "waiting": f"waits: {slot.get('who')}"}.get(kind, kind)
        ink = PAPER if kind == "in use" else QUIET if kind == "never opened" else INK
        text = _shortened(draw, f"{number}{who}", wide - 20, 13)
        draw.text(((left + 10) * SHARP, (top + TALL / 2) * SHARP), text, ink, _font(13), anchor="lm")


def _font(size: int) -> Any:
    return ImageFont.load_default(size * SHARP)


def _shortened(draw: ImageDraw.ImageDraw, text: str, room: int, size: int) -> str:
    if draw.textlength(text, _font(size)) <= room * SHARP:
        return text
    while text and draw.textlength(f"{text}…", _font(size)) > room * SHARP:
        text = text[:-1]
    return f"{text}…"
