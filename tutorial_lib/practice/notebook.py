"""A lesson's exercise notebook, built from its exercises."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tutorial_lib.practice.lesson import Lesson
from tutorial_lib.practice.task import Task

if TYPE_CHECKING:  # It takes a second to import, and `check` asks for exercise_of in every process.
    from nbformat import NotebookNode

# Under this key a cell remembers its exercise, also after the learner has saved the notebook or moved the cell.
METADATA_KEY = "redis_pool_tutorial"

_BEGIN = """\
# {word}: {title}

{belongs} to lesson [{number} {title}]({page}). Replace the `...`, or fix what is there, and run
the cell with Shift+Enter. Your function is then tried on a Redis of its own, and the answer appears below it, with
buttons for a hint and for the solution. Run it as often as you like: nothing can be broken.

In a notebook that you open again, run a cell once to get its buttons back.
"""


_END = """\
## How far you are in the course

The bar below shows every lesson and its exercises, and what comes next. It grows as you pass them.
"""

_AFTER = """\
{onward}

In JupyterLab's terminal (*File → New → Terminal*), `redis-pool-tutorial progress` shows the same, and
`redis-pool-tutorial check {number}` runs the exercises of this notebook once more, as you last saved it. On Binder
nothing is kept for long: `redis-pool-tutorial progress` prints a code that takes your progress to another machine.
"""


def heading(number: int, title: str) -> str:
    """Return the heading above the exercise that is the notebook's first, second, …."""
    return f"{number}. {title}"


def anchor(number: int, title: str) -> str:
    """Return what stands after the # of a link to that heading, by Jupyter's rule for it."""
    return quote(heading(number, title).replace("`", "").replace(" ", "-"), safe="")


def exercise_notebook(lesson: Lesson, tasks: Sequence[Task], following: Lesson | None) -> NotebookNode:
    """Return a lesson's exercise notebook, not yet executed. The same exercises give the same notebook.

    ``following`` is the lesson after it. A learner who prefers calls to buttons writes ``exercise("…").hint()``.
    """
    import nbformat

    word, belongs = ("Exercises", "They belong") if len(tasks) > 1 else ("Exercise", "It belongs")
    begin = _BEGIN.format(word=word, belongs=belongs, title=lesson.title, number=lesson.number, page=lesson.page)
    cells = [
        _text("begin", begin),
        _code("setup", _setup(tasks)),
    ]
    for number, task in enumerate(tasks, start=1):
        cells.append(_text(f"{task.id}-prompt", f"## {heading(number, task.title)}\n\n{task.prompt}"))
        if task.dashboard:
            shows = f'exercise("{task.id}").dashboard()'
            cells.append(_code(f"{task.id}-dashboard", shows, {"tags": ["nbval-ignore-output"]}))
        call = f'exercise("{task.id}").check({task.name})'
        cells.append(_code(task.id, f"{task.starter_text}\n\n\n{call}", {METADATA_KEY: {"exercise": task.id}}))
    after = _AFTER.format(onward=_onward(following), number=lesson.number)
    bar = _code("progress", "progress()", {"tags": ["nbval-ignore-output"]})
    cells += [_text("end", _END), bar, _text("after", after)]
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=cells)
    return notebook


def _onward(following: Lesson | None) -> str:
    if following is None:
        return "This was the last lesson. [The summary](../docs/summary.md) has the whole course on one page."
    return f"**Next lesson:** [{following.number} {following.title}]({following.page})"


def _setup(tasks: Sequence[Task]) -> str:
    texts = [text for task in tasks for text in (task.starter_text, task.solution_text)]
    # `redis.asyncio` is a name of redis, and `asyncio.` one of Python's own.
    ours, theirs = (
        [name for name in names if any(re.search(rf"(?<![\w.]){name}\.", text) for text in texts)]
        for names in (("asyncio", "contextlib"), ("redis",))
    )
    names = sorted({"exercise", "progress", *(name for task in tasks for name in task.uses)})
    blocks = [[f"import {name}" for name in group] for group in (ours, theirs)]
    blocks.append([f"from tutorial_lib import {', '.join(names)}"])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def exercise_of(cell: Mapping[str, Any]) -> str | None:
    """Return the exercise that a cell was made for, or None. The cell may be of any notebook, even a broken one."""
    metadata = cell.get("metadata")
    mark = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    name = mark.get("exercise") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else None


def differs(notebook: NotebookNode, wanted: NotebookNode) -> int | None:
    """Return the number of the first cell that is not as wanted, from 1, or None. Outputs are not looked at."""
    pairs = zip_longest(notebook.cells, wanted.cells)
    return next((number for number, (a, b) in enumerate(pairs, start=1) if _content(a) != _content(b)), None)


def _content(cell: NotebookNode | None) -> tuple[Any, ...]:
    return (cell.id, cell.cell_type, cell.source, exercise_of(cell)) if cell else ()


def _text(identity: str, source: str) -> NotebookNode:
    import nbformat

    cell: NotebookNode = nbformat.v4.new_markdown_cell(source.strip(), id=identity)
    return cell


def _code(identity: str, source: str, metadata: dict[str, Any] | None = None) -> NotebookNode:
    import nbformat

    cell: NotebookNode = nbformat.v4.new_code_cell(source, id=identity, metadata=metadata or {})
    return cell
