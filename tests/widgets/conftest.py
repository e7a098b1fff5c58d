"""What the tests of live views share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.widgets.pool_view import PoolView
from tutorial_lib.widgets.sampler import sampler

Make = Callable[..., PoolView]


@pytest.fixture
def make() -> Iterator[Make]:
    views: list[PoolView] = []

    def make(*arguments: Any) -> PoolView:
        views.append(PoolView(*arguments))
        return views[-1]

    yield make
    for view in views:
        view.close()
    assert sampler.thread is None


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server
