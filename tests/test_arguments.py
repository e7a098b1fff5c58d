"""Whatever is given to a public function in a wrong place, what comes back is a short sentence, and soon."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tutorial_lib
from tests.load.fakes import fleet_of, plain_pool
from tutorial_lib import Workload, record, run_load, size_pool, sweep
from tutorial_lib.errors import BadSetting
from tutorial_lib.widgets.playground import Playground
from tutorial_lib.widgets.pool_view import PoolView

WRONG: list[Any] = [None, "", [], math.nan, math.inf, -1, 0, 10**30, 10**5000, "x" * 10**6, ["x" * 10**6], object()]

POOL, CALLS = plain_pool(), Workload("PING", count=3)
SERVICE = (20, 0.05, 3)

RIGHT: dict[str, Callable[[], tuple[Any, ...]]] = {
    "PoolReplay": lambda: (record(POOL),),
    "PoolView": lambda: (POOL, None, "greetings"),
    "Workload": lambda: ("PING",),
    "calculator": lambda: (20, 0.05, 0.005, 4, 50),
    "connections_needed": lambda: (20, 0.05, 0.005, 99),
    "erlang_c": lambda: (5, 2),
    "examine": tuple,
    "exercise": lambda: ("first-pool",),
    "fleet_budget": lambda: (100, 3, 1, 0),
    "hold": lambda: (POOL, 0),
    "in_flight": lambda: (20, 0.05),
    "mean_wait": lambda: SERVICE,
    "playground": lambda: (None, 3, 6, 0.5, 0.0, False, 1.0),
    "plot_budget": lambda: (3, 1, 10, 100, None),
    "plot_fleet": lambda: (fleet_of(1, 2), 3),
    "plot_load": lambda: (run_load(POOL, CALLS),),
    "plot_pool_size": lambda: (size_pool(20, 0.05),),
    "plot_rtt_curve": lambda: ([0, 0.01], [0.1, 0.2], [0.01, 0.02], None),
    "plot_sweep": lambda: (sweep([1, 2], CALLS, plain_pool, rounds=1),),
    "plot_timeline": lambda: (record(POOL),),
    "plot_waits": lambda: (record(POOL),),
    "predict": lambda: ("How many?", {1: "One each.", 2: "One too many."}, 1),
    "predicted_waits": lambda: (sweep([1, 2], Workload("PING", rate=1000, count=3), plain_pool, rounds=1), 0.01),
    "progress": tuple,
    "record": lambda: (POOL,),
    "replay": lambda: ([0, 1], [1, 1], 1, None),
    "run_load": lambda: (POOL, CALLS),
    "run_program": lambda: (plain_pool, None),
    "run_threads": lambda: (2, int),
    "sent_commands": lambda: (POOL,),
    "simulate": lambda: SERVICE,
    "size_pool": lambda: (20, 0.05, 0.005, 1, 100, 99),
    "snapshot": lambda: (POOL,),
    "start_fleet": lambda: (2,),
    "sweep": lambda: ([1], CALLS, plain_pool),
    "wait_percentile": lambda: (*SERVICE, 99),
}
OPTIONS: dict[str, list[str]] = {
    "Workload": ["users", "think", "rate", "arrivals", "seed", "duration", "count", "warm_up"],
    "run_load": ["server"],
    "run_program": ["seconds"],
    "simulate": ["timeout", "arrivals", "borrows", "seed"],
    "sweep": ["rounds", "server"],
}
NO_FUNCTIONS = {
    "CannedServer",
    "FaultProxy",
    "FleetReport",
    "LoadReport",
    "PoolSnapshot",
    "Recording",
    "Server",
    "Sweep",
    "close_labs",
    "run_fleet",
    "start_cluster",
    "start_lab",
    "start_sentinel",
    "start_server",
    "start_tls",
    "watch_metrics",
}


def sentences(call: Callable[..., object]) -> Iterator[str]:
    """Make the call with each wrong value, and yield what is said about those that are refused."""
    for wrong in WRONG:
        try:
            made = call(wrong)
            if isinstance(made, PoolView | Playground):
                made.close()
        except BadSetting as error:
            yield str(error)


@pytest.mark.parametrize("name", RIGHT)
def test_a_wrong_argument_gets_a_sentence(name: str) -> None:
    function, right = getattr(tutorial_lib, name), RIGHT[name]()
    calls: list[Callable[..., object]] = [
        lambda wrong, place=place: function(*right[:place], wrong, *right[place + 1 :]) for place in range(len(right))
    ]
    calls += [lambda wrong, option=option: function(*right, **{option: wrong}) for option in OPTIONS.get(name, [])]
    for call in calls:
        assert max(map(len, sentences(call)), default=0) < 700


def test_every_public_function_is_tried() -> None:
    """The servers, the proxy and the fleet have tests of their own for this; the rest are no functions to call."""
    assert {*RIGHT, *NO_FUNCTIONS} == set(tutorial_lib.__all__)
    for name, options in OPTIONS.items():
        assert set(options) <= set(inspect.signature(getattr(tutorial_lib, name)).parameters)
