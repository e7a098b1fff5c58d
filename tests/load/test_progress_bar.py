"""A progress bar is there for long runs, and leaves nothing behind that a comparison of outputs would see."""

from __future__ import annotations

import contextlib
import io
import threading

import nbformat
import pytest
from nbclient import NotebookClient

from tutorial_lib.load.progress_bar import ProgressBar, is_worth_showing


@pytest.mark.parametrize(
    ("elapsed", "part", "shown"),
    [(0.1, 0.0, False), (0.6, 0.5, False), (0.6, 0.2, True), (1.9, 0.99, False), (2.1, 0.99, True), (9, 3.0, True)],
)
def test_it_shows_what_will_take_over_two_seconds(elapsed: float, part: float, shown: bool) -> None:
    assert is_worth_showing(elapsed, part) is shown


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_for_long(label: str = "PING") -> None:
    time = [0.0]
    with ProgressBar(label, now=lambda: time[0]) as bar:
        for part in (0.0, 0.1, 0.5, 1.0):
            time[0] += 10
            bar.show(part)


def test_on_a_terminal_it_is_a_line_of_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")

    run_for_long()

    assert "PING" in screen.getvalue()
    assert "100%" in screen.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "label", ["SET doc [/path]", "SET doc [red]", "GET user:fire:1", "SET doc \\[x]", "SET {task}"]
)
def test_a_command_is_shown_as_it_is_typed(monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    """What rich would take for markup, or for the name of an emoji."""
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")

    run_for_long(label)

    assert label in screen.getvalue()


def test_after_an_interrupt_nothing_is_left_and_no_thread_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, time = Screen(), [0.0]
    monkeypatch.setattr("sys.stderr", screen)
    before = threading.enumerate()
    with contextlib.suppress(KeyboardInterrupt), ProgressBar("PING", now=lambda: time[0]) as bar:
        time[0] = 10
        bar.show(0.5)
        assert threading.enumerate() == before
        raise KeyboardInterrupt
    assert " 50%" in screen.getvalue()
    assert screen.getvalue().split("\r")[-2:] == [" " * len(screen.getvalue().split("\r")[-3]), ""]


def test_in_a_log_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    run_for_long()

    assert capsys.readouterr() == ("", "")


NOTEBOOK = """
from tests.load.test_progress_bar import run_for_long
run_for_long()
"""


def test_in_a_notebook_it_is_a_widget_and_nothing_else() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    NotebookClient(notebook, timeout=30).execute()

    (output,) = notebook.cells[0].outputs
    assert list(output.data) == ["application/vnd.jupyter.widget-view+json"], "the only kind that nbval skips"
    states = [model["state"] for model in notebook.metadata.widgets.values().__iter__().__next__()["state"].values()]
    assert [state["value"] for state in states if "bar_style" in state] == [1.0]
    assert "hidden" in [state.get("visibility") for state in states], "what a saved notebook keeps is invisible"
