"""A plot suits a light page and a dark one, and is the same afterwards."""

from __future__ import annotations

import io
import logging

import numpy
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from tutorial_lib.plots.budget import plot_budget
from tutorial_lib.plots.colours import DARK, FAINT, IN_USE, INK, PAPER, QUIET, TROUBLE
from tutorial_lib.plots.picture import Picture
from tutorial_lib.plots.recolour import recoloured

GROUNDS = {"light": "#FFFFFF", "dark": "#111111"}


@pytest.fixture(scope="module")
def picture() -> Picture:
    return plot_budget(processes=12, pools=2, limit=10, maxclients=200, others={"listeners": 40})


def luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def in_theme(colour: str, theme: str) -> str:
    return DARK[colour] if theme == "dark" else colour


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("ink", [INK, QUIET, TROUBLE, IN_USE])
def test_what_is_written_has_contrast_enough(ink: str, theme: str) -> None:
    assert contrast(in_theme(ink, theme), GROUNDS[theme]) >= 4.5


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize(("ink", "ground"), [(PAPER, IN_USE), (QUIET, FAINT)])
def test_also_on_a_bar_and_on_a_shaded_part(ink: str, ground: str, theme: str) -> None:
    assert contrast(in_theme(ink, theme), in_theme(ground, theme)) >= 4.5


def colours(png: bytes) -> set[str]:
    """Return every colour that covers a good part of a picture."""
    pixels = numpy.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).reshape(-1, 4)
    solid = pixels[pixels[:, 3] == 255][:, :3]
    found, counts = numpy.unique(solid, axis=0, return_counts=True)
    return {"#{:02X}{:02X}{:02X}".format(*colour) for colour, count in zip(found, counts, strict=True) if count > 2000}


def test_in_the_dark_no_colour_of_the_light_is_left(picture: Picture) -> None:
    light, dark = colours(picture.png()), colours(picture.png(dark=True))
    assert {IN_USE, PAPER, TROUBLE} <= light
    assert {DARK[IN_USE], DARK[TROUBLE]} <= dark
    assert not dark & set(DARK)


def test_its_ground_is_transparent_in_the_dark_and_opaque_otherwise(picture: Picture) -> None:
    corners = [Image.open(io.BytesIO(picture.png(dark))).convert("RGBA").getpixel((1, 1)) for dark in (False, True)]
    assert [corner[3] for corner in corners if isinstance(corner, tuple)] == [255, 0]


def test_drawing_it_dark_changes_nothing_for_good(picture: Picture) -> None:
    before = picture.png()
    picture.png(dark=True)
    assert picture.png() == before


def test_a_colour_of_your_own_stays(picture: Picture) -> None:
    yours, ours = (picture.figure.text(0.5, 0.5, "word", color=colour) for colour in ("#123456", INK))
    with recoloured(picture.figure, DARK):
        assert [yours.get_color(), to_hex(ours.get_color()).upper()] == ["#123456", DARK[INK]]
    assert [yours.get_color(), ours.get_color()] == ["#123456", INK]
    yours.remove()
    ours.remove()


def test_no_warning_about_fonts_is_shown_in_red_above_a_plot() -> None:
    assert not logging.getLogger("matplotlib.font_manager").isEnabledFor(logging.WARNING)
