"""What the checks of several exercises have in common."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tutorial_lib.exercises._pools import TRIES, borrow, borrowable
from tutorial_lib.servers.fake import FakeServer


class LatePool(redis.ConnectionPool):
    """Its first attempts to open a connection take longer than they may."""

    late = 0

    def get_connection(self, *arguments: Any, **options: Any) -> Any:
        if self.late:
            self.late -= 1
            raise redis.TimeoutError("Timeout reading from socket")
        return super().get_connection(*arguments, **options)


def test_a_busy_machine_is_not_the_answers_mistake() -> None:
    with FakeServer() as server:
        pool = LatePool(host=server.host, port=server.port, max_connections=2)
        pool.late = TRIES - 1
        assert borrowable(pool, at_most=3) == 2
        pool.late = TRIES
        with pytest.raises(redis.TimeoutError):
            borrow(pool)
        pool.disconnect()
