"""What is told of a program holds no password: lines of code, command lines and error texts are cleaned of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

HIDDEN = "***"

_IN_A_URL = re.compile(r"(\w://)[^\s'\"]*@")
_SPEAKS_OF_ONE = re.compile(r"pass|pwd|secret|token|auth|credential", re.IGNORECASE)
_STRING = re.compile(r"(['\"])(?:\\.|(?!\1).)*\1")
_ARGUMENTS = re.compile(r"(with args beginning with).*", re.DOTALL | re.IGNORECASE)
"""A server quotes the arguments of a command that it does not know."""


def in_code(text: str) -> str:
    """Return a line of code without the user and password of a URL; without any string if it speaks of a password."""
    text = _IN_A_URL.sub(rf"\1{HIDDEN}@", text)
    return _STRING.sub(rf"\1{HIDDEN}\1", text) if _SPEAKS_OF_ONE.search(text) else text


def in_error(error: object) -> str:
    """Return the text of an error, without what a server or a URL may have brought into it, 200 characters at most."""
    return in_code(_ARGUMENTS.sub(rf"\1 {HIDDEN}", str(error)))[:200]


def in_command(words: Sequence[str]) -> list[str]:
    """Return a command line without passwords: those in a URL, and the value of an option that is named after one."""
    cleaned: list[str] = []
    for word in words:
        before = cleaned[-1] if cleaned else ""
        name, equals, _ = word.partition("=")
        if before.startswith("-") and "=" not in before and _SPEAKS_OF_ONE.search(before) and not word.startswith("-"):
            cleaned.append(HIDDEN)
        elif equals and _SPEAKS_OF_ONE.search(name):
            cleaned.append(f"{name}={HIDDEN}")
        else:
            cleaned.append(_IN_A_URL.sub(rf"\1{HIDDEN}@", word))
    return cleaned
