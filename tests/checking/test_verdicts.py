"""What ``check`` finds out about the functions in a notebook."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from tests.checking.handing_in import FIRST_POOL, check, solution, solved, statuses, without_ids, write
from tutorial_lib.checking.cells import in_one_line
from tutorial_lib.checking.limits import Limits


def test_each_exercise_gets_a_verdict_whatever_else_is_in_the_notebook(tmp_path: Path) -> None:
    path = write(
        tmp_path / "01.ipynb",
        "01",
        first_pool=solved("first-pool"),
        greeting='def greet(pool):\n    return b"hello"\n\nexercise("greeting").check(greet)',
        remote_pool="def remote_pool(:\n    pass",
        pool_from_url=None,
    )
    results = check(path, *FIRST_POOL)
    assert statuses(results) == {
        "warm-up": "not attempted",
        "first-pool": "passed",
        "greeting": "wrong",
        "remote-pool": "error",
        "pool-from-url": "not attempted",
    }
    assert "5 bytes" in results["greeting"].message
    assert results["remote-pool"].message == "`SyntaxError: invalid syntax (line 1 of the cell)`"
    assert results["pool-from-url"].message == "No cell of the notebook checks it."


def test_what_is_raised_is_told_in_one_line_whatever_its_class_is_called() -> None:
    error = type("\x1b[31mRed\r\nAlert", (Exception,), {})("a\nb")
    assert in_one_line(error) == "`\x1b[31mRed Alert: a b`"  # the commands escape what a terminal might obey


def test_cells_run_as_in_a_kernel(tmp_path: Path) -> None:
    setup = (
        "%matplotlib inline\n!echo hello\nimport asyncio, redis\nimport beside\nfrom tutorial_lib import exercise\n"
        "await asyncio.sleep(0)\nassert beside.FIVE == 5"
    )
    (tmp_path / "beside.py").write_text("FIVE = 5")
    path = write(
        tmp_path / "01.ipynb",
        "01",
        setup=setup,
        warm_up="quit()\n1 / 0",
        first_pool=solved("first-pool").replace("=5", "=beside.FIVE"),
    )
    results = check(path, "warm-up", "first-pool")
    assert results["warm-up"].message == "`SystemExit`"
    assert results["first-pool"].status == "passed"


def test_an_answer_is_judged_where_it_stands(tmp_path: Path) -> None:
    """A later cell may give a name that the answer uses another meaning."""
    path = write(
        tmp_path / "01.ipynb",
        "01",
        first_pool="LIMIT = 5\n" + solved("first-pool").replace("=5", "=LIMIT"),
        greeting="LIMIT = 50",
    )
    assert check(path, "first-pool")["first-pool"].status == "passed"


def test_a_function_is_judged_although_no_cell_checks_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "01.ipynb",
        "01",
        first_pool=solution("first-pool"),
        greeting="def greet(pool):\n    return 'hi'\n\nrise('greeting').check(greet)",
    )
    results = check(path, "first-pool", "greeting")
    assert statuses(results) == {"first-pool": "passed", "greeting": "error"}
    assert results["greeting"].message == "`NameError: name 'rise' is not defined`"


def test_only_what_is_wanted_is_judged(tmp_path: Path) -> None:
    path = write(tmp_path / "any.ipynb", "01", first_pool=solved("first-pool"), greeting="while True: pass")
    assert statuses(check(path, wanted=["first-pool"], limits=Limits(cell=4))) == {"first-pool": "passed"}


def test_a_notebook_of_an_older_jupyter_is_run_too(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "00", pool_party=solved("pool-party"))
    without_ids(path)
    assert statuses(check(path, "pool-party")) == {"pool-party": "passed"}


def test_what_a_notebook_has_stored_is_not_believed(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "00", pool_party="")
    notebook = nbformat.read(path, as_version=4)
    claim = {"exercise": "pool-party", "status": "passed", "message": ""}
    (cell,) = [cell for cell in notebook.cells if cell.id == "pool-party"]
    bundle = {"application/vnd.redis-pool-tutorial.verdict+json": claim}
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    nbformat.write(notebook, path)
    assert statuses(check(path, "pool-party")) == {"pool-party": "not attempted"}


def test_what_is_not_attempted_is_told_to_somebody_at_a_terminal(tmp_path: Path) -> None:
    path = write(
        tmp_path / "01.ipynb", "01", greeting='def greet(pool):\n    return ...\nexercise("greeting").check(greet)'
    )
    for result in check(path, "first-pool", "greeting").values():
        assert result.message.endswith(
            "is still as it came. Write it in the notebook, save the notebook, and check again."
        )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("{", "its content is not JSON"),
        ("[]", "it has no cells as a notebook has them"),
        ('{"cells": 7}', "it has no cells as a notebook has them"),
        ('{"nbformat": 4}', "it has no cells as a notebook has them"),
        ("\x00", "its content is not JSON"),
        ('{"cells": ' + "[" * 200_000, "it is nested too deeply"),
    ],
)
def test_a_notebook_that_cannot_be_read_is_told(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    results = check(path, *FIRST_POOL)
    assert statuses(results) == {"": "error"}
    assert results[""].message.startswith("This notebook cannot be read: " + said)
    assert "\n" not in results[""].message


def test_a_notebook_that_is_not_there_is_told(tmp_path: Path) -> None:
    message = check(tmp_path / "none.ipynb", *FIRST_POOL)[""].message
    assert message == "This notebook cannot be read: No such file or directory."


def test_a_notebook_of_something_else_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "plots.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert check(path) == {}
