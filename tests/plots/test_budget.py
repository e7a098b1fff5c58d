"""A fleet as a picture: what is said above it, what is drawn, and the words for those who do not see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plots.test_recordings import headline, words
from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.budget import plot_budget
from tutorial_lib.plots.colours import IN_USE
from tutorial_lib.plots.picture import Picture

OTHERS = {"listeners": 40, "blocked": 80}


def squares(picture: Picture) -> list[bool]:
    """Return for each pool that is drawn whether it can be exhausted."""
    above = picture.figure.axes[0]
    return [patch.get_hatch() is None for patch in above.patches]


def widths(picture: Picture) -> list[float]:
    """Return the parts of the bar, in connections."""
    return [patch.get_width() for patch in picture.figure.axes[-1].patches]  # type: ignore[attr-defined]


def below(picture: Picture) -> str:
    return picture.figure.axes[-1].get_xlabel()


def test_a_fleet_that_is_too_large_shows_how_many_of_its_pools_fill_the_server() -> None:
    picture = plot_budget(40, 6, 1000, 10_000, OTHERS)

    assert headline(picture) == "9 of 240 pools can be exhausted at once; then the server refuses"
    assert squares(picture).count(True) == 9
    assert len(squares(picture)) == 240
    assert widths(picture) == [40, 80, 9_880, 230_120]
    assert {"pools, inside the limit 9,880", "230,120 too many", "maxclients 10,000"} <= words(picture)
    # At this scale nobody would find their colours.
    assert below(picture) == "connections (too few to be seen: listeners 40, blocked 80)"
    assert not {"listeners 40", "blocked 80"} & words(picture)
    assert "limit of 1,000, listeners 40, blocked 80: 240,120 in total; the server lets in 10,000" in picture.alt
    assert repr(picture) == "<fleet of 240 pools>"


def test_a_fleet_within_its_budget_shows_what_is_to_spare() -> None:
    picture = plot_budget(40, 6, 41, 10_000, OTHERS)

    assert headline(picture) == "All 240 pools can be exhausted at once, with 40 connections to spare"
    assert squares(picture) == [True] * 240
    assert widths(picture) == [40, 80, 9_840]
    assert "no room" not in words(picture)
    assert {"listeners 40", "blocked 80", "pools 9,840"} <= words(picture)
    assert below(picture) == "connections"


def test_a_fleet_that_fits_exactly_is_not_too_large() -> None:
    assert headline(plot_budget(2, 1, 5, 10)) == "All 2 pools can be exhausted at once, with 0 connections to spare"


def test_others_alone_may_fill_the_server() -> None:
    picture = plot_budget(2, 1, 5, 3, {"listeners": 9})

    assert headline(picture) == "0 of 2 pools can be exhausted at once; then the server refuses"
    assert widths(picture)[0] == 9


def test_a_very_large_fleet_has_its_bar_alone() -> None:
    picture = plot_budget(500, 6, 10, 10_000)

    assert len(picture.figure.axes) == 1
    assert picture.png().startswith(b"\x89PNG")


def test_what_can_be_full_has_the_colour_of_use() -> None:
    square = plot_budget(1, 1, 1, 1).figure.axes[0].patches[0]
    assert square.get_facecolor() == pytest.approx([int(IN_USE[at : at + 2], 16) / 255 for at in (1, 3, 5)] + [1])


@pytest.mark.parametrize("numbers", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0), (1.5, 1, 1, 1)])
def test_a_number_that_cannot_be_is_told(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadSetting):
        plot_budget(*numbers)


def test_others_are_whole_numbers() -> None:
    with pytest.raises(BadSetting, match="listeners"):
        plot_budget(1, 1, 1, 10, {"listeners": -1})


@pytest.mark.parametrize("others", [["x"], "x", 3, [], {3: 4}])
def test_others_have_names(others: Any) -> None:
    with pytest.raises(BadSetting, match=r"^others is .*Give connections by name, such as \{'listeners': 40\}\."):
        plot_budget(1, 1, 1, 10, others)


@pytest.mark.parametrize("name", ["cost $_$", "_hidden", "half \ud800 a letter"])
def test_a_name_is_drawn_as_it_is(name: str) -> None:
    picture = plot_budget(3, 2, 10, 100, {name: 30})

    shown = name.replace("\ud800", r"\ud800")
    assert f"{shown} 30" in words(picture)
    assert f"{shown} 30" in picture.alt
    assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("which", ["processes", "pools", "limit", "maxclients", "listeners"])
def test_a_number_that_nobody_could_draw_is_told(which: str) -> None:
    numbers = {"processes": 3, "pools": 2, "limit": 10, "maxclients": 100, "listeners": 1} | {which: 10**20}
    others = {"listeners": numbers.pop("listeners")}
    with pytest.raises(BadSetting, match=rf"^{which} is .*Give a whole number of .*: [01] to 1,000,000"):
        plot_budget(**numbers, others=others)


def test_the_largest_fleet_is_drawn() -> None:
    billion = 10**9
    assert plot_budget(billion, billion, 10**6, billion, {"listeners": billion}).png()
