"""The text of a program: a function of a notebook, and what it needs of the notebook."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting

# Without it a line of a child would stay in the child's buffer, and os._exit() would throw it away.
_START = """
if __name__ == "__main__":
    import sys

    sys.stdout.reconfigure(line_buffering=True)
    {call}
"""


def program_text(function: Callable[..., object], arguments: tuple[object, ...]) -> str:
    """Return a file of Python that defines ``function``, with the imports and definitions it uses, and calls it.

    BadSetting if it uses something that cannot be written down, such as a client of the notebook.
    """
    if not isinstance(function, FunctionType):
        raise BadSetting(f"A program is a function, and this is {in_short(function)}. Give run_program(work, server).")
    needed = _Needed(function)
    call = f"{function.__name__}({', '.join(map(repr, arguments))})"
    parts = [*sorted(needed.imports), *needed.constants, *needed.definitions, _START.format(call=call)]
    return "\n".join(parts)


class _Needed:
    """What a function uses of its notebook, and what that uses in turn."""

    def __init__(self, function: FunctionType) -> None:
        self.imports: set[str] = set()
        self.constants: list[str] = []
        self.definitions: list[str] = []
        self._home = function.__module__
        self._names = function.__globals__
        self._seen = {function.__name__}
        self._define(function)

    def _define(self, thing: Any) -> None:
        source = _source_of(thing)
        for name in _names_used(compile(source, "<program>", "exec", dont_inherit=True)):
            if name in self._names and name not in self._seen and not name.startswith("__"):
                self._seen.add(name)
                self._need(name, self._names[name], thing.__name__)
        self.definitions.append(source)

    def _need(self, name: str, value: Any, user: str) -> None:
        module, own_name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if isinstance(value, ModuleType):
            self.imports.add(f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        elif module == self._home and isinstance(inspect.unwrap(value), (type, FunctionType)):
            self._define(value)
        elif module and own_name.isidentifier():
            self.imports.add(f"from {module} import {own_name}" + (f" as {name}" if name != own_name else ""))
        elif _can_be_written(value):
            self.constants.append(f"{name} = {value!r}")
        else:
            raise BadSetting(
                f"`{user}` uses `{name}`, {_kind(value)} of this notebook, and another program has no access to it. "
                f"Create what it needs inside `{user}`."
            )


def _names_used(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_used(part)


def _source_of(thing: Any) -> str:
    # Python finds a class by its module's file, and what is defined in a cell has none.
    source = _class_where_its_methods_are(thing) if isinstance(thing, type) else ""
    with suppress(OSError, TypeError):
        source = source or textwrap.dedent(inspect.getsource(thing))
    if not source:
        raise BadSetting(f"The source of `{thing.__name__}` cannot be read. Define it in a cell, and run that again.")
    return source


def _class_where_its_methods_are(kind: type) -> str:
    files = {part.__code__.co_filename for part in vars(kind).values() if isinstance(part, FunctionType)}
    for file in files:
        lines = linecache.getlines(file)
        for node in ast.parse("".join(lines)).body:
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return "".join(lines[first - 1 : node.end_lineno])
    return ""


def _can_be_written(value: object) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
