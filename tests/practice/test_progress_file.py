"""The progress file when it is not as we wrote it: damaged, no regular file, too large, locked, or not there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from tutorial_lib.errors import CourseFolderError
from tutorial_lib.practice import whole_file
from tutorial_lib.practice.progress import Entry, ProgressFile, parse, progress_file


@pytest.fixture
def file(tmp_path: Path) -> ProgressFile:
    (tmp_path / "course").mkdir()
    return ProgressFile(tmp_path / "course" / "progress.json")


def copies(file: ProgressFile) -> dict[str, bytes]:
    """Return what was kept of old files, by name."""
    return {path.name: path.read_bytes() for path in file.path.parent.glob("*.old-*") if path.is_file()}


def made_fifo(path: Path) -> None:
    os.mkfifo(path)


def made_folder(path: Path) -> None:
    path.mkdir()


def device(minor: int) -> Callable[[Path], None]:
    """A device of the memory driver: 3 is null, 5 is zero, 7 is full. Root gets one of its own, which may break."""
    if os.geteuid() == 0:
        return lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    return link_to({3: "/dev/null", 5: "/dev/zero", 7: "/dev/full"}[minor])


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


# -- damaged files


def test_a_damaged_file_is_kept_byte_for_byte_and_what_can_be_read_counts(file: ProgressFile) -> None:
    file.record("first-pool", passed=True)
    file.record("greeting", passed=False)
    whole = file.path.read_bytes()
    damaged = whole[: whole.index(b"greeting") + 12]  # as after a full disk
    file.path.write_bytes(damaged)

    notice = file.record("remote-pool", passed=False)

    assert "1 exercise could be read" in notice
    assert "The old file is kept as" in notice
    assert copies(file) == {"progress.old-1.json": damaged}
    assert set(file.read().entries) == {"first-pool", "remote-pool"}
    assert file.read().notice == ""


def test_reading_a_damaged_file_changes_nothing(file: ProgressFile) -> None:
    file.path.write_bytes(b"{")
    assert "is damaged" in file.read().notice
    assert list(file.path.parent.iterdir()) == [file.path]


def test_the_next_damaged_file_gets_the_next_number_and_the_same_one_none(file: ProgressFile) -> None:
    for content in (b"{", b"[", b"{"):
        file.path.write_bytes(content)
        file.reset()
    assert copies(file) == {"progress.old-1.json": b"{", "progress.old-2.json": b"["}


def test_whatever_has_the_name_of_a_copy_is_left_alone(file: ProgressFile) -> None:
    for number, make in enumerate((made_folder, made_fifo, link_to("nowhere")), start=1):
        make(file.path.with_name(f"progress.old-{number}.json"))
    file.path.write_bytes(b"\xff{")

    assert "progress.old-4.json" in file.record("first-pool", passed=True)
    assert copies(file) == {"progress.old-4.json": b"\xff{"}
    assert not (file.path.parent / "nowhere").exists()


def test_a_copy_that_cannot_be_made_leaves_the_file_as_it_is(
    file: ProgressFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_file, "keep_copy", full)
    file.path.write_bytes(b"{precious")

    assert "No space left on device" in file.record("first-pool", passed=True)
    assert file.path.read_bytes() == b"{precious"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", {}),
        ("null", {}),
        ("[]", {}),
        ('{"version": 1}', {}),
        ('{"version": 1, "exercises": []}', {}),
        ('{"version": 0, "exercises": {"a": {"tries": 2}}}', {"a": Entry(2)}),
        ('{"version": 9, "exercises": {"a": {"tries": 2, "mood": "good"}}}', {"a": Entry(2)}),
        ('{"version": 1, "exercises": {"a": {"tries": 2, "mood": "good"}}}', {"a": Entry(2)}),
        ('{"version": 1, "exercises": {"a": {"tries": 2}}, "notes": "mine"}', {"a": Entry(2)}),
        ('{"version": 1, "exercises": {"a": {"tries": 2}, "b": 7}}', {"a": Entry(2)}),
        ('{"version": 1, "exercises": {"a": {"tries": "many"}, "b": {"tries": -1}}}', {}),
        ('{"version": 1, "exercises": {"a": {"tries": true}}}', {}),
        (f'{{"version": 1, "exercises": {{"a": {{"tries": {"9" * 4000}}}}}}}', {}),
        ('{"version": 1, "exercises": {"a": {"tries": 1, "passed_on": "\x1b[31m"}}}', {}),
        ('{"version": 1, "exercises": {"\\u001b[31m": {"tries": 1}, "\\ud800": {"tries": 1}}}', {}),
        ('{"a": {"tries": 2, "passed_on": "2026-01-31"}, "b": {"tries": }', {"a": Entry(2, "2026-01-31")}),
        ("[" * 100_000, {}),
        ('{"a":' * 100_000, {}),
        ("\ufffd\x00", {}),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_what_can_be_read_is_read_and_nothing_crashes(text: str, kept: dict[str, Entry]) -> None:
    entries, sound = parse(text.encode())
    assert entries == kept
    assert not sound


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_that_an_editor_saved_in_another_encoding_is_read(file: ProgressFile, encoding: str) -> None:
    file.record("first-pool", passed=True)
    file.path.write_text(file.path.read_text(), encoding)
    assert file.read().passed() == {"first-pool"}
    assert file.read().notice == ""


@pytest.mark.parametrize(
    "pattern", ['"a":{', '"a": ', '"a":{"tries":1},', '"', "\\", '"a":{"tries": 1, "b": ', "[", "{", "\x00"]
)
def test_a_megabyte_of_anything_is_read_within_a_second(pattern: str) -> None:
    content = (pattern * whole_file.MOST_BYTES).encode()[: whole_file.MOST_BYTES]
    start = time.process_time()
    parse(content)
    assert time.process_time() - start < 1


# -- what is no regular file


@pytest.mark.parametrize(
    "make",
    [
        made_fifo,
        made_folder,
        link_to("/dev/null"),
        link_to("/dev/full"),
        link_to("/dev/zero"),
        link_to("progress.json"),
    ],
    ids=["fifo", "folder", "null", "full", "zero", "link to itself"],
)
def test_what_is_no_regular_file_is_refused_and_left_as_it_is(file: ProgressFile, make: Callable[[Path], None]) -> None:
    make(file.path)
    before = os.lstat(file.path)

    assert file.record("first-pool", passed=True).startswith("Your progress could not be read: ")
    with pytest.raises(CourseFolderError, match=r"Name another file in TUTORIAL_PROGRESS, or set it to off\.$"):
        file.read()

    after = os.lstat(file.path)
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert copies(file) == {}


def test_a_link_is_followed_and_stays_a_link(file: ProgressFile, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "mine.json"
    file.path.symlink_to(target)

    file.record("first-pool", passed=True)  # the target is not there yet
    file.record("greeting", passed=True)

    assert file.path.is_symlink()
    assert set(json.loads(target.read_bytes())["exercises"]) == {"first-pool", "greeting"}


def test_a_link_into_a_folder_that_is_not_there_makes_none(file: ProgressFile, tmp_path: Path) -> None:
    file.path.symlink_to(tmp_path / "not mounted" / "progress.json")
    assert "No such file or directory" in file.record("first-pool", passed=True)
    assert not (tmp_path / "not mounted").exists()


def test_its_permissions_stay(file: ProgressFile) -> None:
    file.record("first-pool", passed=True)
    file.path.chmod(0o640)
    file.record("greeting", passed=True)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640


def test_a_file_that_may_not_be_written_is_told(file: ProgressFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.record("first-pool", passed=True)
    before = file.path.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    assert "Make the file and its folder writable" in file.record("greeting", passed=True)
    assert file.path.read_bytes() == before


def test_a_path_that_cannot_be_a_folder_is_told_and_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "course").write_text("a file")
    file = ProgressFile(tmp_path / "course" / "progress.json")
    assert "could not be saved" in file.record("first-pool", passed=True)
    with pytest.raises(CourseFolderError, match="TUTORIAL_PROGRESS"):
        file.reset()


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert "File name too long" in ProgressFile(tmp_path / ("x" * 300)).record("first-pool", passed=True)


def test_a_home_that_cannot_be_found_is_told_with_the_verdict() -> None:
    file = progress_file({"TUTORIAL_PROGRESS": f"~nobody-{os.getpid()}/progress.json"})
    assert file is not None
    assert "cannot be found. Give the whole path in TUTORIAL_PROGRESS." in file.record("first-pool", passed=True)


# -- its size and its lock


def test_a_file_that_is_too_large_is_told_and_left_as_it_is(file: ProgressFile) -> None:
    with file.path.open("wb") as large:
        large.truncate(50_000_000)
    assert "it is larger than 1,000,000 bytes" in file.record("first-pool", passed=True)
    assert file.path.stat().st_size == 50_000_000


def test_no_file_is_written_that_could_not_be_read_again(file: ProgressFile) -> None:
    stored = ",".join(f'"{number:060}":{{"tries":1}}' for number in range(12_400))
    file.path.write_text(f'{{"version":1,"exercises":{{{stored}}}}}')
    before = file.path.read_bytes()
    assert "larger than" in file.record("first-pool", passed=True)
    assert file.path.read_bytes() == before


def test_a_lock_that_another_program_keeps_is_told_after_a_while(
    file: ProgressFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_file, "LOCK_SECONDS", 0.1)
    file.record("first-pool", passed=True)
    holding = (
        "import sys; from pathlib import Path; from tutorial_lib.practice import whole_file\n"
        "with whole_file.locked(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", holding, file.path], stdin=pipe, stdout=pipe) as other:
        assert other.stdout
        assert other.stdout.readline() == b"locked\n"
        told = file.record("greeting", passed=True)
        assert file.read().passed() == {"first-pool"}  # reading needs no lock
    assert "another program has kept it locked for more than 0.1 seconds" in told
    assert file.record("greeting", passed=True) == ""


def test_a_disk_without_locks_is_used_without_them(file: ProgressFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(self: object, **options: float) -> None:
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, "acquire", no_locks)
    assert file.record("first-pool", passed=True) == ""
    assert file.read().passed() == {"first-pool"}


def test_a_lock_file_that_links_to_something_of_the_learners_leaves_that_alone(file: ProgressFile) -> None:
    notes = file.path.with_name("notes.txt")
    notes.write_text("precious")
    file.path.with_name(".progress.json.lock").symlink_to(notes)
    file.record("first-pool", passed=True)
    assert notes.read_text() == "precious"
