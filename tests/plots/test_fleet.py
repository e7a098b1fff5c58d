"""A fleet as it was measured: what stands above it, what is beyond the budget, and the words for a screen reader."""

from __future__ import annotations

import pytest

from tests.load.fakes import fleet_of
from tests.plots.test_recordings import headline, words
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import FALLBACK_NOTE
from tutorial_lib.plots.colours import FAINT, IN_USE, PAPER
from tutorial_lib.plots.fleet import plot_fleet
from tutorial_lib.plots.picture import Picture


def bars(picture: Picture, axes: int, colour: str) -> list[float]:
    """The heights of an axes' bars of this colour."""
    wanted = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] + [1]
    return [
        patch.get_height()  # type: ignore[attr-defined]
        for patch in picture.figure.axes[axes].patches
        if list(patch.get_facecolor()) == pytest.approx(wanted)  # type: ignore[call-overload]
    ]


def test_a_fleet_within_its_budget() -> None:
    picture = plot_fleet(fleet_of(4, 4, 3, limit=5), 5)

    assert headline(picture) == "3 processes had 11 connections open, of 15 allowed; the budget is 15"
    assert bars(picture, 0, IN_USE) == [4, 4, 3]
    assert bars(picture, 0, FAINT) == [5, 5, 5]
    assert bars(picture, 1, IN_USE) == [3, 3, 3]
    assert {"budget, 5 each", "its limit", "done, 9"} <= words(picture)
    assert not {"beyond the budget"} & words(picture)
    assert "process 3: 3 connections of 5, 3 calls done, 0 refused or failed" in picture.alt
    assert repr(picture) == "<fleet of 3 processes>"


def test_what_is_beyond_the_budget_and_what_it_led_to_are_hatched() -> None:
    picture = plot_fleet(fleet_of(8, 8, 0, limit=10, failed=40), 6)

    assert bars(picture, 0, IN_USE) == [6, 6, 0]
    assert bars(picture, 0, PAPER) == [2, 2]
    assert bars(picture, 1, PAPER) == [40]
    assert {"beyond the budget", "refused or failed, 40"} <= words(picture)


def test_a_limit_far_above_is_written_down() -> None:
    picture = plot_fleet(fleet_of(2, 2, limit=100))

    assert headline(picture) == "2 processes had 4 connections open, of 200 allowed"
    assert "its limit, 100 (higher than drawn)" in words(picture)
    assert max(bars(picture, 0, FAINT)) < 10


def test_a_process_that_died_has_its_place() -> None:
    picture = plot_fleet(fleet_of(4, 4, lost=("process 3",)), 4)

    assert headline(picture).startswith("3 processes had 8 connections open")
    assert "died" in words(picture)
    assert "Died or no longer answered: process 3." in picture.alt


def test_a_server_that_does_not_tell() -> None:
    picture = plot_fleet(fleet_of(None, None))

    assert headline(picture) == "2 processes may open 8"
    assert bars(picture, 0, IN_USE) == [1, 1], "in use at the peak"
    assert "in use at the peak" in words(picture)


def test_on_the_fallback_it_says_so() -> None:
    assert FALLBACK_NOTE in plot_fleet(fleet_of(1, real=False)).alt


@pytest.mark.parametrize("many", [1, 64])
def test_small_and_large_fleets_are_drawn(many: int) -> None:
    picture = plot_fleet(fleet_of(*[2] * many), 3)

    assert picture.png().startswith(b"\x89PNG")
    assert len(picture.alt) < 2000


def test_a_fleet_of_which_nothing_is_left() -> None:
    assert plot_fleet(fleet_of(lost=("process 1", "process 2"))).png()


def test_numbers_are_for_the_other_plot() -> None:
    with pytest.raises(BadSetting, match=r"^report is 4, not a FleetReport\. run_fleet.*plot_budget"):
        plot_fleet(4)  # type: ignore[arg-type]
