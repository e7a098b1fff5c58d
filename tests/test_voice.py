"""The pages and messages use the field's words, one for each thing: none of those that voice.md's table rules out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.lessons import EXERCISES, LESSONS, name_of, read
from tests.test_documents import DOCUMENTS, TOP

RULED_OUT = {
    "say borrow": r"\b(lend|lends|lent|lending)\b",
    "say return": r"\b(give|gives|gave|giving|bring|brings|brought) (back|(it|them|one|the connections?) back)\b",
    "say open, close, disconnect": r"\bh(ang|angs|anging|ung) up\b|\b(on|at) the wire\b",
    "say exhausted": r"\b(full|empty) pool\b|\bpool is (full|empty)\b",
    "say refuse or raise": r"\bturn(s|ed|ing)? away\b",
    "say request, caller or thread": r"\b(visitors?|clerks?|whoever|whom|somebody|anybody)\b",
    "say retry or attempt": r"\bknock(s|ed)?\b",
    "say timeout": r"\bpatience\b",
    "say fix": r"\bmend(s|ed|ing)?\b",
    "say database 0": r"\bdrawers?\b",
    "say at random": r"\bby chance\b",
    "say it in the present": r"\bshall\b",
}


def complaints(text: str) -> list[str]:
    """Return each ruled-out word of a text, with what to say instead."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return [
        f"{found[0]!r}: {remedy}"
        for remedy, pattern in RULED_OUT.items()
        for found in re.finditer(pattern, without_code, re.IGNORECASE)
    ]


def words_of(path: Path) -> str:
    """Return what is read in a notebook: its prose, its questions with their replies, its comments."""
    return "\n\n".join(cell.source for cell in read(path).cells)


@pytest.mark.parametrize("path", [*LESSONS, *EXERCISES], ids=name_of)
def test_a_notebook_uses_the_words_of_the_field(path: Path) -> None:
    assert complaints(words_of(path)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_uses_the_words_of_the_field(document: str) -> None:
    assert complaints((TOP / document).read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted(TOP.glob("tutorial_lib/**/*.py")), ids=lambda path: str(path.relative_to(TOP)))
def test_messages_labels_and_docstrings_use_the_words_of_the_field(path: Path) -> None:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    assert [complaint for text in texts if isinstance(text, str) for complaint in complaints(text)] == []


def test_it_finds_what_is_ruled_out() -> None:
    assert complaints("The pool lent it; nobody knocked.") == [
        "'lent': say borrow",
        "'knocked': say retry or attempt",
    ]
    assert complaints("Run `lent = 3`.") == []
