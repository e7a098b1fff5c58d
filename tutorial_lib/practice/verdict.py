"""What a check says about an answer, and how that is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from tutorial_lib.notebook.shell import in_notebook

Status = Literal["passed", "wrong", "not attempted", "error"]

MARKS: dict[Status, str] = {"passed": "✓", "wrong": "✗", "not attempted": "○", "error": "!"}

# The terminal's `check` reads verdicts under this type out of an executed notebook.
VERDICT_MIME = "application/vnd.redis-pool-tutorial.verdict+json"

_LONGEST = 80  # characters of a learner's value
_HEADINGS: dict[Status, str] = {
    "passed": "Passed",
    "wrong": "Not yet",
    "not attempted": "Not attempted",
    "error": "Your code stopped",
}
_CARDS: dict[Status, str] = {
    "passed": "passed",
    "wrong": "wrong",
    "not attempted": "blank",
    "error": "error",
}


class Wrong(Exception):
    """Raised by a check. The message names the mistake, what it led to in numbers, and the idea to look at."""


class NotAttempted(Exception):
    """Raised by a check when the answer is still what the learner was given to start from."""


class Lacking(NotAttempted):
    """Raised by a check when this machine lacks what the exercise needs, such as a redis-server with TLS."""


def try_again() -> str:
    """Say how an answer is checked again where it is being checked: in a notebook or in a terminal."""
    return "run the cell again" if in_notebook() else "check it again"


def shown(value: object) -> str:
    """Return a learner's value as it may stand in a message: its repr as code, on one line and not too long.

    Addresses are left out, because they change from run to run.
    """
    try:
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(value).split()))
        text = re.sub(r"\bEllipsis\b", "...", text)
    except Exception:  # a repr of the learner's own
        text = f"<{type(value).__name__}>"
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    return f"`{text.replace('`', chr(39))}`"


def named_type(value: object) -> str:
    """Return what a value is, with its article: "an `int`", "a `redis.asyncio.Redis`"."""
    kind = type(value)
    package = [part for part in kind.__module__.split(".") if part in ("redis", "asyncio")]
    name = ".".join([*package, kind.__name__]) if package[:1] == ["redis"] else kind.__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} `{name}`"


@dataclass(frozen=True)
class Verdict:
    """What a check found. ``status`` is passed, wrong, not attempted or error; ``message`` says why, in Markdown."""

    status: Status
    message: str
    exercise: str = ""
    lacking: bool = field(default=False, compare=False)
    """True if it was not attempted because this machine lacks something, such as a redis-server."""

    def __repr__(self) -> str:
        return f"{MARKS[self.status]} {self.status}: {self.message}"

    def _repr_markdown_(self) -> str:
        return self._card()

    def _card(self, beside: str = "", below: str = "") -> str:
        """Return the verdict as a card, with a word beside its heading and Markdown below its message.

        A page without the card's style (``practice/page/panel.css``) shows it as a heading and a text.
        """
        heading = f"<b>{MARKS[self.status]} {_HEADINGS[self.status]}</b>"
        parts = [f"<p>{' '.join(filter(None, [heading, beside]))}</p>", self.message, below, "</div>"]
        opening = f'<div class="exercise-card exercise-{_CARDS[self.status]}">'
        return "\n\n".join([opening, *filter(None, parts)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/markdown": self._repr_markdown_(),
            VERDICT_MIME: {"exercise": self.exercise, "status": self.status, "message": self.message},
        }


@dataclass(frozen=True)
class Note:
    """A text for the learner, such as a hint or a solution, in Markdown."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text
