"""The calculator without a browser: what its sliders say is worked out, in words and as a picture."""

from __future__ import annotations

import base64

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.knee import plot_pool_size
from tutorial_lib.sizing.pool_size import size_pool
from tutorial_lib.widgets.calculator import CONTROLS, Calculator, calculator


@pytest.fixture
def four() -> Calculator:
    return calculator(rate=200, hold=0.05, wait_budget=0.005, processes=4, maxclients=50)


def picture_of(shown: Calculator) -> bytes:
    return base64.b64decode(shown.picture.removeprefix("data:image/png;base64,"))


def test_it_begins_with_an_answer(four: Calculator) -> None:
    assert four.size == size_pool(200, 0.05, 0.005, 4, 50)
    assert (four.words, four.fits) == (str(four.size), True)
    assert picture_of(four).startswith(b"\x89PNG")
    assert four.words in four.picture_words


def test_a_slider_moved_is_a_new_answer(four: Calculator) -> None:
    before = picture_of(four)
    four.values = {**four.values, "maxclients": 20}

    assert four.size.limit == 7
    assert not four.fits
    assert "the server lets in 20" in four.words
    assert picture_of(four) != before


def test_on_a_dark_page_it_is_drawn_in_the_colours_of_a_dark_theme(four: Calculator) -> None:
    light, words = picture_of(four), four.picture_words
    four.dark = True

    assert picture_of(four) == plot_pool_size(four.size).png(dark=True) != light
    assert four.picture_words == words


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("rate", 0, "rate is 0. Give a number above 0"), ("hold", None, "hold is empty"), ("processes", 2.5, "is 2.5")],
)
def test_what_was_typed_and_makes_no_sense_is_told_in_place(
    four: Calculator, name: str, value: float | None, said: str
) -> None:
    good = four.values
    four.values = {**good, name: value}
    assert said in four.words
    assert not four.fits

    four.values = good
    assert four.words == str(four.size)


def test_every_slider_is_an_argument_and_can_stand_where_it_begins() -> None:
    values = calculator().values

    assert list(values) == [control["name"] for control in CONTROLS]
    for control in CONTROLS:
        assert control["least"] <= values[control["name"]] <= control["most"]


def test_where_there_are_no_widgets_it_says_the_same(four: Calculator) -> None:
    data, _ = four._repr_mimebundle_()

    assert repr(four) == data["text/plain"] == "Calculator(PoolSize(limit=7, total=28, most=12, fits=True))"
    assert data["text/markdown"] == four.size._repr_markdown_()
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_start_that_makes_no_sense_is_told() -> None:
    with pytest.raises(BadSetting, match="rate is -1"):
        calculator(rate=-1)
