"""What the commands print is readable on any console, and obeyed by none."""

from __future__ import annotations

import io
import sys

import pytest

from tutorial_lib.commands.console import csv_cell, harmless, make_safe


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "+ x o ! \\xe9 ..."),
        ("latin-1", "+ x o ! é ..."),
        ("cp1252", "+ x o ! é …"),
        ("utf-8", "✓ ✗ ○ ! é …"),
    ],
)
def test_a_console_shows_what_it_can(monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    make_safe()
    print("✓ ✗ ○ ! é …", flush=True)
    print("\udcff", flush=True)  # a byte of a file name
    assert written.getvalue().decode(encoding).splitlines() == [shown, r"\xff"]


def test_an_output_that_is_no_console_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    make_safe()
    print("✓")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada", "ada"),
        ("李 Jürgen ✓", "李 Jürgen ✓"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b31m", r"\x9b31m"),  # the same in one byte
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202egnp.exe", r"\u202egnp.exe"),  # turns the writing direction
        ("\udcff\ud800", r"\xff\ud800"),
    ],
)
def test_what_a_terminal_might_obey_is_escaped(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_line_ends_of_a_message_are_kept_where_asked_for() -> None:
    assert harmless("a\n\n\x1bb", lines=True) == "a\n\n\\x1bb"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\n=1", "\uff1d1"])
def test_a_spreadsheet_calculates_nothing(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(("text", "cell"), [("a=b", "a=b"), ("", ""), ("\t=1", r"\t=1"), ("\r=1", r"\r=1")])
def test_other_cells_stay_as_they_are_or_are_escaped(text: str, cell: str) -> None:
    assert csv_cell(text) == cell
