"""The build of the lessons, on a small course of its own."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest

from tools import build_notebooks
from tools.build_notebooks import execute, lessons, main, normalise, read_source
from tutorial_lib import progress

SMALL = """\
# %% [markdown]
# # Does it add?

# %%
1 + 1

# %% tags=["nbval-ignore-output"]
import os

os.urandom(8).hex()

# %%
1 + 1

# %% jupyter={"source_hidden": true}
import ipywidgets

ipywidgets.IntSlider()
"""


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = tmp_path_factory.mktemp("course")
    source = course / "notebooks" / "source" / "00_small.py"
    source.parent.mkdir(parents=True)
    source.write_text(SMALL)
    assert main([], course) == 0
    return course


@pytest.fixture
def course(built_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built_once, tmp_path / "course"))


def source_of(course: Path) -> Path:
    return course / "notebooks" / "source" / "00_small.py"


def built_of(course: Path) -> Path:
    return course / "notebooks" / "00_small.ipynb"


def check(course: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["--check"], course)
    return code, capsys.readouterr().err


def change(course: Path, cell: int, **changes: object) -> None:
    path = built_of(course)
    notebook = json.loads(path.read_text())
    notebook["cells"][cell].update(changes)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def test_what_was_built_passes_the_check(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(course, capsys) == (0, "")


def test_building_twice_changes_no_byte_not_even_of_a_measured_cell(course: Path) -> None:
    before = built_of(course).read_bytes()
    assert main([], course) == 0
    assert built_of(course).read_bytes() == before


def test_a_measured_cell_is_measured_again_when_its_source_changes(course: Path) -> None:
    before = nbformat.read(built_of(course), as_version=4).cells[2].outputs
    source_of(course).write_text(SMALL.replace("urandom(8)", "urandom(9)"))
    assert main([], course) == 0
    assert nbformat.read(built_of(course), as_version=4).cells[2].outputs != before


def test_a_built_notebook_holds_nothing_that_varies_or_needs_jupytext(course: Path) -> None:
    notebook = nbformat.read(built_of(course), as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.metadata for cell in notebook.cells] == [
        {},
        {},
        {"tags": ["nbval-ignore-output"]},
        {},
        {"jupyter": {"source_hidden": True}},
    ]
    assert list(notebook.cells[4].outputs[0].data) == ["text/plain"]


def test_cell_ids_follow_the_content_and_stay_unique(course: Path) -> None:
    before = [cell.id for cell in read_source(source_of(course)).cells]
    source_of(course).write_text(SMALL.replace("# # Does it add?\n", "# # Does it add?\n\n# %% [markdown]\n# New.\n"))
    after = [cell.id for cell in read_source(source_of(course)).cells]
    assert len(set(before)) == len(before) == 5
    assert [cell for cell in after if cell in before] == before


def test_an_edited_source_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source_of(course).write_text(SMALL.replace("1 + 1", "1 + 2", 1))
    assert check(course, capsys) == (
        1,
        "notebooks/00_small.ipynb: cell 2 differs from its source. Run: make notebooks\n",
    )


def test_a_changed_tag_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source_of(course).write_text(SMALL.replace('# %% tags=["nbval-ignore-output"]', "# %%"))
    assert "cell 3 differs" in check(course, capsys)[1]


def test_a_cell_more_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source_of(course).write_text(SMALL + "\n# %%\n3\n")
    assert "cell 6 differs" in check(course, capsys)[1]


def test_a_cell_that_was_not_run_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(course, 1, execution_count=None, outputs=[])
    assert "cell 2 was not run in its turn" in check(course, capsys)[1]


def test_a_stored_error_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(course, 1, outputs=[{"output_type": "error", "ename": "E", "evalue": "e", "traceback": []}])
    assert "cell 2 ended in an error" in check(course, capsys)[1]


def test_a_notebook_that_jupyter_has_saved_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(course, 0, metadata={"editable": True})
    assert "something else has saved it" in check(course, capsys)[1]


def test_a_lesson_that_is_not_built_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built_of(course).unlink()
    assert "not built yet" in check(course, capsys)[1]


def test_a_notebook_without_a_source_is_found(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source_of(course).unlink()
    assert "it has no source" in check(course, capsys)[1]


def test_a_cell_that_fails_stops_the_build_and_leaves_what_was_there(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = built_of(course).read_bytes()
    source_of(course).write_text(SMALL + "\n# %%\nraise ValueError('on purpose')\n")
    assert main([], course) == 1
    assert "ValueError: on purpose" in capsys.readouterr().err
    assert built_of(course).read_bytes() == before


def test_only_the_lessons_that_are_named_are_built(course: Path) -> None:
    source_of(course).write_text(SMALL.replace("1 + 1", "1 + 2"))
    source_of(course).with_name("01_other.py").write_text("# %%\nraise ValueError('not asked for')\n")
    before = built_of(course).read_bytes()
    assert main(["00"], course) == 0
    assert built_of(course).read_bytes() != before


def test_two_cells_that_begin_with_one_id_are_told_apart_by_their_text(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [cell.id for cell in read_source(source_of(course)).cells]
    monkeypatch.setattr("nbformat.v4.nbbase.random_cell_id", lambda: "fbe727f9")
    assert [cell.id for cell in read_source(source_of(course)).cells] == expected
    assert len(set(expected)) == len(expected)


def test_a_lesson_that_is_not_there_is_told(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["01_othre"], course) == 2
    assert capsys.readouterr().err == "There is no lesson called 01_othre. There are: 00_small\n"


def test_the_lessons_of_this_course_equal_their_sources() -> None:
    assert next(built.name for _, built in lessons(Path(__file__).parent.parent)) == "00_start_here.ipynb"
    assert main(["--check"]) == 0


def test_a_plot_is_kept_as_its_png_alone() -> None:
    data = {"image/png": "iVBORw0KGgo=", "text/html": '<img alt="words">', "text/plain": "<timeline>"}
    output = nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": "words"}})
    cell = nbformat.v4.new_code_cell("plot_timeline(recording)", outputs=[output])
    normalise(nbformat.v4.new_notebook(cells=[cell]))
    assert set(cell.outputs[0].data) == {"image/png", "text/plain"}
    assert cell.outputs[0].metadata == {"image/png": {"alt": "words"}}


def test_how_far_somebody_is_is_not_built_in() -> None:
    bar = nbformat.v4.new_output("display_data", progress().mimebundle())
    cell = nbformat.v4.new_code_cell("progress()", outputs=[bar])
    normalise(nbformat.v4.new_notebook(cells=[cell]))
    assert cell.outputs == []


@pytest.mark.parametrize(
    ("failures", "tried", "raised"),
    [
        (["Kernel didn't respond in 30 seconds"], 2, None),
        (["Kernel died before replying to kernel_info"] * 2, 2, "before replying"),
        (["Kernel died"], 1, "Kernel died"),
    ],
)
def test_a_kernel_whose_port_was_taken_gets_another(
    failures: list[str], tried: int, raised: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    class Client:
        def execute(self, env: object) -> None:
            attempts.append(env)
            if len(attempts) <= len(failures):
                raise RuntimeError(failures[len(attempts) - 1])

    monkeypatch.setattr(build_notebooks, "_client", lambda notebook, folder: Client())
    with pytest.raises(RuntimeError, match=raised) if raised else nullcontext():
        execute(nbformat.v4.new_notebook(), tmp_path)
    assert len(attempts) == tried
