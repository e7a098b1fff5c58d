"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Trouble on the way:      FaultProxy
Eyes on a pool:          snapshot
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

__version__ = "0.1.0"

__all__ = ["FaultProxy", "PoolSnapshot", "Server", "exercise", "predict", "snapshot", "start_server"]

_HOME = {
    "FaultProxy": "tutorial_lib.faults",
    "PoolSnapshot": "tutorial_lib.observe",
    "Server": "tutorial_lib.servers",
    "exercise": "tutorial_lib.exercises",
    "predict": "tutorial_lib.prediction",
    "snapshot": "tutorial_lib.observe",
    "start_server": "tutorial_lib.servers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
