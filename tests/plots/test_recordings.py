"""The plots say in words what they show, and show it without relying on colour."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import redis
from matplotlib.colors import to_hex

from tests.fake_connections import FakeConnection
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.colours import IN_USE, OPENING
from tutorial_lib.plots.picture import HATCH, Picture, as_time
from tutorial_lib.plots.recordings import _openings, plot_timeline, plot_waits
from tutorial_lib.pools.recording import Recording, record

PLOTS = pytest.mark.parametrize("plot", [plot_timeline, plot_waits])


def headline(picture: Picture) -> str:
    return picture.figure.texts[0].get_text()


def words(picture: Picture) -> set[str]:
    """Every text that stands in the axes or their legends."""
    texts = [text for axes in picture.figure.axes for text in axes.texts]
    texts += [text for axes in picture.figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    return {text.get_text() for text in texts}


def served_and_unserved(callers: int, limit: int, kind: type[redis.ConnectionPool], **more: Any) -> Recording:
    """Let all of them ask, and those time out who will, before any of the lucky ones brings its connection back."""
    pool = kind(connection_class=FakeConnection, max_connections=limit, **more)
    done = threading.Event()

    def caller() -> None:
        try:
            connection = pool.get_connection()
        except redis.ConnectionError:
            return
        done.wait(5)
        pool.release(connection)

    with record(pool) as recording:
        threads = [threading.Thread(target=caller, name=f"shopper-{number}") for number in range(callers)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(recording.leases) + len(recording.unserved) == callers)
        if more.get("timeout", 5) < 1:
            assert eventually(lambda: recording.timed_out == callers - limit)
        all_there = recording.duration
        assert eventually(lambda: recording.duration > all_there + 0.005)  # Waits of a length that is worth a plot.
        done.set()
        for thread in threads:
            thread.join()
    return recording


def test_refusals_are_the_headline_and_have_a_mark_of_their_own() -> None:
    picture = plot_timeline(served_and_unserved(5, 2, redis.ConnectionPool))
    assert headline(picture) == "5 callers, 2 connections: 3 refused"
    assert {"holds a connection", "refused", "limit 2"} <= words(picture)
    assert "At most 2 of 2 connections were in use, and no caller waited" in picture.alt
    assert repr(picture) == "<timeline of 5 borrows, limit 2>"


def test_waiting_is_hatched_and_has_its_length_in_the_headline() -> None:
    recording = served_and_unserved(5, 2, redis.BlockingConnectionPool)
    picture = plot_timeline(recording)
    assert re.fullmatch(r"5 callers, 2 connections: 3 waited, the longest \d+(\.\d+)? (s|ms)", headline(picture))
    assert "at most 3 callers waited at once" in picture.alt
    hatched = [patch for patch in picture.figure.axes[0].patches if patch.get_hatch() == HATCH]
    assert len(hatched) == 3


def test_who_gave_up_is_marked_in_both_plots() -> None:
    recording = served_and_unserved(3, 1, redis.BlockingConnectionPool, timeout=0.02)
    timeline, waits = plot_timeline(recording), plot_waits(recording)
    assert headline(timeline) == "3 callers, 1 connection: 2 timed out"
    assert "timed out" in words(timeline)
    assert headline(waits).endswith(", 2 timed out")
    marks = [line for line in waits.figure.axes[0].lines if line.get_marker() == "X"]
    assert len(marks) == 2


class SlowToOpen(FakeConnection):
    """Opens when it is told to."""

    opens = threading.Event()
    opening: ClassVar[list[object]] = []

    def connect(self) -> None:
        self.opening.append(self)
        assert self.opens.wait(5)
        super().connect()


def opened_for_each(callers: int) -> Recording:
    """Let all of them be opening at once."""
    pool = redis.ConnectionPool(connection_class=SlowToOpen, max_connections=callers)
    all_opened = threading.Barrier(callers, timeout=5)

    def caller() -> None:
        connection = pool.get_connection()
        all_opened.wait()
        pool.release(connection)

    SlowToOpen.opens.clear()
    SlowToOpen.opening.clear()
    with record(pool) as recording:
        threads = [threading.Thread(target=caller, name=f"shopper-{number}") for number in range(callers)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(SlowToOpen.opening) == callers)
        all_there = recording.duration
        # The last to come has to wait for about as long as the first, however slowly they came.
        assert eventually(lambda: recording.duration > 2 * all_there + 0.02)
        SlowToOpen.opens.set()
        for thread in threads:
            thread.join()
    return recording


@pytest.mark.parametrize("callers", [4, 30])
def test_who_waits_for_an_opening_is_seen_among_the_counts_and_told(callers: int) -> None:
    picture = plot_timeline(opened_for_each(callers))

    assert headline(picture) == f"{callers} callers, {callers} connections: {callers} waited for a new connection"
    at_once = f"at most {callers} callers waited for a new connection at once."
    assert f"no caller waited for a return; {at_once}" in picture.alt
    assert {"holds a connection", "opens a connection"} <= words(picture)
    pale = [area for area in picture.figure.axes[-1].collections if to_hex(area.get_facecolor()[0]) == OPENING.lower()]  # type: ignore[index]
    (area,) = pale
    heights = area.get_paths()[0].vertices[:, 1]  # type: ignore[index, call-overload]
    assert [heights.min(), heights.max()] == [0, callers]


def test_a_glance_that_was_drawn_out_is_no_opening_beside_real_ones() -> None:
    recording = opened_for_each(2)
    real = recording.leases
    glance = replace(real[0], who="late", opening=real[0].opening * 0.09)
    assert _openings([*real, glance], recording) == real


def test_a_short_use_is_not_swallowed_by_the_gap_beside_it() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=1)
    with record(pool) as recording:
        pool.release(pool.get_connection())
        assert eventually(lambda: recording.duration > 300 * recording.leases[0].held)
    (bar,) = plot_timeline(recording).figure.axes[0].patches
    assert to_hex(bar.get_edgecolor()) == IN_USE.lower()


def test_a_leak_is_told_with_its_line() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=2)
    with record(pool) as recording:
        pool.get_connection()
    (lease,) = recording.still_held()
    picture = plot_timeline(recording)
    assert headline(picture) == "1 caller, 2 connections: 1 not returned"
    assert {"not returned", lease.where} <= words(picture)
    assert f"MainThread from {lease.where}" in picture.alt


def test_a_crowd_is_drawn_as_counts_only() -> None:
    few = plot_timeline(served_and_unserved(24, 3, redis.BlockingConnectionPool))
    crowd = plot_timeline(served_and_unserved(25, 3, redis.BlockingConnectionPool))
    assert [len(few.figure.axes), len(crowd.figure.axes)] == [2, 1]
    assert len(few.figure.axes[0].get_yticklabels()) == 24


def test_waits_are_sorted_from_the_shortest() -> None:
    picture = plot_waits(served_and_unserved(4, 1, redis.BlockingConnectionPool, timeout=5))
    heights = list(picture.figure.axes[0].patches[0].get_data().values)  # type: ignore[attr-defined]
    assert len(heights) == 4
    assert heights == sorted(heights)
    assert headline(picture).startswith("Half of 4 borrows waited ")


@PLOTS
def test_a_recording_of_nothing(plot: Callable[[Recording], Picture]) -> None:
    with record(redis.ConnectionPool(connection_class=FakeConnection)) as recording:
        pass
    picture = plot(recording)
    assert picture.png().startswith(b"\x89PNG")


@PLOTS
def test_when_nobody_waited_it_says_so(plot: Callable[[Recording], Picture]) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection)
    pool.release(pool.get_connection())  # Open, so that none is opened while it is recorded.
    with record(pool) as recording:
        pool.release(pool.get_connection())
        assert eventually(lambda: recording.duration > 300 * recording.leases[0].opening)
    assert headline(plot(recording)).endswith(": no caller waited")


@PLOTS
def test_it_shows_itself_with_an_alternative_text(plot: Callable[[Recording], Picture]) -> None:
    picture = plot(served_and_unserved(2, 1, redis.ConnectionPool))
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == picture.alt
    assert f'alt="{picture.alt}"' in data["text/html"]
    assert data["text/plain"] == repr(picture)
    width, height = picture.figure.get_size_inches()
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (
        round(width * 100),
        round(height * 100),
    )


def test_pyplot_is_left_alone() -> None:
    """Its figures would be shown a second time at the end of the cell, and kept for ever."""
    code = "import sys, tutorial_lib.plots.recordings; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("plot", [plot_timeline, plot_waits])
def test_what_is_not_a_recording_is_told(plot: Callable[[Any], Picture]) -> None:
    with pytest.raises(BadSetting, match=r"recording is 3, not a Recording\. .*run_load returns there is plot_load"):
        plot(3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.3, "12 s"), (0.4, "0.40 s"), (0.0123, "12 ms"), (0.000085, "85 µs"), (0.0, "0 µs"), (0.09995, "0.10 s")],
)
def test_times_are_written_as_people_say_them(value: float, text: str) -> None:
    assert as_time(value) == text


@PLOTS
def test_what_is_no_recording_is_told_in_a_sentence(plot: Callable[[Any], Picture]) -> None:
    with pytest.raises(BadSetting, match=r"\(ConnectionPool\), not a Recording\. `with record\(pool\)"):
        plot(redis.ConnectionPool())


@PLOTS
def test_a_recording_in_which_nothing_happened_can_be_drawn(plot: Callable[[Any], Picture]) -> None:
    assert plot(record(redis.ConnectionPool())).png()


@pytest.mark.parametrize("name", ["dead $_$", "half \ud800 a letter"])
def test_a_name_is_drawn_as_it_is(name: str) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=2)
    with record(pool) as recording:
        thread = threading.Thread(target=pool.get_connection, name=name)
        thread.start()
        thread.join()
    picture = plot_timeline(recording)

    shown = name.replace("\ud800", r"\ud800")
    assert [label.get_text() for label in picture.figure.axes[0].get_yticklabels()] == [shown]
    assert f"{shown} from " in picture.alt
    assert picture.png().startswith(b"\x89PNG")


def test_a_line_of_a_file_with_a_strange_name_is_drawn() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=2)
    code = compile("keep = pool.get_connection()", "/tmp/$_$\udcff.py", "exec")
    with record(pool) as recording:
        exec(code, {"pool": pool})
    assert plot_timeline(recording).png().startswith(b"\x89PNG")
