"""A finding as a card in a notebook, in the colours of JupyterLab's theme."""

from __future__ import annotations

import html
import re

from tutorial_lib.examination.evidence import SourceLine
from tutorial_lib.examination.finding import Finding
from tutorial_lib.examination.report import short_path

BORDER = "border:1px solid var(--jp-border-color2,#d0d7de);border-radius:6px;padding:.3em 1em .5em;margin:.6em 0;"
WORST = "border-left:6px solid var(--jp-error-color1,#b42318);"
BAD = "border-left:6px solid var(--jp-warn-color1,#8a5a00);"


def as_card(finding: Finding) -> str:
    """Return a finding as HTML. Its link leads to the lesson from a notebook in ``notebooks`` or ``exercises``."""
    edge = WORST if finding.is_worst else BAD if finding.is_bad else ""
    lines = "".join(f"<li>{place_as_html(place)}</li>" for place in finding.lines)
    link = f'<a href="{html.escape("../" + finding.lesson)}">{html.escape(finding.section)}</a>'
    return (
        f'<div class="examine-finding" style="{BORDER}{edge}">'
        f"<p style='margin:.2em 0'><strong>{finding.kind}</strong> ({finding.count:,})</p>"
        f"<ul style='margin:.2em 0'>{lines}</ul><p style='margin:.2em 0'>{with_code(finding.message)}</p>"
        f"<p style='margin:.2em 0'><strong>To do:</strong> {with_code(finding.fix)}</p>"
        f"<p style='margin:.2em 0'>Read: {link}</p></div>"
    )


def with_code(text: str) -> str:
    """Write a sentence in which code stands in backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def place_as_html(place: SourceLine) -> str:
    """Write a line of code: where it stands, and its text below."""
    if not place.file:
        return html.escape(str(place))
    inside = f" in {place.function}()" if place.function.isidentifier() else ""
    text = f"<br><code>{html.escape(place.text)}</code>" if place.text else ""
    return f"{html.escape(f'{short_path(place.file)}, line {place.line}{inside}')}{text}"
