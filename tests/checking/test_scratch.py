"""A scratch folder goes, whatever a learner's code has made of it, and takes nothing else with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tutorial_lib.checking.scratch import remove, scratch_folder


@pytest.mark.skipif(os.name != "posix", reason="a name may not be that long on Windows")
def test_thousands_of_folders_inside_each_other_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "scratch"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1500):  # deeper than Python calls itself, and longer than a name may be
        os.mkdir("folder", dir_fd=here)
        inner = os.open("folder", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove(top)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="modes, links and a FIFO")
def test_locked_folders_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (kept / "inner").mkdir(parents=True)
    (kept / "file").write_text("mine")
    (kept / "file").chmod(0o440)
    with scratch_folder() as folder:
        top = Path(folder)
        locked = top / "a" / "locked"
        locked.mkdir(parents=True)
        os.mkfifo(locked / "fifo")
        (locked / "file").write_text("x")
        (locked / "to a folder").symlink_to(kept)
        (locked / "to a file").symlink_to(kept / "file")
        for path in (locked, locked.parent, top):
            path.chmod(0)
    assert not top.exists()
    assert (kept / "file").read_text() == "mine"
    assert (kept / "file").stat().st_mode & 0o777 == 0o440
    assert (kept / "inner").is_dir()


def test_a_folder_that_is_gone_already_is_no_error(tmp_path: Path) -> None:
    remove(tmp_path / "none")
