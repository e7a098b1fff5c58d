"""Print docs/summary.md on one sheet of paper: docs/summary.pdf. Needs the dev extra and a Chromium.

python tools/print_summary.py
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

from markdown_it import MarkdownIt

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))  # The tests, whose Chromium this uses, are no installed package.

from tests.browser.lab import CHROMIUM, running_chromium  # noqa: E402

SOURCE = TOP / "docs" / "summary.md"
PRINTED = SOURCE.with_suffix(".pdf")
STYLE = """
@page { size: A4; margin: 9mm 10mm }
* { box-sizing: border-box }
body { font: 8.4pt/1.36 "DejaVu Sans", "Segoe UI", Helvetica, Arial, sans-serif; color: #1a1a1a; margin: 0 }
h1 { font-size: 16pt; margin: 0 }
h1 + p { margin: 0 0 2mm; color: #555 }
main { margin-top: 3mm; columns: 2; column-gap: 7mm; column-fill: balance }
h2 { font-size: 10pt; margin: 2.6mm 0 1mm; padding-bottom: .4mm; border-bottom: .3mm solid #0072b2; break-after: avoid }
main > h2:first-child { margin-top: 0 }
.default { display: grid; grid-template-columns: 73% 1fr; column-gap: 3mm; align-items: start }
.default ul { margin: 0; padding-left: 3mm }
.default li { margin-bottom: 2mm }
p, ul { margin: 1mm 0; break-inside: avoid }
ul { padding-left: 3.6mm }
li.task { list-style: "☐  " }
table { border-collapse: collapse; width: 100%; margin: 1mm 0; break-inside: avoid }
td, th { text-align: left; vertical-align: top; padding: .45mm 1.4mm .45mm 0; border-bottom: .1mm solid #ccc }
th:empty { display: none }
code { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: .9em }
pre { background: #f4f6f8; padding: 1.4mm 1.8mm; margin: 0; font-size: 6.7pt; line-height: 1.42 }
pre code { font-size: 1em }
"""


def page() -> str:
    """Return the summary as a page to print. Its title carries a mark of the text, so that a test sees an old print."""
    text = SOURCE.read_text("utf-8").rpartition("\n[What the words mean]")[0]  # A link leads nowhere on paper.
    body = MarkdownIt("commonmark").enable("table").render(text.replace("\n\n\n", "\n\n"))
    body = re.sub(r"<a href=[^>]*>(.*?)</a>", r"\1", body)
    body = body.replace("<li>[ ] ", '<li class="task">')
    opening, default, *columns = re.split("(?=<h2>)", body)
    default = default.replace("<pre>", '<div class="default"><pre>') + "</div>"
    head = f"<!doctype html><title>Connection pooling in Redis, on one page ({mark()})</title><style>{STYLE}</style>"
    return f"{head}{opening}{default}<main>{''.join(columns)}</main>"


def mark() -> str:
    """Return what tells this text of the summary from any other."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]


def main() -> None:
    if not any(map(shutil.which, CHROMIUM)):
        sys.exit(
            f"No Chromium on PATH (looked for {', '.join(CHROMIUM)}). Install one, or print docs/summary.md itself."
        )
    with running_chromium() as browser:
        sheet = browser.new_page()
        sheet.set_content(page())
        sheet.pdf(path=PRINTED, prefer_css_page_size=True, print_background=True)
    print(f"Printed: {PRINTED.relative_to(TOP)}")


if __name__ == "__main__":
    main()
