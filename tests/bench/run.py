"""Print one table: every figure that the course promises, its bar, and whether it holds here and now."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))  # The tests are no installed package.


def main(names: list[str]) -> int:
    """Run the benches called ``names``, or all; return 0 if every figure holds."""
    folder = Path(__file__).parent
    known = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "row", "run"))
    table = Table("figure", "measured", "bar", "holds", title="Measured in this run, on this machine")
    missed = 0
    for name in names or known:
        if name not in known:
            print(f"No bench is called {name!r}. There are: {', '.join(known)}.", file=sys.stderr)
            return 2
        for row in importlib.import_module(f"tests.bench.{name}").rows():
            table.add_row(row.name, row.measured, row.bar, "yes" if row.holds else "NO")
            missed += not row.holds
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
