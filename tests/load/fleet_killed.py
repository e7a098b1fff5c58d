"""A program that is killed in the middle of a fleet's run: it says so when its processes are under load."""

from __future__ import annotations

import threading

from tests.waiting import eventually
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.redis_process import RedisProcess


def main() -> None:
    server = RedisProcess()

    def tell() -> None:
        assert eventually(lambda: len(server.clients()) == 2, within=60)
        print("under load", flush=True)

    threading.Thread(target=tell, daemon=True).start()
    run_fleet(server, Workload("PING", users=2, duration=600), processes=2)


if __name__ == "__main__":
    main()
