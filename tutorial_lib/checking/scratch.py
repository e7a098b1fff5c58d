"""The folder in which one notebook runs, and how to remove it whatever was made in it."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make a folder that is removed at the end."""
    folder = tempfile.mkdtemp(prefix="redis-pool-check-")
    try:
        yield folder
    finally:
        remove(Path(folder))


def remove(top: Path) -> None:
    """Remove a folder and what is in it: locked folders, and also thousands inside each other. Never raises OSError.

    Each inner folder is moved up to ``top`` before it's emptied. So no name grows too long for the system, and nothing
    here calls itself, as shutil.rmtree does until Python gives up. Links are removed, not followed.
    """
    todo = [top]
    while todo:
        folder = todo.pop()
        with suppress(OSError):
            folder.chmod(stat.S_IRWXU)
            with os.scandir(folder) as entries:
                content = list(entries)
            todo += [inner for entry in content if (inner := _take_out(entry, top))]
            if folder != top:
                folder.rmdir()
    with suppress(OSError):
        top.rmdir()


def _take_out(entry: os.DirEntry[str], top: Path) -> Path | None:
    """Remove a file, or move a folder up and return where it is now."""
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, stat.S_IRWXU)  # noqa: PTH101  # A folder that is locked cannot be moved.
            return Path(entry.path).rename(top / secrets.token_hex(8))
        if os.name == "nt":
            os.chmod(entry.path, stat.S_IWRITE)  # noqa: PTH101
        Path(entry.path).unlink()
    return None
