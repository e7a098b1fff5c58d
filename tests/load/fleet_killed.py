"""A program that is killed while a fleet starts, or in the middle of its run: it says when that is."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.waiting import eventually
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.redis_process import RedisProcess


def main(moment: str, folder: Path) -> None:
    server = RedisProcess()

    def has_come() -> bool:
        if moment == "start":
            with suppress(FileNotFoundError):  # A folder may go while it is looked through.
                return any(folder.rglob("worker-*"))
            return False
        return len(server.clients()) == 2

    def tell() -> None:
        assert eventually(has_come, within=60)
        print(moment, flush=True)

    threading.Thread(target=tell, daemon=True).start()
    run_fleet(server, Workload("PING", users=2, duration=600), processes=2)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
