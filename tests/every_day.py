"""Which cases of a long list ``make test`` runs every day. ``RELEASE=1 make test`` and CI run them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(step: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a parametrized test: the first runs every day, and each ``step``-th after it."""
    return [pytest.param(case, marks=[pytest.mark.release] if place % step else []) for place, case in enumerate(cases)]
