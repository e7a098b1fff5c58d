"""A class of thirty, most of them hostile: thirty rows, the honest ones right, and nothing left behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.checking.a_class import make_class
from tests.waiting import eventually
from tutorial_lib.checking.folder import learners_notebooks
from tutorial_lib.checking.limits import Limits
from tutorial_lib.checking.run import Result, run

QUICK = Limits(cell=6.0, notebook=25.0, memory=1_000_000_000, output=200_000, processes=60)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a FIFO, a socket and a fork are made here")


@pytest.mark.release
def test_a_hostile_class_gets_a_row_for_each_learner(
    tmp_path: Path, hand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learners = make_class(hand_ins, tmp_path)
    # Scratch folders of this test alone: others check notebooks at the same time.
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    results: dict[tuple[str, str], Result] = {}
    for notebook, found in run(learners_notebooks(hand_ins, ["first-pool"]), {"first-pool"}, QUICK, at_once=4):
        results |= {(notebook.learner, result.exercise): result for result in found}

    assert len(learners) == 30
    assert len(results) == 30
    for learner in learners:
        result = results[learner.learner, learner.exercise]
        assert (learner.learner, result.status) == (learner.learner, learner.status), result.message
        assert learner.said in result.message
    assert not _left(scratch)
    assert not psutil.pid_exists(int((tmp_path / "daemon").read_text()))


def _left(scratch: Path) -> list[str]:
    """Return what the notebooks started and nothing has ended: processes in a scratch folder of theirs."""

    def found() -> list[str]:
        left = []
        for process in psutil.process_iter():
            try:
                if str(scratch) in process.cwd():
                    left.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return left

    eventually(lambda: not found())
    return found()
