"""``watch_metrics``: what redis-py reports of a pool to OpenTelemetry, kept in this process instead of exported."""

from __future__ import annotations

from functools import cache
from typing import Any

from redis.observability import MetricGroup, OTelConfig, get_observability_instance
from redis.observability.attributes import get_pool_name

from tutorial_lib.pools.snapshot import AnyPool, check_pool

MISSING = "not measured: opentelemetry-sdk is not installed"
_POOL, _STATE = "db.client.connection.pool.name", "db.client.connection.state"
_ERRORS = "redis.client.errors"
_AS_COUNT = {"db.client.connection.create_time": "db.client.connection.create_time count"}
"""What is a time for each event. Its count is what a dashboard wants, and it is equal at each run."""


class Metrics:
    """What redis-py has reported: ``metrics.of(pool)``."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._errors = self._errors_so_far()

    def of(self, pool: AnyPool) -> dict[str, int]:
        """Return what was reported of this pool so far, and all errors since ``watch_metrics()``, which name no pool.

        Times are left out. Without opentelemetry-sdk redis-py reports nothing, so this is empty.
        """
        check_pool(pool)
        found, errors = self._sums(get_pool_name(pool)), self._errors_so_far() - self._errors
        return dict(sorted(found.items())) | ({_ERRORS: errors} if errors else {})

    def changes(self, pool: AnyPool, before: dict[str, int]) -> dict[str, int] | str:
        """Return by how much the numbers have changed since ``before = metrics.of(pool)``, or ``"nothing"``."""
        if self._reader is None:
            return MISSING
        now = self.of(pool)
        return {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key, 0)} or "nothing"

    def _errors_so_far(self) -> int:
        return self._sums(None).get(_ERRORS, 0)

    def _sums(self, pool: str | None) -> dict[str, int]:
        """Add up what has this pool's name, or none."""
        found: dict[str, int] = {}
        for metric, point in self._points():
            is_count = metric.name in _AS_COUNT or hasattr(point, "value")
            if is_count and point.attributes.get(_POOL) == pool:
                key = f"{_AS_COUNT.get(metric.name, metric.name)} {point.attributes.get(_STATE, '')}".strip()
                found[key] = found.get(key, 0) + int(getattr(point, "value", getattr(point, "count", 0)))
        return found

    def _points(self) -> list[tuple[Any, Any]]:
        data = self._reader and self._reader.get_metrics_data()  # None before the first report
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return [(metric, point) for scope in scopes for metric in scope.metrics for point in metric.data.data_points]

    def __repr__(self) -> str:
        if self._reader is None:
            return (
                "opentelemetry-sdk is not installed, so redis-py reports nothing. Install it with "
                "%pip install opentelemetry-sdk, restart the kernel, and run this page again."
            )
        return "redis-py reports all its metrics to this notebook."


def watch_metrics() -> Metrics:
    """Turn on all metrics of redis-py for OpenTelemetry, and return what they say: ``watch_metrics().of(pool)``.

    They stay on until the process ends. They are kept in memory and go nowhere. Where opentelemetry-sdk is missing, the
    Metrics say so when they are shown.
    """
    return Metrics(_reader())


@cache  # A process has one provider, and a second one would be refused.
def _reader() -> Any:
    try:
        from opentelemetry.metrics import set_meter_provider
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    except ImportError:
        return None
    reader = InMemoryMetricReader()
    set_meter_provider(MeterProvider(metric_readers=[reader]))
    get_observability_instance().init(OTelConfig(metric_groups=list(MetricGroup)))
    return reader
