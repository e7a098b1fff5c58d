"""Print what examine finds in the programs of the tests: ``python -m tests.examine.table``.

A row for each kind of finding: in how many programs it must come, in how many it came, how many of the lines that it
must name were named, and in how many programs it came without cause.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.examine.test_programs import IN_TROUBLE, RIGHT, examined, expected
from tests.redis_for_tests import owners_redis
from tutorial_lib.examination.rules import KINDS


def main() -> None:
    due, found, lines_due, lines_named, false = (Counter[str]() for _ in range(5))
    with owners_redis() as server, owners_redis("--maxclients", "5") as small, tempfile.TemporaryDirectory() as folder:
        for program in (*IN_TROUBLE, *RIGHT):
            report, _ = examined(program, server.port, small.port, Path(folder))
            said = {(finding["kind"], line["line"]) for finding in report["findings"] for line in finding["lines"]}
            wanted = expected(program) if program in IN_TROUBLE else set()
            kinds_said, kinds_wanted = {kind for kind, _ in said}, {kind for kind, _ in wanted}
            due.update(kinds_wanted)
            found.update(kinds_wanted & kinds_said)
            false.update(kinds_said - kinds_wanted)
            lines_due.update(kind for kind, _ in wanted)
            lines_named.update(kind for kind, _ in wanted & said)
    print("| kind | in programs | found | lines | named right | false alarms |")
    print("|---|---|---|---|---|---|")
    for kind in sorted(KINDS):
        print(f"| {kind} | {due[kind]} | {found[kind]} | {lines_due[kind]} | {lines_named[kind]} | {false[kind]} |")
    print(
        f"| all, in {len(IN_TROUBLE)} programs in trouble and {len(RIGHT)} that are right "
        f"| {due.total()} | {found.total()} | {lines_due.total()} | {lines_named.total()} | {false.total()} |"
    )


if __name__ == "__main__":
    main()
