"""Cells that use something this computer doesn't have are skipped, and say so: the page still runs to its end."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from symtable import SymbolTable, symtable
from typing import Any

from tutorial_lib.notebook.shell import running_shell


class Missing:
    """What could not be had, and why. False, and a cell of the notebook that uses it is skipped."""

    def __init__(self, what: str, why: str) -> None:
        self.what = what
        """What would have made it, such as "start_tls()"."""
        self.why = why

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"{self.why} The cells that need it are skipped."


def skip_cells_that_use_what_is_missing() -> None:
    """From now on, skip each cell of this notebook that reads a variable whose value is ``Missing``.

    The variables that the cell would have made are Missing then, too.
    """
    transformers = running_shell().ast_transformers
    if not any(isinstance(known, _Skipping) for known in transformers):
        transformers.append(_Skipping())


class _Skipping(ast.NodeTransformer):
    """IPython has it visit the code of each cell before it runs."""

    def visit_Module(self, cell: ast.Module) -> ast.Module:  # the name is ast's
        variables = running_shell().user_ns
        missing = missing_in(cell, variables)
        if missing is None:
            return cell
        variables.update(dict.fromkeys(_made_by(cell), missing))
        why = f"{missing.what} could start nothing here. The cell that calls it says why."
        return ast.parse(f"print({f'This cell was skipped, because {why}'!r})")


def missing_in(cell: ast.Module, variables: Mapping[str, Any]) -> Missing | None:
    """Return what the cell would need, if it reads a variable that is Missing before it makes it anew."""
    made: set[str] = set()
    for statement in _one_by_one(cell.body):
        for name in sorted(_read_by(statement) - made):
            if isinstance(variables.get(name), Missing):
                return variables[name]  # type: ignore[no-any-return]
        made |= _made_by(statement)
    return None


def _one_by_one(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements in the order of the text, and what begins a block as a statement of its own.

    ``for way in ways:`` reads ways first, makes way then, and only then may its block read way.
    """
    for statement in block:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            yield _assigned(statement.iter, statement.target)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            yield from (_assigned(item.context_expr, item.optional_vars) for item in statement.items)
        elif isinstance(statement, (ast.If, ast.While)):
            yield ast.Expr(statement.test)
        elif not isinstance(statement, ast.Try):
            yield statement
            continue
        yield from _one_by_one(statement.body)
        for handler in getattr(statement, "handlers", ()):
            caught = ast.Name(handler.name, ast.Store()) if handler.name else None
            yield _assigned(handler.type or ast.Constant(None), caught)
            yield from _one_by_one(handler.body)
        yield from _one_by_one([*getattr(statement, "orelse", ()), *getattr(statement, "finalbody", ())])


def _assigned(value: ast.expr, target: ast.expr | None) -> ast.stmt:
    return ast.Assign([target], value, lineno=0) if target else ast.Expr(value)


def _made_by(code: ast.Module | ast.stmt) -> set[str]:
    symbols = symtable(ast.unparse(code), "cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _read_by(statement: ast.stmt) -> set[str]:
    """The variables of the notebook that it reads, also inside a function that it defines."""
    top, *inner = _tables(symtable(ast.unparse(statement), "cell", "exec"))
    read = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    return read | {symbol.get_name() for table in inner for symbol in table.get_symbols() if symbol.is_global()}


def _tables(table: SymbolTable) -> Iterator[SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)
