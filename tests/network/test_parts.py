"""Parts of a relay, for what a network seldom shows."""

from __future__ import annotations

import asyncio
import random
import selectors
import socket
from collections.abc import Iterator

import pytest

from tests.network.both_ends import LONG, Setup, receive, until_reset
from tutorial_lib.network.direction import Direction
from tutorial_lib.network.end import SocketEnd
from tutorial_lib.network.link import Link
from tutorial_lib.network.loop import FineSelector
from tutorial_lib.network.upstream import PlainAddress


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


def test_an_end_keeps_what_its_socket_does_not_take() -> None:
    words = random.Random(4).randbytes(3_000_000)
    done: list[str] = []

    async def scenario() -> bytes:
        near, far = socket.socketpair()
        near.setblocking(False)
        end = SocketEnd(near)
        end.ready, end.broken = lambda: done.append("ready"), lambda: done.append("broken")
        for start in range(0, len(words), 1_000_000):
            end.write(words[start : start + 1_000_000])
        assert end.is_stuck
        end.when_written(lambda: done.append("last"))
        assert done == []
        with far:
            received = await asyncio.to_thread(receive, far, len(words))
        end.when_written(near.close)
        return received

    assert asyncio.run(scenario()) == words
    assert done == ["last"]


def test_an_end_says_once_that_it_is_ready_or_broken() -> None:
    done: list[str] = []

    async def scenario() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        end = SocketEnd(near)
        end.ready, end.broken = lambda: done.append("ready"), lambda: done.append("broken")
        end.write(bytes(2_000_000))
        await asyncio.to_thread(receive, far, 2_000_000)
        for _ in range(5):
            await asyncio.sleep(0)
        far.close()
        end.write(b"x")
        near.close()

    asyncio.run(scenario())
    assert done == ["ready", "broken"]


def test_a_link_that_is_cut_while_it_connects_resets_the_server_as_well(setup: Setup) -> None:
    async def scenario() -> None:
        near, far = socket.socketpair()
        link = Link(SocketEnd(near), ("", 0), Direction(), Direction(), gone=lambda link: None)
        opening = asyncio.create_task(link.open(PlainAddress(socket.AF_INET, setup.listener.getsockname())))
        await asyncio.sleep(0)
        link.cut()
        await opening
        far.close()

    asyncio.run(scenario())
    server = setup.sockets.enter_context(setup.listener.accept()[0])
    server.settimeout(5)
    assert until_reset(server) == b""


def test_a_fine_selector_selects() -> None:
    near, far = socket.socketpair()
    with near, far, FineSelector() as selector:
        selector.register(near, selectors.EVENT_READ)
        assert selector.select(0) == selector.select(0.001) == selector.select(-1) == []
        far.send(b"x")
        for timeout in (0, 0.001, LONG, None):
            assert [key.fileobj for key, _ in selector.select(timeout)] == [near]
