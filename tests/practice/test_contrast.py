"""Text on cards, buttons and bars can be read in both themes: WCAG AA, worked out from the style sheets themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tutorial_lib

PAGE = Path(tutorial_lib.__file__).parent / "practice" / "page"
TEXT, SHAPE = 4.5, 3.0
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
COLOUR = re.compile(r"--([a-z]+): (#[0-9a-f]{6});")


def colours(sheet: str, theme: str) -> dict[str, dict[str, str]]:
    """Return the colours that each class of a style sheet has in a theme: those that it names itself."""
    found: dict[str, dict[str, str]] = {}
    text = re.sub(r"/\*.*?\*/", "", (PAGE / sheet).read_text("utf-8"), flags=re.DOTALL)
    for selector, body in RULE.findall(text):
        is_dark = "data-jp-theme-light" in selector
        for name in re.findall(r"\.((?:exercise|course)-[a-z]+)", selector):
            if theme == "dark" or not is_dark:
                found.setdefault(name, {}).update(COLOUR.findall(body))
    return {name: values for name, values in found.items() if values}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", ["passed", "wrong", "blank", "error"])
def test_a_card(state: str, theme: str) -> None:
    known = colours("panel.css", theme)
    card = known["exercise-card"] | known[f"exercise-{state}"]
    for part in ("text", "code", "link", "sign"):
        assert contrast(card[part], card["back"]) >= TEXT, part
    assert contrast(card["edge"], card["page"]) >= SHAPE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_buttons_and_what_stands_beside_them(theme: str) -> None:
    panel = colours("panel.css", theme)["exercise-panel"]
    assert contrast(panel["text"], panel["button"]) >= TEXT
    assert contrast(panel["quiet"], panel["page"]) >= TEXT
    assert contrast(panel["line"], panel["page"]) >= SHAPE
    assert contrast(panel["link"], panel["page"]) >= SHAPE  # the ring around what has the focus


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_bar_of_the_course(theme: str) -> None:
    bar = colours("course_progress.css", theme)["course-progress"]
    assert contrast(bar["text"], bar["page"]) >= TEXT
    assert contrast(bar["link"], bar["page"]) >= TEXT
    assert contrast(bar["done"], bar["page"]) >= SHAPE
    assert contrast(bar["open"], bar["page"]) >= SHAPE


def test_a_theme_changes_every_colour() -> None:
    light, dark = (colours("panel.css", theme) for theme in ("light", "dark"))
    assert light.keys() == dark.keys()
    assert all(light[name][part] != dark[name][part] for name in light for part in light[name])
