"""Connections to nowhere: a pool lends them as it lends real ones, without a server and without waiting."""

from __future__ import annotations

import os
from typing import Any

import redis


class FakeConnection:
    """Opens at once. ``FakeConnection.broken = True`` on a subclass makes opening fail."""

    broken = False

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.pid = os.getpid()
        self.is_open = False

    def connect(self) -> None:
        if self.broken:
            raise redis.ConnectionError("nobody listens there")
        self.is_open = True

    def disconnect(self, *args: object) -> None:
        self.is_open = False

    def can_read(self, timeout: float = 0) -> bool:
        return False

    def should_reconnect(self) -> bool:
        return False

    def re_auth(self) -> None:
        pass


class BrokenConnection(FakeConnection):
    broken = True


class FakeAsyncConnection(FakeConnection):
    """The same for the pools of redis.asyncio."""

    async def connect(self) -> None:  # type: ignore[override]
        super().connect()

    async def disconnect(self, *args: object) -> None:  # type: ignore[override]
        super().disconnect()

    async def can_read(self, timeout: float = 0) -> bool:  # type: ignore[override]
        return False

    async def re_auth(self) -> None:  # type: ignore[override]
        pass


class BrokenAsyncConnection(FakeAsyncConnection):
    broken = True
