"""What the commands print, on any console and whatever a text brings with it."""

from __future__ import annotations

import codecs
import shutil
import sys
import textwrap
from io import TextIOWrapper
from typing import TextIO

_IN_ASCII = {"✓": "+", "✗": "x", "○": "o", "●": "*", "…": "...", "→": "->", "—": "-", "\u2013": "-", "·": "-"}
_IN_ASCII |= {"█": "#", "░": "."}


def make_safe() -> None:
    """From now on, print a readable stand-in for each character that the console has no sign for, such as ``+`` for ✓.

    Call it once, before a command prints anything: otherwise Python ends it with a UnicodeEncodeError.
    """
    codecs.register_error("readable", _readable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not where a test or a GUI has put something else
            stream.reconfigure(errors="readable")


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(sign) or _escaped(sign) for sign in missing), error.end


def harmless(text: str, *, lines: bool = False) -> str:
    """Return a text of unknown origin with everything escaped that a terminal might obey. ``lines`` keeps line ends."""
    return "".join(sign if sign.isprintable() or (lines and sign == "\n") else _escaped(sign) for sign in text)


def say(text: str, *, stream: TextIO | None = None, indent: int = 0) -> None:
    """Print a text of unknown origin, harmless, on stdout or ``stream``.

    On a terminal, lines break between words. ``indent`` is where the text begins on its line; the lines that follow
    begin there, too.
    """
    stream = stream or sys.stdout
    text = harmless(text, lines=True)
    if stream.isatty():
        left = " " * indent
        wrap = textwrap.TextWrapper(
            width=shutil.get_terminal_size().columns,
            initial_indent=left,
            subsequent_indent=left,
            break_long_words=False,
            break_on_hyphens=False,
        )
        text = "\n".join(wrap.fill(line) for line in text.splitlines())[indent:]
    print(text, file=stream, flush=True)


def _escaped(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte of a file name that is not UTF-8
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode("ascii")


def csv_cell(text: str) -> str:
    """Return a text that a spreadsheet shows and does not calculate, as it would ``=HYPERLINK(…)``."""
    text = harmless(text, lines=True)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else text  # noqa: RUF001
