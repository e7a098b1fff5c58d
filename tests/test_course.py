"""The learner's copy of the course: what is written, renewed and kept, and what is never touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tutorial_lib import course
from tutorial_lib.errors import BadSetting, CourseFolderError

START = "notebooks/00_start_here.ipynb"
POOL = "notebooks/02_first_pool.ipynb"
TASKS = "exercises/ex02_first_pool.ipynb"


def a_course(folder: Path, edition: str, names: tuple[str, ...] = (START, POOL, TASKS)) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}, {edition}")
    return folder


def read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return a_course(tmp_path / "first", "first edition")


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return a_course(tmp_path / "second", "second edition")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def test_a_new_folder_gets_every_notebook(first: Path, mine: Path) -> None:
    done = course.prepare(first, mine)

    assert set(done.written) == {START, POOL, TASKS}
    assert read(mine).items() >= read(first).items()
    assert done.lines() == [f"Wrote 3 files to {mine}."]


def test_a_second_start_does_nothing_and_says_nothing(first: Path, mine: Path) -> None:
    course.prepare(first, mine)
    before = {path: path.stat().st_mtime_ns for path in mine.rglob("*")}

    done = course.prepare(first, mine)

    assert done.lines() == []
    assert {path: path.stat().st_mtime_ns for path in mine.rglob("*")} == before


def test_an_upgrade_renews_what_is_unchanged_and_keeps_what_is_not(first: Path, second: Path, mine: Path) -> None:
    course.prepare(first, mine)
    (mine / POOL).write_text("my notes")

    done = course.prepare(second, mine)

    assert (mine / POOL).read_text() == "my notes"
    assert (mine / START).read_text() == f"{START}, second edition"
    assert (set(done.renewed), done.kept) == ({START, TASKS}, (POOL,))
    assert "Renewed 2 files" in done.lines()[0]
    assert f"although the course has new versions: {POOL}." in done.lines()[1]


def a_notebook(python: str, output: str, text: str = "server.opened()") -> str:
    outputs = [{"output_type": "stream", "text": [output]}] if output else []
    cell = {"cell_type": "code", "source": [text], "outputs": outputs}
    return json.dumps({"metadata": {"language_info": {"version": python}}, "cells": [cell]})


@pytest.mark.parametrize(
    ("learner_saved", "renewed"),
    [
        (a_notebook("3.12", ""), True),  # opened only: JupyterLab notes its Python's version
        (a_notebook("3.11", "2"), False),  # run
        (a_notebook("3.11", "", "server.opened() + 1"), False),  # edited
    ],
)
def test_a_notebook_that_was_only_opened_is_renewed(
    first: Path, second: Path, mine: Path, learner_saved: str, renewed: bool
) -> None:
    (first / START).write_text(a_notebook("3.11", "1"))
    course.prepare(first, mine)
    (mine / START).write_text(learner_saved)
    assert (START in course.prepare(second, mine).renewed) is renewed


def test_what_was_kept_is_said_once_for_each_edition(first: Path, second: Path, mine: Path) -> None:
    course.prepare(first, mine)
    (mine / POOL).write_text("my notes")

    assert course.prepare(first, mine).lines() == []
    assert len(course.prepare(second, mine).kept) == 1
    assert course.prepare(second, mine).lines() == []
    assert course.prepare(first, mine).kept == (POOL,)
    assert (mine / POOL).read_text() == "my notes"


def test_a_file_kept_at_one_upgrade_is_kept_at_the_next(first: Path, second: Path, mine: Path, tmp_path: Path) -> None:
    course.prepare(first, mine)
    (mine / POOL).write_text("my notes")
    course.prepare(second, mine)

    course.prepare(a_course(tmp_path / "third", "third edition"), mine)

    assert (mine / POOL).read_text() == "my notes"


def test_a_deleted_notebook_comes_back_fresh(first: Path, second: Path, mine: Path) -> None:
    course.prepare(first, mine)
    (mine / POOL).unlink()

    assert course.prepare(second, mine).written == (POOL,)
    assert (mine / POOL).read_text() == f"{POOL}, second edition"


@pytest.mark.parametrize("memory", ["", "{", "[1, 2]", '{"notebooks/00_start_here.ipynb": 7}', "\x00", None])
def test_without_a_readable_memory_every_file_that_differs_is_the_learners(
    first: Path, second: Path, mine: Path, memory: str | None
) -> None:
    course.prepare(first, mine)
    (mine / course.MEMORY).unlink()
    if memory is not None:
        (mine / course.MEMORY).write_text(memory)
    (mine / START).write_text(f"{START}, second edition")

    done = course.prepare(second, mine)

    assert done.kept == (TASKS, POOL)
    assert (mine / POOL).read_text() == f"{POOL}, first edition"
    assert course.prepare(second, mine).lines() == []  # the memory is whole again


def test_the_learners_other_files_and_retired_lessons_are_left_alone(first: Path, mine: Path, tmp_path: Path) -> None:
    (mine / "notebooks").mkdir(parents=True)
    (mine / "notebooks" / "mine.ipynb").write_text("my own notebook")
    (mine / POOL).write_text("of the same name, and older than the course")
    course.prepare(first, mine)

    course.prepare(a_course(tmp_path / "short", "third edition", (START,)), mine)

    assert (
        read(mine).items()
        >= {
            "notebooks/mine.ipynb": "my own notebook",
            POOL: "of the same name, and older than the course",
            TASKS: f"{TASKS}, first edition",
        }.items()
    )


def test_a_link_that_the_learner_made_is_neither_followed_nor_replaced(
    first: Path, second: Path, mine: Path, tmp_path: Path
) -> None:
    course.prepare(first, mine)
    elsewhere = tmp_path / "elsewhere.ipynb"
    (mine / POOL).rename(elsewhere)
    (mine / POOL).symlink_to(elsewhere)
    (mine / TASKS).unlink()
    (mine / TASKS).symlink_to(tmp_path / "nothing")

    done = course.prepare(second, mine)

    assert set(done.kept) == {POOL, TASKS}
    assert elsewhere.read_text() == f"{POOL}, first edition"
    assert (mine / TASKS).is_symlink()


def test_a_folder_that_is_a_link_is_followed(first: Path, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    mine.symlink_to(tmp_path / "disk")

    course.prepare(first, mine)

    assert (tmp_path / "disk" / START).is_file()


def test_an_author_may_open_the_course_itself(first: Path) -> None:
    (first / START).write_text(a_notebook("3.11", "1"))
    before = read(first)

    assert course.prepare(first, first).lines() == []
    with pytest.raises(CourseFolderError, match="Name a folder of your own"):
        course.put_aside(first, first, "00")
    assert read(first) == before


# -- without outputs, and anew


def test_the_copy_has_no_outputs_and_the_course_keeps_its_own(first: Path, mine: Path) -> None:
    (first / START).write_text(a_notebook("3.11", "the answer"))
    course.prepare(first, mine)

    (cell,) = json.loads((mine / START).read_text())["cells"]
    assert (cell["source"], cell["outputs"], cell["execution_count"]) == (["server.opened()"], [], None)
    assert "the answer" in (first / START).read_text()


def test_every_page_of_the_course_is_the_same_but_for_its_outputs() -> None:
    for path in sorted(course.carried().glob("*s/*.ipynb")):
        content = path.read_bytes()
        before, after = json.loads(content), json.loads(course.without_outputs(content))
        for cell in before["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        before["metadata"].pop("widgets", None)
        assert after == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 1}', b'{"cells": [{}], "metadata": {}}', b"\xff"])
def test_what_is_no_notebook_is_copied_as_it_is(content: bytes) -> None:
    assert course.without_outputs(content) == content


def test_a_copy_that_still_has_outputs_loses_them_unless_it_was_touched(first: Path, mine: Path) -> None:
    """As after an upgrade from a version whose copies had outputs."""
    for name in (START, POOL):
        (first / name).write_text(a_notebook("3.11", "the answer"))
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text(a_notebook("3.12", "the answer"))
    marks = {name: course._mark((first / name).read_bytes()) for name in (START, POOL)}
    (mine / course.MEMORY).write_text(json.dumps(marks))
    (mine / POOL).write_text(a_notebook("3.12", "my own output"))

    done = course.prepare(first, mine)

    assert (done.renewed, done.kept) == ((START,), (POOL,))
    assert "the answer" not in (mine / START).read_text()


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        ("2", POOL),
        ("02", POOL),
        ("first_pool", POOL),
        (POOL, POOL),
        ("exercises/02", TASKS),
        ("ex02", TASKS),
        ("exercises/02_first_pool", TASKS),
        (TASKS, TASKS),
    ],
)
def test_a_page_begins_anew_and_the_old_one_stays_beside_it(first: Path, mine: Path, wanted: str, page: str) -> None:
    course.prepare(first, mine)
    stem = Path(page).stem
    for number in (1, 2):
        (mine / page).write_text(f"my notes {number}")

        assert course.put_aside(first, mine, wanted) == (page, f"{stem}.old-{number}.ipynb")
        assert course.prepare(first, mine).written == (page,)

        assert (mine / page).read_text() == f"{page}, first edition"
        assert (mine / page).with_name(f"{stem}.old-{number}.ipynb").read_text() == f"my notes {number}"


def test_a_page_that_is_not_there_yet_has_no_old_one(first: Path, mine: Path) -> None:
    assert course.put_aside(first, mine, "00") == (START, "")


@pytest.mark.parametrize(
    "wanted", ["", "99", "exercises/00", "ex00", "../../etc/passwd", "docs/summary.md", "x" * 10_000]
)
def test_a_page_that_the_course_does_not_have_is_a_sentence(first: Path, mine: Path, wanted: str) -> None:
    with pytest.raises(BadSetting, match=r"^There is no lesson .*\. The lessons are: (ex)?0") as told:
        course.put_aside(first, mine, wanted)
    assert len(str(told.value)) < 200


def test_no_half_written_file_is_left_where_the_last_step_fails(
    first: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(CourseFolderError, match="No space left on device"):
        course.prepare(first, mine)
    assert read(mine) == {}


def test_a_folder_that_cannot_be_written_is_a_sentence(first: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CourseFolderError, match=r"cannot be written to .*Choose another folder with --folder\."):
        course.prepare(first, tmp_path / "file" / "course")


def test_a_notebook_that_is_a_folder_is_kept(first: Path, mine: Path) -> None:
    (mine / POOL).mkdir(parents=True)

    assert course.prepare(first, mine).kept == (POOL,)


def test_written_files_have_the_usual_permissions(first: Path, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    course.prepare(first, mine)

    assert (mine / START).stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_folder_is_the_one_asked_for_then_the_setting_then_one_in_the_clone(tmp_path: Path) -> None:
    environ = {"TUTORIAL_FOLDER": str(tmp_path / "set")}

    assert course.folder(environ, str(tmp_path / "asked")) == tmp_path / "asked"
    assert course.folder(environ) == tmp_path / "set"
    assert course.clone() == Path(__file__).parent.parent
    assert course.folder({"TUTORIAL_FOLDER": " "}) == Path(__file__).parent.parent / "my-course"


def test_git_ignores_the_copy_in_a_clone() -> None:
    assert f"/{course.IN_A_CLONE}/" in (Path(__file__).parent.parent / ".gitignore").read_text().splitlines()


def test_an_installed_course_goes_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "PACKAGE", tmp_path / "site-packages" / "tutorial_lib")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))

    assert course.clone() is None
    assert course.folder({}) == tmp_path / "home" / "redis-pool-tutorial"


def test_a_relative_folder_is_taken_from_where_the_learner_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert course.folder({}, "here") == tmp_path / "here"


def test_nobodys_home_is_a_sentence() -> None:
    with pytest.raises(CourseFolderError, match="Give the whole path in --folder"):
        course.folder({}, f"~nobody-{os.getpid()}/course")


@pytest.mark.parametrize("text", ["", " ", "a\0b"])
def test_what_can_be_no_folders_name_is_a_sentence(text: str) -> None:
    with pytest.raises(CourseFolderError, match=r"^--folder (is empty|holds a NUL character)"):
        course.folder({}, text)


def test_a_package_without_its_lessons_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "PACKAGE", tmp_path / "tutorial_lib")

    with pytest.raises(CourseFolderError, match=r"00_start_here\.ipynb is missing"):
        course.carried()
