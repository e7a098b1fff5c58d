"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Trouble on the way:      FaultProxy
Eyes on a pool:          snapshot  record  PoolView
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
    from tutorial_lib.fleet_plot import plot_fleet
    from tutorial_lib.load import run_load
    from tutorial_lib.load_plots import plot_load, plot_pool_size, plot_rtt_curve, plot_sweep
    from tutorial_lib.load_report import LoadReport
    from tutorial_lib.observe import PoolSnapshot, snapshot
    from tutorial_lib.plots import plot_timeline, plot_waits
    from tutorial_lib.pool_size import size_pool
    from tutorial_lib.predicted import predicted_waits
    from tutorial_lib.prediction import predict
    from tutorial_lib.recording import Recording, record
    from tutorial_lib.servers import Server, start_server
    from tutorial_lib.simulation import replay, simulate
    from tutorial_lib.sizing import connections_needed, erlang_c, fleet_budget, in_flight, mean_wait, wait_percentile
    from tutorial_lib.sweeps import Sweep, sweep
    from tutorial_lib.threads import hold, run_threads
    from tutorial_lib.widgets.calculator import calculator
    from tutorial_lib.widgets.pool_view import PoolView
    from tutorial_lib.workload import Workload

__version__ = "0.1.0"

__all__ = [
    "FaultProxy",
    "LoadReport",
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
    "LoadReport": "tutorial_lib.load_report",
    "PoolSnapshot": "tutorial_lib.observe",
    "PoolView": "tutorial_lib.widgets.pool_view",
    "Recording": "tutorial_lib.recording",
    "Server": "tutorial_lib.servers",
    "Sweep": "tutorial_lib.sweeps",
    "Workload": "tutorial_lib.workload",
    "calculator": "tutorial_lib.widgets.calculator",
    "connections_needed": "tutorial_lib.sizing",
    "erlang_c": "tutorial_lib.sizing",
    "exercise": "tutorial_lib.exercises",
    "fleet_budget": "tutorial_lib.sizing",
    "hold": "tutorial_lib.threads",
    "in_flight": "tutorial_lib.sizing",
    "mean_wait": "tutorial_lib.sizing",
    "plot_fleet": "tutorial_lib.fleet_plot",
    "plot_load": "tutorial_lib.load_plots",
    "plot_pool_size": "tutorial_lib.load_plots",
    "plot_rtt_curve": "tutorial_lib.load_plots",
    "plot_sweep": "tutorial_lib.load_plots",
    "plot_timeline": "tutorial_lib.plots",
    "plot_waits": "tutorial_lib.plots",
    "predict": "tutorial_lib.prediction",
    "predicted_waits": "tutorial_lib.predicted",
    "record": "tutorial_lib.recording",
    "replay": "tutorial_lib.simulation",
    "run_load": "tutorial_lib.load",
    "run_threads": "tutorial_lib.threads",
    "simulate": "tutorial_lib.simulation",
    "size_pool": "tutorial_lib.pool_size",
    "snapshot": "tutorial_lib.observe",
    "start_server": "tutorial_lib.servers",
    "sweep": "tutorial_lib.sweeps",
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
