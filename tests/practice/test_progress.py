"""Progress: the file, two notebooks at once, broken files, and the code that takes it elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.practice import progress_code
from tutorial_lib.practice.progress import Entry, ProgressFile, counted, parse, progress_path


@pytest.fixture
def file(tmp_path: Path) -> ProgressFile:
    return ProgressFile(tmp_path / "course" / "progress.json")


def test_no_file_is_no_progress(file: ProgressFile) -> None:
    assert file.read().entries == {}
    assert not file.path.exists()


def test_tries_are_counted_until_it_passes(file: ProgressFile) -> None:
    for passed in (False, False, True, False, True):
        assert file.record("first-pool", passed) == ""
    entry = file.read().entries["first-pool"]
    assert entry.tries == 3
    assert entry.passed_on
    assert file.read().passed() == {"first-pool"}


def test_a_person_can_read_the_file(file: ProgressFile) -> None:
    file.record("first-pool", passed=False)
    stored = json.loads(file.path.read_text())
    assert stored["exercises"] == {"first-pool": {"tries": 1}}
    assert stored["version"] == 1
    assert "redis-pool-tutorial progress --reset all" in stored["about"]


def test_a_passed_exercise_is_not_written_again(file: ProgressFile) -> None:
    file.record("first-pool", passed=True)
    written = file.path.stat().st_mtime_ns, file.path.stat().st_ino
    file.record("first-pool", passed=False)
    assert (file.path.stat().st_mtime_ns, file.path.stat().st_ino) == written


def test_one_exercise_or_all_can_be_forgotten(file: ProgressFile) -> None:
    for name in ("first-pool", "greeting", "remote-pool"):
        file.record(name, passed=True)
    file.reset(["greeting"])
    assert file.read().passed() == {"first-pool", "remote-pool"}
    file.reset()
    assert file.read().entries == {}


def test_four_notebooks_at_once_lose_nothing(file: ProgressFile) -> None:
    code = (
        "import sys; from pathlib import Path; from tutorial_lib.practice.progress import ProgressFile\n"
        "file = ProgressFile(Path(sys.argv[1]))\n"
        "for turn in range(25): file.record('shared', False); file.record(f'{sys.argv[2]}-{turn}', True)\n"
    )
    notebooks = [subprocess.Popen([sys.executable, "-c", code, file.path, f"n{number}"]) for number in range(4)]
    assert [notebook.wait(timeout=60) for notebook in notebooks] == [0] * 4
    now = file.read()
    assert now.entries["shared"].tries == 100
    assert len(now.passed()) == 100
    assert now.notice == ""


# -- files that are not as we wrote them


def test_a_broken_file_is_set_aside_and_what_can_be_read_is_kept(file: ProgressFile) -> None:
    file.record("first-pool", passed=True)
    file.record("greeting", passed=False)
    whole = file.path.read_text()
    file.path.write_text(whole[: whole.index("greeting") + 12])  # as after a full disk

    now = file.read()

    assert now.passed() == {"first-pool"}
    assert "progress.old-1.json" in now.notice
    assert "1 exercise" in now.notice
    aside = file.path.with_name("progress.old-1.json")
    assert aside.read_text() == file.path.read_text()


def test_reading_a_broken_file_twice_sets_it_aside_once_and_saving_mends_it(file: ProgressFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text("{")
    assert file.read().notice
    assert file.read().notice
    assert "set aside" not in file.record("first-pool", passed=True)
    assert file.read().notice == ""
    assert sorted(path.name for path in file.path.parent.glob("progress*")) == ["progress.json", "progress.old-1.json"]


def test_the_next_broken_file_gets_the_next_number(file: ProgressFile) -> None:
    file.path.parent.mkdir()
    for text in ("{", "["):
        file.path.write_text(text)
        file.read()
    assert file.path.with_name("progress.old-1.json").read_text() == "{"
    assert file.path.with_name("progress.old-2.json").read_text() == "["


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
        ('{"version": 1, "exercises": {"a": {"tries": 2}, "b": 7}}', {"a": Entry(2)}),
        ('{"version": 1, "exercises": {"a": {"tries": "many"}, "b": {"tries": -1}}}', {}),
        ('{"version": 1, "exercises": {"a": {"tries": true}}}', {}),
        ('{"a": {"tries": 2, "passed_on": "2026-01-31"}, "b": {"tries": }', {"a": Entry(2, "2026-01-31")}),
        ("\ufffd\x00", {}),
    ],
)
def test_what_can_be_read_is_read_and_nothing_crashes(text: str, kept: dict[str, Entry]) -> None:
    entries, sound = parse(text)
    assert entries == kept
    assert not sound


def test_bytes_that_are_no_text_are_set_aside(file: ProgressFile) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(b"\xff\xfe\x00{")
    assert "kept (0 exercises)" in file.read().notice


def test_a_path_that_cannot_be_a_folder_is_told_and_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "course").write_text("a file")
    file = ProgressFile(tmp_path / "course" / "progress.json")
    assert "could not be saved" in file.record("first-pool", passed=True)
    with pytest.raises(CourseFolderError, match="TUTORIAL_PROGRESS"):
        file.reset()


def test_a_folder_in_the_files_place_is_told(file: ProgressFile) -> None:
    file.path.mkdir(parents=True)
    assert "could not be read" in file.record("first-pool", passed=True)


def test_where_it_is(tmp_path: Path) -> None:
    folder = {"TUTORIAL_FOLDER": str(tmp_path)}
    assert progress_path(folder) == tmp_path / "progress.json"
    assert progress_path({**folder, "TUTORIAL_PROGRESS": "off"}) is None
    assert progress_path({**folder, "TUTORIAL_PROGRESS": "/else/where.json"}) == Path("/else/where.json")
    assert progress_path(folder, str(tmp_path / "asked")) == tmp_path / "asked" / "progress.json"


def test_once_passed_it_stays_passed() -> None:
    entry = Entry(2, "2026-01-31")
    assert counted(entry, passed=False) is entry
    assert counted(None, passed=False) == Entry(1)


# -- the code

PLACES = {"pool-party": 0, "first-pool": 16, "greeting": 17, "far": 100}


@pytest.mark.parametrize(
    "passed", [set(), {"pool-party"}, {"first-pool"}, {"greeting", "far"}, set(PLACES)], ids=lambda names: len(names)
)
def test_a_code_says_what_was_put_in(passed: set[str]) -> None:
    assert progress_code.decode(progress_code.encode(passed, PLACES), PLACES) == passed


def test_a_code_is_short_and_reads_well() -> None:
    code = progress_code.encode({"pool-party", "first-pool", "greeting"}, PLACES)
    assert len(code) == 12
    assert progress_code.decode(f"  {code.lower().replace('-', ' ')} ", PLACES) == {
        "pool-party",
        "first-pool",
        "greeting",
    }


def test_lookalikes_are_taken_for_what_they_look_like() -> None:
    code = progress_code.encode({"pool-party"}, PLACES)
    assert "0" in code
    assert progress_code.decode(code.replace("0", "O").replace("1", "l"), PLACES) == {"pool-party"}


def test_every_wrong_letter_swap_and_missing_letter_is_told() -> None:
    code = progress_code.encode({"pool-party", "first-pool", "far"}, PLACES).replace("-", "")
    slips = {
        code[:at] + letter + code[at + 1 :] for at in range(len(code)) for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    }
    slips |= {code[:at] + code[at + 1 :] for at in range(len(code))}
    slips |= {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)}
    for slip in slips - {code}:
        with pytest.raises(BadSetting, match=r"typing mistake|newer version"):
            progress_code.decode(slip, PLACES)


@pytest.mark.parametrize("code", ["", "-", "hello!", "0", "00", "%%%", "U", "ü" * 9, "Z" * 200])
def test_what_is_no_code_gets_a_sentence(code: str) -> None:
    with pytest.raises(BadSetting, match=r"is not a progress code|typing mistake"):
        progress_code.decode(code, PLACES)


def test_an_exercise_that_this_version_does_not_have_is_left_out() -> None:
    code = progress_code.encode({"pool-party", "far"}, PLACES)
    assert progress_code.decode(code, {"pool-party": 0}) == {"pool-party"}
