"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Trouble on the way:      FaultProxy
Eyes on a pool:          snapshot
Sizes by formula:        in_flight  erlang_c  mean_wait  wait_percentile  connections_needed  fleet_budget
A pool on paper:         simulate  replay
Predictions:             predict
Exercises:               exercise
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutorial_lib.exercises import exercise
    from tutorial_lib.faults import FaultProxy
    from tutorial_lib.observe import PoolSnapshot, snapshot
    from tutorial_lib.prediction import predict
    from tutorial_lib.servers import Server, start_server
    from tutorial_lib.simulation import replay, simulate
    from tutorial_lib.sizing import connections_needed, erlang_c, fleet_budget, in_flight, mean_wait, wait_percentile

__version__ = "0.1.0"

__all__ = [
    "FaultProxy",
    "PoolSnapshot",
    "Server",
    "connections_needed",
    "erlang_c",
    "exercise",
    "fleet_budget",
    "in_flight",
    "mean_wait",
    "predict",
    "replay",
    "simulate",
    "snapshot",
    "start_server",
    "wait_percentile",
]

_HOME = {
    "FaultProxy": "tutorial_lib.faults",
    "PoolSnapshot": "tutorial_lib.observe",
    "Server": "tutorial_lib.servers",
    "connections_needed": "tutorial_lib.sizing",
    "erlang_c": "tutorial_lib.sizing",
    "exercise": "tutorial_lib.exercises",
    "fleet_budget": "tutorial_lib.sizing",
    "in_flight": "tutorial_lib.sizing",
    "mean_wait": "tutorial_lib.sizing",
    "predict": "tutorial_lib.prediction",
    "replay": "tutorial_lib.simulation",
    "simulate": "tutorial_lib.simulation",
    "snapshot": "tutorial_lib.observe",
    "start_server": "tutorial_lib.servers",
    "wait_percentile": "tutorial_lib.sizing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
