"""Take a notebook, and what lies beside it, out of a folder that is not trusted."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path

LARGEST_NOTEBOOK = 20_000_000  # bytes
LARGEST_HELPER = 1_000_000
MOST_HELPERS = 50


class Unreadable(Exception):
    """A file cannot be taken. The message says why, and fits behind a colon."""


def read_notebook(path: Path) -> bytes:
    """Return a notebook's bytes. Never waits, follows no link and opens no device, whatever the name stands for."""
    return _read_regular(path, LARGEST_NOTEBOOK)


def copy_helpers(source: Path, target: Path) -> None:
    """Copy the small files that lie beside a notebook, since a cell may import or read them."""
    with suppress(OSError), os.scandir(source) as entries:
        for entry in islice(entries, MOST_HELPERS):
            if not entry.name.startswith(".") and not entry.name.endswith(".ipynb"):
                with suppress(Unreadable, OSError):
                    (target / entry.name).write_bytes(_read_regular(Path(entry.path), LARGEST_HELPER))


def _read_regular(path: Path, largest: int) -> bytes:
    try:
        _refuse_unless_regular(path.lstat(), largest)  # first by name, because opening a device may do something
        # The name may stand for something else by now: the flags keep open() from following a link or waiting.
        flags = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        with os.fdopen(os.open(path, flags), "rb") as file:
            _refuse_unless_regular(os.fstat(file.fileno()), largest)
            content = file.read(largest + 1)
    except OSError as error:
        raise Unreadable(error.strerror or type(error).__name__) from None
    if len(content) > largest:
        raise Unreadable(_too_large(largest))
    return content


def _refuse_unless_regular(found: os.stat_result, largest: int) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise Unreadable("it is a link, and links are not followed")
    if stat.S_ISDIR(found.st_mode):
        raise Unreadable("it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("it is not a regular file")
    if found.st_size > largest:
        raise Unreadable(_too_large(largest))


def _too_large(largest: int) -> str:
    return f"it is larger than {largest / 1e6:g} MB"
