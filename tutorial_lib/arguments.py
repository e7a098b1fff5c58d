"""What a number that a learner typed may be. Each check returns the number, or says in one sentence what to give."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from numbers import Integral, Real
from typing import Any, TypeVar

from tutorial_lib.errors import BadSetting

T = TypeVar("T")

LARGEST = 1e12
"""Of rates and times: a trillion calls a second, or thirty thousand years. Sums and products of such are floats."""


def positive(name: str, value: Any, unit: str, *, at_most: float = LARGEST) -> float:
    """Return ``value`` as a float above 0. BadSetting if it is 0, negative, NaN, no number or too large."""
    number = _number(name, value, unit, at_most)
    if not number > 0:
        raise BadSetting(f"{name} is {in_short(value)}. Give a number above 0, in {unit}.")
    return number


def not_negative(name: str, value: Any, unit: str, *, at_most: float = LARGEST) -> float:
    """Return ``value`` as a float of 0 or more. BadSetting if it is negative, NaN, no number or too large."""
    number = _number(name, value, unit, at_most)
    if not number >= 0:
        raise BadSetting(f"{name} is {in_short(value)}. Give 0 or a number above it, in {unit}.")
    return number


def percentile(name: str, value: Any, *, below_100: bool) -> float:
    """Return ``value`` as a float from 0 to 100, or to just below it. A share, such as 0.99, is told from 99."""
    number = _number(name, value, "percent", math.inf)
    if not 0 <= number <= 100 or (below_100 and number == 100):
        raise BadSetting(
            f"{name} is {in_short(value)}. Give a number from 0 to {'below ' if below_100 else ''}100, such as 99."
        )
    if 0 < number < 1:  # It would be taken for less than one caller in a hundred, and give a wrong answer.
        raise BadSetting(f"{name} is {number:g}. It counts out of 100: for {number:g} of all give {100 * number:g}.")
    return number


def whole(name: str, value: Any, of_what: str, *, at_least: int, at_most: int = 10**18) -> int:
    """Return ``value`` as an int. BadSetting if it is not whole (5.0 is not), or out of its range."""
    number = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else at_least - 1
    if not at_least <= number <= at_most:
        raise BadSetting(f"{name} is {in_short(value)}. Give a whole number of {of_what}: {at_least} to {at_most:,}.")
    return number


def several(name: str, values: Iterable[T], how: str, *, at_most: int) -> list[T]:
    """Return ``values`` as a list. BadSetting if they are none, with ``how`` to give one, or more than ``at_most``."""
    try:
        found = list(islice(values, at_most + 1))
    except TypeError:
        raise BadSetting(f"{name} is {in_short(values)}. {how}") from None
    if len(found) > at_most:
        raise BadSetting(f"{name} is longer than {at_most:,}. Give fewer.")
    return found


def of_kind(kind: type[T], name: str, value: Any, how: str) -> T:
    """Return ``value`` if it is a ``kind``. BadSetting if not, with ``how`` to come by one."""
    if not isinstance(value, kind):
        raise BadSetting(f"{name} is {in_short(value)}, not a {kind.__name__}. {how}")
    return value


def in_short(value: Any) -> str:
    """Write ``value`` so that it fits into a sentence."""
    try:
        said = repr(value)
    except ValueError:  # Python writes out no int of thousands of digits.
        return "a number with thousands of digits"
    return said if len(said) <= 60 else f"{said[:40]}… ({type(value).__name__})"


def _number(name: str, value: Any, unit: str, at_most: float) -> float:
    """Return ``value`` as a float; NaN if it is none, as an infinite one, a text that looks like one, or a truth."""
    try:
        number = float(value) if isinstance(value, (Real, Decimal)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        number = math.nan
    if at_most < number < math.inf:
        raise BadSetting(f"{name} is {in_short(value)}. Give {at_most:g} at most, in {unit}.")
    return number if number < math.inf else math.nan
