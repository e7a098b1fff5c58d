"""What the model says about a load that was measured: the same arrivals, on paper."""

from __future__ import annotations

import math
import statistics

from tutorial_lib.arguments import of_kind, positive
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import LoadReport
from tutorial_lib.load.sweep import Spread, Sweep, check_done
from tutorial_lib.sizing.simulation import play


def predicted_wait(report: LoadReport, hold: float) -> float:
    """The mean seconds that the callers of an open loop would wait if each kept its connection for ``hold`` seconds.

    The very arrivals of that run are played through the model of a pool that waits, so chance, which makes one
    short run differ from another, is in both and cancels. ``nan`` if no call fell due.
    """
    due = report.workload.due_times()
    waits = play(due, [hold] * len(due), [0.0] * report.limit, math.inf)
    counted = waits[report.workload.warm_up :]
    return statistics.fmean(counted) if counted else math.nan


def predicted_waits(measured: Sweep, hold: float | None = None) -> dict[int, float]:
    """The mean wait for each limit of a sweep: the median over its rounds, as in the sweep's own table.

    ``hold`` is how long a call keeps its connection; if it is left out, as long as calls did on average with the
    largest limit, where hardly any caller waits; BadSetting if none was done there.
    """
    of_kind(Sweep, "measured", measured, "sweep(limits, workload, make_pool) returns one.")
    if not measured.workload.is_open:
        raise BadSetting("A closed loop has no arrivals to predict from. Give the workload a rate.")
    if hold is None:
        check_done(measured, measured.limits[-1:])
    return model_waits(measured, None if hold is None else positive("hold", hold, "seconds"))


def model_waits(measured: Sweep, hold: float | None = None) -> dict[int, float]:
    """Do what predicted_waits does, with what has been checked."""
    hold = measured[-1].service.middle if hold is None else hold
    return {
        limit: Spread.of(predicted_wait(report, hold) for report in measured.reports[limit]).middle
        for limit in measured.limits
    }
