"""A NameError in a lesson names the cell to run first."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.lessons import LESSONS, code, read
from tutorial_lib.commands.jupyterlab import environment
from tutorial_lib.notebook.missing_name import explain_missing_names, line_that_makes

CELLS = [
    "import redis\nfrom tutorial_lib import start_server as start",
    "%matplotlib inline",
    "@contextmanager\ndef greet():\n    inside = 1",
    "opened = 0\npool = redis.ConnectionPool(\n    port=1,\n)",
    "for number in range(3):\n    pass",
    "with open('x') as file, record(pool) as recording:\n    view = lambda r: r",
    "print(pool, number)",
    "number = 3\npool = redis.ConnectionPool()",
]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("redis", "import redis"),
        ("start", "from tutorial_lib import start_server as start"),
        ("greet", "def greet():"),
        ("pool", "pool = redis.ConnectionPool("),  # of the two, the one above
        ("number", "for number in range(3):"),
        ("recording", "with open('x') as file, record(pool) as recording:"),
        ("view", "with open('x') as file, record(pool) as recording:"),
    ],
)
def test_the_nearest_line_above_that_makes_a_name_is_found(name: str, line: str) -> None:
    assert line_that_makes(name, CELLS, running=CELLS[6]) == line


@pytest.mark.parametrize("name", ["inside", "r", "start_server", "nowhere"])
def test_what_no_cell_makes_is_not_found(name: str) -> None:
    assert line_that_makes(name, CELLS, running=CELLS[6]) is None


def test_a_cell_that_is_not_in_the_file_may_need_any_of_them() -> None:
    assert line_that_makes("pool", CELLS, running="pool.edited()") == "pool = redis.ConnectionPool()"


def test_outside_a_notebook_nothing_happens() -> None:
    explain_missing_names()


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    cells = ["from tutorial_lib import start_server\nserver = start_server()", "# a pool\nlimit = 3", "limit + 1"]
    path = tmp_path / "lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    return path


def error_of(sources: list[str], notebook: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run these cells, of which the last fails, in a kernel that believes to belong to ``notebook``."""
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setenv("JPY_SESSION_NAME", notebook)
    ran = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    with pytest.raises(CellExecutionError):
        NotebookClient(ran, timeout=60, kernel_name="python3").execute()
    (shown,) = [output for output in ran.cells[-1].outputs if output.output_type == "error"]
    assert shown.ename == "NameError"
    return list(shown.traceback)


def test_a_cell_that_was_run_too_early_says_which_one_it_needs(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _, third = (cell.source for cell in code(read(lesson)))
    assert error_of([first, third], str(lesson), monkeypatch) == [
        "`limit` is not there yet. The cell above with `limit = 3` makes it.",
        "Run that one first, or choose Run → Run All Above Selected Cell.",
    ]


def test_under_lab_that_holds_for_the_first_cell_of_all(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", environment(lesson.parent, {})["PYTHONSTARTUP"])
    third = code(read(lesson))[2].source
    said = error_of([third], str(lesson), monkeypatch)
    assert said[0].startswith("`limit` is not there yet.")

    names = "sorted(name for name in get_ipython().user_ns_hidden if not name.startswith('_'))"
    error = error_of([f"raise NameError({names})"], "", monkeypatch)[-1]
    assert "tutorial" not in error
    assert "explain" not in error


@pytest.mark.parametrize("notebook", ["", "/nowhere/lesson.ipynb"])
def test_where_the_notebook_is_not_known_python_speaks(
    lesson: Path, monkeypatch: pytest.MonkeyPatch, notebook: str
) -> None:
    first, _, third = (cell.source for cell in code(read(lesson)))
    assert "name 'limit' is not defined" in error_of([first, third], notebook, monkeypatch)[-1]


def test_a_slip_of_the_pen_is_shown_as_python_shows_it(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _ = (cell.source for cell in code(read(lesson)))
    said = error_of([first, second, "limmit"], str(lesson), monkeypatch)
    assert "name 'limmit' is not defined" in said[-1]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_begins_with_the_cells_that_make_this_work(path: Path) -> None:
    assert "start_server(" in "\n".join(cell.source for cell in code(read(path))[:2])
