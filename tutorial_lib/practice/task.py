"""One exercise, as its module tells it."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tutorial_lib.practice.lab import Lab
from tutorial_lib.servers import Server

Answer = Callable[..., Any]
Check = Callable[[Answer, Lab], "str | None"]


@dataclass(frozen=True)
class Task:
    """What an exercise asks, what a learner starts from, and how an answer is judged.

    ``check`` returns a sentence of praise that says what was seen, or raises Wrong.
    ``name`` is what the learner's function is called, or the class whose objects the exercise uses.
    """

    id: str
    lesson: str
    title: str
    name: str
    prompt: str
    starter: Answer
    solution: Answer
    check: Check
    hints: tuple[str, ...]
    seconds: float = 5.0
    why: str = ""
    """Why the solution works, and what else would, in Markdown: for a learner who has passed."""
    uses: tuple[str, ...] = ()
    """Public names of tutorial_lib that its notebook imports for the learner, besides ``exercise``."""
    dashboard: Callable[[Answer, Server], Any] | None = None
    """If it is about a failing program: runs that on a server, and returns the picture that a dashboard showed."""
    needs_redis_server: bool = False
    """True if the fallback won't do: its check starts a redis-server with TLS, or one with sentinels."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that the learner's function takes, in order."""
        return tuple(inspect.signature(self.starter).parameters)

    @property
    def starter_text(self) -> str:
        """The code that a learner starts from, under the name that it has in the notebook."""
        return _renamed(self.starter, self.name)

    @property
    def solution_text(self) -> str:
        """The code of the solution, under the same name."""
        return _renamed(self.solution, self.name)

    @property
    def kind(self) -> str:
        """What a learner writes: "function" or "class"."""
        return "class" if isinstance(self.starter, type) else "function"

    @property
    def to_do(self) -> str:
        """What a learner does with the starter: "Write", or "Change" where it is a whole program that is wrong."""
        return "Write" if "..." in self.starter_text else "Change"

    def program(self) -> Answer:
        """Return the starter as a program with a file of its own, such as ``shop.py``: its lines count as in its cell.

        So a recording that names a line of it names one that the learner sees.
        """
        names = dict(vars(sys.modules[self.starter.__module__]))
        exec(compile(self.starter_text, f"{self.name.lower()}.py", "exec", dont_inherit=True), names)
        program: Answer = names[self.name]
        return program

    def is_untouched(self, answer: Answer) -> bool:
        """True if the answer does, instruction for instruction, what the starter does: comments do not count."""
        # Python compiles `redis.Redis()` in two ways: beside `import redis`, as in the exercise's module, and
        # without it, as in a notebook's cell.
        alone = compile(self.starter_text, "<starter>", "exec", dont_inherit=True)
        written = [part for part in alone.co_consts if isinstance(part, CodeType)]
        in_a_cell = [_codes_in(written[0])] if self.kind == "class" else [[part] for part in written]
        starters = [_codes_of(self.starter), *([_does(part) for part in parts] for parts in in_a_cell)]
        code = _codes_of(answer)
        return bool(code) and code in starters


def read_task(module: ModuleType) -> Task:
    """Read an exercise from its module. AttributeError where the module lacks a part."""
    return Task(
        id=module.ID,
        lesson=module.LESSON,
        title=module.TITLE,
        name=module.NAME,
        prompt=textwrap.dedent(module.PROMPT).strip(),
        starter=module.starter,
        solution=module.solution,
        check=module.check,
        hints=tuple(module.HINTS),
        seconds=getattr(module, "SECONDS", Task.seconds),
        why=getattr(module, "WHY", Task.why),
        uses=getattr(module, "USES", Task.uses),
        dashboard=getattr(module, "dashboard", Task.dashboard),
        needs_redis_server=getattr(module, "NEEDS_REDIS_SERVER", Task.needs_redis_server),
    )


def _renamed(function: Answer, name: str) -> str:
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    return re.sub(rf"^((?:async )?def|class) {function.__name__}\b", rf"\1 {name}", source, count=1)


def _codes_of(answer: Answer) -> list[tuple[Any, ...]]:
    """Return what a function does, or each method of a class. Nothing for what has no code of its own."""
    functions = vars(answer).values() if isinstance(answer, type) else [answer]
    return [_does(part.__code__) for part in functions if isinstance(part, FunctionType)]


def _codes_in(code: CodeType) -> list[CodeType]:
    return [part for part in code.co_consts if isinstance(part, CodeType)]


def _does(code: CodeType) -> tuple[Any, ...]:
    # The file and the line numbers are left out: the same function in a notebook has others.
    constants = tuple(_does(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants
