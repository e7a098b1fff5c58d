"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Trouble on the way:      FaultProxy
Eyes on a pool:          snapshot  record  PoolView
Callers to watch:        run_threads  hold
Pictures of a recording: plot_timeline  plot_waits
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
    from tutorial_lib.plots import plot_timeline, plot_waits
    from tutorial_lib.prediction import predict
    from tutorial_lib.recording import Recording, record
    from tutorial_lib.servers import Server, start_server
    from tutorial_lib.simulation import replay, simulate
    from tutorial_lib.sizing import connections_needed, erlang_c, fleet_budget, in_flight, mean_wait, wait_percentile
    from tutorial_lib.threads import hold, run_threads
    from tutorial_lib.widgets.pool_view import PoolView

__version__ = "0.1.0"

__all__ = [
    "FaultProxy",
    "PoolSnapshot",
    "PoolView",
    "Recording",
    "Server",
    "connections_needed",
    "erlang_c",
    "exercise",
    "fleet_budget",
    "hold",
    "in_flight",
    "mean_wait",
    "plot_timeline",
    "plot_waits",
    "predict",
    "record",
    "replay",
    "run_threads",
    "simulate",
    "snapshot",
    "start_server",
    "wait_percentile",
]

_HOME = {
    "FaultProxy": "tutorial_lib.faults",
    "PoolSnapshot": "tutorial_lib.observe",
    "PoolView": "tutorial_lib.widgets.pool_view",
    "Recording": "tutorial_lib.recording",
    "Server": "tutorial_lib.servers",
    "connections_needed": "tutorial_lib.sizing",
    "erlang_c": "tutorial_lib.sizing",
    "exercise": "tutorial_lib.exercises",
    "fleet_budget": "tutorial_lib.sizing",
    "hold": "tutorial_lib.threads",
    "in_flight": "tutorial_lib.sizing",
    "mean_wait": "tutorial_lib.sizing",
    "plot_timeline": "tutorial_lib.plots",
    "plot_waits": "tutorial_lib.plots",
    "predict": "tutorial_lib.prediction",
    "record": "tutorial_lib.recording",
    "replay": "tutorial_lib.simulation",
    "run_threads": "tutorial_lib.threads",
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
