"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Trouble on the way:      FaultProxy
Eyes on a pool:          snapshot  record  PoolView  PoolReplay
Callers to watch:        run_threads  hold
Pictures of a recording: plot_timeline  plot_waits
A pool under load:       run_load  Workload  sweep
Pictures of loads:       plot_load  plot_sweep  plot_rtt_curve
The size of a pool:      calculator  size_pool  plot_pool_size  predicted_waits
Sizes by formula:        in_flight  erlang_c  mean_wait  wait_percentile  connections_needed  fleet_budget
A fleet of pools:        plot_fleet
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
    from tutorial_lib.load.callers import hold, run_threads
    from tutorial_lib.load.predicted import predicted_waits
    from tutorial_lib.load.report import LoadReport
    from tutorial_lib.load.run import run_load
    from tutorial_lib.load.sweep import Sweep, sweep
    from tutorial_lib.load.workload import Workload
    from tutorial_lib.plots.fleet import plot_fleet
    from tutorial_lib.plots.knee import plot_pool_size
    from tutorial_lib.plots.loads import plot_load, plot_rtt_curve, plot_sweep
    from tutorial_lib.plots.recordings import plot_timeline, plot_waits
    from tutorial_lib.pools.recording import Recording, record
    from tutorial_lib.pools.replay import PoolReplay
    from tutorial_lib.pools.snapshot import PoolSnapshot, snapshot
    from tutorial_lib.servers import Server, start_server
    from tutorial_lib.sizing.formulas import (
        connections_needed,
        erlang_c,
        fleet_budget,
        in_flight,
        mean_wait,
        wait_percentile,
    )
    from tutorial_lib.sizing.pool_size import size_pool
    from tutorial_lib.sizing.simulation import replay, simulate
    from tutorial_lib.widgets.calculator import calculator
    from tutorial_lib.widgets.pool_view import PoolView
    from tutorial_lib.widgets.prediction import predict

__version__ = "0.1.0"

__all__ = [
    "FaultProxy",
    "LoadReport",
    "PoolReplay",
    "PoolSnapshot",
    "PoolView",
    "Recording",
    "Server",
    "Sweep",
    "Workload",
    "calculator",
    "connections_needed",
    "erlang_c",
    "exercise",
    "fleet_budget",
    "hold",
    "in_flight",
    "mean_wait",
    "plot_fleet",
    "plot_load",
    "plot_pool_size",
    "plot_rtt_curve",
    "plot_sweep",
    "plot_timeline",
    "plot_waits",
    "predict",
    "predicted_waits",
    "record",
    "replay",
    "run_load",
    "run_threads",
    "simulate",
    "size_pool",
    "snapshot",
    "start_server",
    "sweep",
    "wait_percentile",
]

_HOME = {
    "FaultProxy": "tutorial_lib.faults",
    "LoadReport": "tutorial_lib.load.report",
    "PoolReplay": "tutorial_lib.pools.replay",
    "PoolSnapshot": "tutorial_lib.pools.snapshot",
    "PoolView": "tutorial_lib.widgets.pool_view",
    "Recording": "tutorial_lib.pools.recording",
    "Server": "tutorial_lib.servers",
    "Sweep": "tutorial_lib.load.sweep",
    "Workload": "tutorial_lib.load.workload",
    "calculator": "tutorial_lib.widgets.calculator",
    "connections_needed": "tutorial_lib.sizing.formulas",
    "erlang_c": "tutorial_lib.sizing.formulas",
    "exercise": "tutorial_lib.exercises",
    "fleet_budget": "tutorial_lib.sizing.formulas",
    "hold": "tutorial_lib.load.callers",
    "in_flight": "tutorial_lib.sizing.formulas",
    "mean_wait": "tutorial_lib.sizing.formulas",
    "plot_fleet": "tutorial_lib.plots.fleet",
    "plot_load": "tutorial_lib.plots.loads",
    "plot_pool_size": "tutorial_lib.plots.knee",
    "plot_rtt_curve": "tutorial_lib.plots.loads",
    "plot_sweep": "tutorial_lib.plots.loads",
    "plot_timeline": "tutorial_lib.plots.recordings",
    "plot_waits": "tutorial_lib.plots.recordings",
    "predict": "tutorial_lib.widgets.prediction",
    "predicted_waits": "tutorial_lib.load.predicted",
    "record": "tutorial_lib.pools.recording",
    "replay": "tutorial_lib.sizing.simulation",
    "run_load": "tutorial_lib.load.run",
    "run_threads": "tutorial_lib.load.callers",
    "simulate": "tutorial_lib.sizing.simulation",
    "size_pool": "tutorial_lib.sizing.pool_size",
    "snapshot": "tutorial_lib.pools.snapshot",
    "start_server": "tutorial_lib.servers",
    "sweep": "tutorial_lib.load.sweep",
    "wait_percentile": "tutorial_lib.sizing.formulas",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
