"""The timeline of a pool: what is drawn of its borrows, and what is said of them."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tutorial_lib.examination.evidence import Recent, SourceLine
from tutorial_lib.examination.html_report import _lease
from tutorial_lib.examination.timeline import BOTTOM, LEFT, RIGHT, TOP, timeline
from tutorial_lib.notebook.lines import Line
from tutorial_lib.pools.lease import Lease

LINE = Line("app.py", 3, "<module>", "r.get('<key>')")


def lease(asked: float, held: float = 1.0, outcome: Any = "returned", connection: int | None = 1, **more: Any) -> Lease:
    return Lease("a <thread>", LINE, asked, more.get("waited", 0.0), 0.0, held, outcome, connection)


def refused(asked: float, outcome: str = "refused") -> Lease:
    return lease(asked, 0.0, outcome, None)


def drawn(leases: list[Lease], limit: int = 2, duration: float = 10.0) -> ElementTree.Element:
    return ElementTree.fromstring(timeline(leases, limit, duration))


def of_class(figure: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    plot = figure.find("div/svg")
    assert plot is not None
    return [path for path in plot.iter("path") if path.get("class") == name]


def said(figure: ElementTree.Element) -> str:
    plot = figure.find("div/svg")
    assert plot is not None
    return plot.get("aria-label", "")


def explained(figure: ElementTree.Element) -> list[str]:
    return ["".join(key.itertext()) for key in figure.iterfind("figcaption/span")]


def test_a_borrow_is_drawn_from_its_beginning_to_its_end() -> None:
    [area] = of_class(
        drawn([lease(0.0, held=5.0, connection=1), lease(5.0, held=5.0, connection=2)], limit=1), "in-use"
    )
    spans = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)V", area.get("d", ""))
    middle = (LEFT + RIGHT) / 2
    full = [(LEFT, BOTTOM, TOP, middle), (middle, BOTTOM, TOP, RIGHT)]
    assert [tuple(map(float, span)) for span in spans if span[1] != span[2]] == full


def test_callers_that_wait_stand_above_those_that_have_a_connection() -> None:
    figure = drawn([lease(0.0, held=4.0), lease(1.0, waited=3.0)], limit=1)
    [area] = of_class(figure, "waiting")
    [(_, low, high)] = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", area.get("d", ""))
    assert (float(low), float(high)) == ((TOP + BOTTOM) / 2, TOP)
    assert said(figure) == "10 s: at most 1 of 1 connections in use, at most 1 caller waiting."


@pytest.mark.parametrize("outcome", ["refused", "timed out", "failed"])
def test_callers_without_a_connection_are_marked_where_they_gave_up(outcome: str) -> None:
    figure = drawn([lease(0.0), refused(2.5, outcome), refused(7.5, outcome)])
    places = [mark.get("transform") for mark in of_class(figure, "mark")]
    assert len(places) == 2
    assert f"{outcome}: 2" in explained(figure)
    assert f"2 {outcome}" in said(figure)


def test_marks_that_would_lie_upon_each_other_are_one_and_all_are_counted() -> None:
    figure = drawn([lease(0.0), *(refused(5.0 + number / 1000) for number in range(50))])
    assert len(of_class(figure, "mark")) <= 2
    assert "refused: 50" in explained(figure)


@pytest.mark.parametrize(("limit", "is_drawn"), [(3, True), (4, False), (2**31, False)])
def test_a_limit_far_above_what_was_needed_is_told_and_not_drawn(limit: int, is_drawn: bool) -> None:
    figure = drawn([lease(0.0)], limit=limit)
    assert bool(of_class(figure, "limit")) is is_drawn
    assert (f"limit {limit:,}" if is_drawn else f"limit {limit:,}, not drawn") in explained(figure)


@pytest.mark.parametrize("duration", [1e-6, 0.0123, 1.0, 59.9, 86_400.0])
def test_the_times_below_are_round_and_few(duration: float) -> None:
    figure = drawn([lease(0.0, held=duration)], duration=duration)
    labels = [text.text for text in figure.iter("text") if text.get("text-anchor") == "middle"]
    assert labels[0] == "0 s"
    assert 4 <= len(labels) <= 11
    assert len(set(labels)) == len(labels)


def test_a_pool_that_only_refused_has_a_timeline_too() -> None:
    figure = drawn([refused(0.0)], limit=0, duration=1e-6)
    assert said(figure).endswith("at most 0 of 0 connections in use, 1 refused.")


@pytest.mark.parametrize(("how", "is_closed"), [("returned", False), ("closed", True), ("reopened", True)])
def test_a_connection_that_was_closed_in_use_is_so_in_the_replay(how: str, is_closed: bool) -> None:
    recent = Recent("worker", SourceLine("app.py", 3, "work", ""), 5.0, 0.0, 0.0, 1.0, how, 4_711)
    drawn = _lease(recent, 5.0, {})
    assert (drawn.outcome, drawn.was_cut, drawn.reopened) == ("returned", is_closed, how == "reopened")
