"""Which notebooks ``check --learners`` finds, in a folder where anything may lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.checking.handing_in import FIRST_POOL, check, write
from tutorial_lib.checking import folder
from tutorial_lib.checking.folder import learners_notebooks
from tutorial_lib.errors import BadSetting

NAME = "01_your_first_pool.ipynb"


def put(path: Path, content: str = "{") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(folder: Path, *names: str) -> list[tuple[str, str, tuple[str, ...], str]]:
    return [(one.learner, one.path.name, one.exercises, one.trouble) for one in learners_notebooks(folder, names)]


def test_a_learner_is_a_folder_or_a_notebook(hand_ins: Path) -> None:
    put(hand_ins / "ada/exercises" / NAME)
    put(hand_ins / "bob 01_your_first_pool.ipynb")
    put(hand_ins / "cleo/any name.ipynb")
    put(hand_ins / "cleo/notebooks" / NAME)
    put(hand_ins / "cleo/.ipynb_checkpoints" / NAME)
    put(hand_ins / ".git/x.ipynb")
    put(hand_ins / "notes.txt")
    assert found(hand_ins) == [
        ("ada", NAME, FIRST_POOL, ""),
        ("bob 01_your_first_pool", "bob 01_your_first_pool.ipynb", FIRST_POOL, ""),
        ("cleo", "any name.ipynb", (), ""),
        ("cleo", NAME, (), ""),
    ]
    assert found(hand_ins, "00") == [("cleo", "any name.ipynb", (), ""), ("cleo", NAME, (), "")]


@pytest.mark.skipif(os.name != "posix", reason="links and bytes in names")
def test_links_are_not_followed_and_names_may_be_anything(hand_ins: Path, tmp_path: Path) -> None:
    put(tmp_path / "outside" / NAME)
    (hand_ins / "ada").mkdir()
    (hand_ins / "ada/out").symlink_to(tmp_path / "outside")
    (hand_ins / "ada/loop").symlink_to(hand_ins)
    (hand_ins / "bob").symlink_to(tmp_path / "outside")
    put(hand_ins / os.fsdecode(b"\xff\xfe") / NAME)
    assert found(hand_ins) == [(os.fsdecode(b"\xff\xfe"), NAME, FIRST_POOL, "")]


def test_a_walk_ends(hand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST_ENTRIES", 50)
    monkeypatch.setattr(folder, "MOST_NOTEBOOKS", 3)
    put(hand_ins / "deep" / "/".join("d" * 20) / NAME)
    for number in range(60):
        put(hand_ins / "many" / f"{number:02}.txt")
    for number in range(6):
        put(hand_ins / "prolific" / f"{number}.ipynb")
    told = found(hand_ins)
    assert [(who, trouble) for who, _, _, trouble in told] == [
        ("deep", "This folder is 12 folders deep and was not looked at."),
        ("many", "This learner has more than 50 files. The rest was not looked at."),
        ("prolific", ""),
        ("prolific", ""),
        ("prolific", ""),
        ("prolific", "This learner has more than 3 notebooks. This one and the rest were not run."),
    ]


def test_a_folder_that_cannot_be_read_is_told(hand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(hand_ins / "ada" / NAME)
    (hand_ins / "bob").mkdir()
    scandir = os.scandir

    def refuse(path: Path) -> object:  # root may read everything, so a mode would refuse nothing
        if Path(path).name == "bob":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [(who, trouble) for who, _, _, trouble in found(hand_ins)] == [
        ("ada", ""),
        ("bob", "This folder cannot be read: Permission denied."),
    ]
    monkeypatch.setattr(os, "scandir", lambda _: refuse(Path("bob")))
    with pytest.raises(BadSetting, match="cannot be read: Permission denied"):
        learners_notebooks(hand_ins, [])


def test_small_files_beside_a_notebook_are_there_for_it_and_the_rest_is_not(tmp_path: Path) -> None:
    put(tmp_path / "beside.csv", "5")
    put(tmp_path / "large.csv", "x" * 1_000_001)
    (tmp_path / "linked.csv").symlink_to(tmp_path / "beside.csv")
    put(tmp_path / "sub/inner.csv", "5")
    source = "import os\nraise ValueError(sorted(os.listdir('.')))"
    message = check(write(tmp_path / "02.ipynb", "01", first_pool=source), "first-pool")["first-pool"].message
    assert message == "`ValueError: ['beside.csv']`"
