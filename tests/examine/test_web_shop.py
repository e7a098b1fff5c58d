"""The web shop of lesson 15 has six mistakes that ``examine`` names, and without them it finds nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis

from tutorial_lib import examine
from tutorial_lib.servers.fake import FakeServer

WORST_FIRST = [
    "leak",
    "exhausted",
    "client-per-call",
    "pubsub-kept",
    "timeout-shorter-than-block",
    "blocking-on-shared",
    "ignored-argument",
    "used-after-close",
]

FILE = Path(__file__).parents[2] / "notebooks" / "web_shop.py"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture(scope="module")
def web_shop() -> ModuleType:
    spec = importlib.util.spec_from_file_location("web_shop", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fixed(web_shop: ModuleType, fixes: set[str]) -> type:
    """Return the shop with the fixes of these names."""

    class Shop(web_shop.Shop):  # type: ignore[misc, name-defined]
        def __init__(self, url: str) -> None:
            if "decode" not in fixes:
                super().__init__(url)
            else:
                settings = {"max_connections": 8, "socket_timeout": 1, "decode_responses": True}
                self.pool = redis.ConnectionPool.from_url(url, **settings)
                self.r, self.sessions = redis.Redis(connection_pool=self.pool), redis.Redis.from_url(url)
                self.url, self.listeners = url, []
            self.queue = redis.Redis.from_url(url, socket_timeout=None) if "queue" in fixes else self.r

        def visit(self, customer: int) -> Any:
            if "visit" not in fixes:
                return super().visit(customer)
            return self.sessions.set(f"shop:session:{customer}", "tea", ex=60)

        def price(self, item: str) -> Any:
            return self.r.get(f"shop:price:{item}") if "price" in fixes else super().price(item)

        def buy(self, item: str) -> Any:
            if "buy" not in fixes:
                return super().buy(item)
            left = self.r.decr(f"shop:stock:{item}")
            if left < 0:
                raise web_shop.SoldOut(item)
            return left

        def offers(self) -> None:
            super().offers()
            if "offers" in fixes:
                self.listeners.pop().close()

        def next_order(self) -> Any:
            return self.queue.blpop("shop:orders", timeout=2 if self.queue is self.r else 0.01)

    return Shop


def found(web_shop: ModuleType, server: FakeServer, *fixes: str) -> list[str]:
    with examine() as findings:
        shop = fixed(web_shop, set(fixes))(server.url)
        web_shop.open_for_a_day(shop)
    shop.close()
    return findings.kinds


def test_what_the_lesson_finds_at_first(web_shop: ModuleType, server: FakeServer) -> None:
    assert found(web_shop, server) == WORST_FIRST


def test_what_it_leaves_to_the_reader(web_shop: ModuleType, server: FakeServer) -> None:
    done = ["buy", "price", "queue"]
    assert found(web_shop, server, *done) == ["pubsub-kept", "ignored-argument", "used-after-close"]
    assert found(web_shop, server, *done, "offers", "decode", "visit") == []
