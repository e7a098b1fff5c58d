"""Build the course as a site to read, in build/site: lessons with their outputs, exercises, documents, a search.

    python tools/build_site.py

Nothing is run and nothing is fetched: the pages show the outputs that are stored in the notebooks. A prediction's
replies are folded, and so is what the next cell measured, until a reader opens them. Each page has a button that opens
it on Binder where this clone's origin is a public repository; else the pages come without, and a line says so.
"""

from __future__ import annotations

import ast
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tutorial_lib.commands.binder_link import launch_link
from tutorial_lib.errors import TutorialError
from tutorial_lib.exercises import COURSE

TOP = Path(__file__).resolve().parent.parent
SETTINGS = TOP / "tools" / "site"
BUILD = TOP / "build"
PAGES = "site"
DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "LICENSE")
PICTURE_FOR_EACH_THEME = re.compile(r'<picture>.*?<img alt="([^"]*)" src="([^"]*)">\s*</picture>', re.DOTALL)
LINK_TO_A_HEADING = re.compile(r"(\]\([^)#\s]*#)([^)\s]+)(\))")
LINK_OF_A_FINDING = re.compile(r'(href="\.\./notebooks/[^"#]+)\.ipynb#([^"]+)')

Cell = dict[str, Any]


def source_of(cell: Cell) -> str:
    return "".join(cell["source"])


def slug(anchor: str) -> str:
    """Return a heading's anchor as the site has it: JupyterLab keeps capitals and points, the site does not."""
    return re.sub(r"[^\w-]", "", anchor).lower()


def with_anchors_of_the_site(text: str) -> str:
    return LINK_TO_A_HEADING.sub(lambda found: found[1] + slug(found[2]) + found[3], text)


def with_links_of_the_site(output: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's output whose cards of findings lead to the site's pages."""
    data = output.get("data", {})
    if "text/html" not in data:
        return output
    text = "".join(data["text/html"])
    linked = LINK_OF_A_FINDING.sub(lambda found: f"{found[1]}.html#{slug(found[2])}", text)
    return {**output, "data": {**data, "text/html": linked}}


def prediction(cell: Cell) -> str | None:
    """Return a prediction as text to read: the question, and each choice with its reply folded beneath."""
    calls = [node for node in ast.walk(ast.parse(source_of(cell))) if isinstance(node, ast.Call)]
    call = next((call for call in calls if getattr(call.func, "id", None) == "predict"), None)
    if call is None:
        return None
    question, choices = (ast.literal_eval(argument) for argument in call.args[:2])
    (answer,) = (ast.literal_eval(word.value) for word in call.keywords if word.arg == "answer")
    folded = "\n".join(
        f"<details><summary><code>{html.escape(str(choice))}</code></summary>\n\n"
        f"{'Yes' if choice == answer else 'No'}. {reply}\n\n</details>\n"
        for choice, reply in choices.items()
    )
    return f":::{{admonition}} What do you expect?\n:class: tip\n\n{question}\n\n{folded}\n:::"


def lesson_cell(cell: Cell) -> Cell:
    if cell["cell_type"] == "markdown":
        return {**cell, "source": with_anchors_of_the_site(source_of(cell))}
    if "predict(" in source_of(cell) and (text := prediction(cell)):
        return {"cell_type": "markdown", "id": cell["id"], "metadata": {}, "source": text}
    cell = {**cell, "outputs": [with_links_of_the_site(output) for output in cell.get("outputs", [])]}
    if ".reveal(" in source_of(cell):
        return {**cell, "metadata": {**cell["metadata"], "tags": ["hide-output"]}}
    return cell


def exercise_cell(cell: Cell) -> Cell:
    """Return an exercise's cell without what its check said of the empty answer."""
    if cell["cell_type"] == "markdown":
        return {**cell, "source": with_anchors_of_the_site(source_of(cell))}
    return {**cell, "outputs": []}


def write_contents(source: Path) -> None:
    """Fill the front page's lists of pages, each with its number: the pages of the course go by it."""
    page = source / "index.md"
    text = page.read_text("utf-8")
    for word, folder, start in (("LESSONS", "notebooks/", ""), ("EXERCISES", "exercises/", "ex")):
        lines = [f"{lesson.name[:2]} {lesson.title} <{folder}{start}{lesson.name}>" for lesson in COURSE]
        text = text.replace(f"\n{word}\n", "\n" + "\n".join(lines) + "\n")
    page.write_text(text, "utf-8")


def write_notebooks(source: Path) -> None:
    for folder, change in (("notebooks", lesson_cell), ("exercises", exercise_cell)):
        (source / folder).mkdir()
        for path in sorted((TOP / folder).glob("*.ipynb")):
            notebook = json.loads(path.read_text("utf-8"))
            notebook["cells"] = [change(cell) for cell in notebook["cells"]]
            (source / folder / path.name).write_text(json.dumps(notebook), "utf-8")
        for program in (TOP / folder).glob("*.py"):  # what a lesson examines
            shutil.copy(program, source / folder)


def write_documents(source: Path) -> None:
    for name in DOCUMENTS:
        shutil.copy(TOP / name, source / name)
    for folder in ("docs", "binder", "recipes", ".github"):
        if (TOP / folder).exists():
            shutil.copytree(TOP / folder, source / folder)
    for path in source.rglob("*.md"):
        text = PICTURE_FOR_EACH_THEME.sub(r"![\1](\2)", path.read_text("utf-8"))
        path.write_text(with_anchors_of_the_site(text), "utf-8")


def binder_links() -> dict[str, str]:
    """Return a link to Binder for each page of the course that has one; none, and a line, where there is no origin."""
    links: dict[str, str] = {}
    for lesson in COURSE:
        try:
            link, _ = launch_link(lesson.name)
        except TutorialError as error:
            print(f"The pages come without a button to Binder. {error}")
            return {}
        links[f"notebooks/{lesson.name}"] = link
        links[f"exercises/ex{lesson.name}"] = link.replace("notebooks%2F", "exercises%2Fex")
    return links | {"index": links[f"notebooks/{COURSE[0].name}"]}


def build(folder: Path) -> Path:
    """Build the site in ``folder``, and return its front page."""
    source, site = folder / "site-source", folder / PAGES
    for old in (source, site):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(SETTINGS, source)
    write_contents(source)
    write_notebooks(source)
    write_documents(source)
    settings = {**os.environ, "COURSE_BINDER_LINKS": json.dumps(binder_links())}
    words = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--jobs", "auto", str(source), str(site)]
    subprocess.run(words, env=settings, check=True)
    return site / "index.html"


if __name__ == "__main__":
    print(f"Open {build(BUILD).relative_to(TOP)} in a browser. It needs no server.")
