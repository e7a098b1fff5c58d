"""A notebook goes on where a lab can't be had: cells that would use it are skipped, and no other cell is."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tutorial_lib import close_labs, start_lab, start_tls
from tutorial_lib.errors import ServerNotFound
from tutorial_lib.notebook.skipping import Missing, missing_in

LAB = Missing("start_tls()", "A TLS server needs a redis-server.")


@pytest.mark.parametrize(
    "source",
    [
        "tls.port",
        "for way in (1, tls): pass",
        "def use():\n    def inner():\n        return tls.port\n    return inner()",
        "use = lambda: tls.port",
        "tls = tls.again()",
        "[tls.port for number in range(3)]",
        "await tls.aclose()",
        "for tls in tls.nodes: pass",
        "with tls: pass",
        "if other:\n    pass\nelse:\n    tls.port",
        "try:\n    tls.ping()\nfinally:\n    pass",
        "try:\n    pass\nexcept OSError as error:\n    tls.port",
        "while tls: pass",
    ],
)
def test_a_cell_that_reads_what_is_missing_is_found(source: str) -> None:
    assert missing_in(ast.parse(source), {"tls": LAB}) is LAB


@pytest.mark.parametrize(
    "source",
    [
        "tls = 1\ntls + 1",
        "def use(tls):\n    return tls.port",
        "[tls.port for tls in ()]",
        "other.tls",
        "import tls\ntls.port",
        "",
        "async with other as tls:\n    tls.port",
        "for tls in other:\n    tls.port",
        "try:\n    other()\nexcept OSError as tls:\n    print(tls)",
    ],
)
def test_a_cell_that_makes_it_anew_or_has_a_name_like_it_is_not(source: str) -> None:
    assert missing_in(ast.parse(source), {"tls": LAB, "other": 1}) is None


def test_what_is_missing_is_false_and_says_what_it_needs() -> None:
    assert not LAB
    assert repr(LAB) == "A TLS server needs a redis-server. The cells that need it are skipped."


def test_outside_a_notebook_the_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    with pytest.raises(ServerNotFound, match="TLS server needs"):
        start_lab(start_tls)
    close_labs()


def test_a_notebook_goes_on_and_each_cell_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    sources = [
        "from tutorial_lib import close_labs, start_lab, start_tls\ntls = start_lab(start_tls)\ntls",
        "port = tls.port\nport",
        "for turn in range(2):\n    print(port)",  # what a skipped cell would have made is missing, too
        "port = 1\nport",
        "close_labs()\n2",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, kernel_name="python3").execute()

    shown = [output.get("text") or output.data["text/plain"] for cell in notebook.cells for output in cell.outputs]
    skipped = "This cell was skipped, because start_tls() could start nothing here. The cell that calls it says why.\n"
    assert shown[0].startswith("A TLS server needs a redis-server or valkey-server, and TUTORIAL_SERVER is fake.")
    assert shown[1:] == [skipped, skipped, "1", "2"]
