"""What a number that somebody typed may be. Each check returns the number, or says in one sentence what to give."""

from __future__ import annotations

import math
import operator
from typing import Any, TypeVar

from tutorial_lib.errors import BadSetting

T = TypeVar("T")

LONGEST_TIME = 1e12
"""Seconds, more than thirty thousand years: for sums of times that no float could hold."""


def positive(name: str, value: Any, unit: str, *, at_most: float = math.inf) -> float:
    """Return ``value`` as a float above 0. BadSetting if it is 0, negative, infinite, NaN, no number or too large."""
    number = _finite(name, value, f"a number above 0, in {unit}")
    if number <= 0:
        raise BadSetting(f"{name} is {in_short(value)}. Give a number above 0, in {unit}.")
    return _not_above(at_most, name, number, unit)


def not_negative(name: str, value: Any, unit: str, *, at_most: float = math.inf) -> float:
    """Return ``value`` as a float of 0 or more. BadSetting if it is negative, infinite, NaN, no number or too large."""
    number = _finite(name, value, f"0 or a number above it, in {unit}")
    if number < 0:
        raise BadSetting(f"{name} is {in_short(value)}. Give 0 or a number above it, in {unit}.")
    return _not_above(at_most, name, number, unit)


def percentile_below_100(name: str, value: Any) -> float:
    """Return ``value`` as a float from 0 up to, not including, 100. A share, such as 0.99, is told from 99."""
    number = _finite(name, value, "a number from 0 to below 100, such as 99")
    if not 0 <= number < 100:
        raise BadSetting(f"{name} is {in_short(value)}. Give a number from 0 to below 100, such as 99.")
    refuse_share(name, number)
    return number


def refuse_share(name: str, number: float) -> None:
    """Raise BadSetting for a percentile between 0 and 1: somebody wrote 0.99 for 99, and would get a wrong answer."""
    if 0 < number < 1:
        raise BadSetting(f"{name} is {number:g}. It counts out of 100: for {number:g} of all give {100 * number:g}.")


def whole(name: str, value: Any, of_what: str, *, at_least: int, at_most: int | None = None) -> int:
    """Return ``value`` as an int. BadSetting if it is not whole (5.0 is not), or out of its range."""
    span = f"{at_least} or more" if at_most is None else f"{at_least} to {at_most:,}"
    try:
        number = operator.index(value)
    except TypeError:
        number = at_least - 1
    if isinstance(value, bool) or number < at_least or (at_most is not None and number > at_most):
        raise BadSetting(f"{name} is {in_short(value)}. Give a whole number of {of_what}: {span}.")
    return number


def of_kind(kind: type[T], name: str, value: Any, how: str) -> T:
    """Return ``value`` if it is a ``kind``. BadSetting if not, with ``how`` to come by one."""
    if not isinstance(value, kind):
        raise BadSetting(f"{name} is {in_short(value)}, not a {kind.__name__}. {how}")
    return value


def in_short(value: Any) -> str:
    """Show ``value`` in a sentence: as it is, or by its type where that would be long."""
    if isinstance(value, int) and abs(value) >= 10**60:
        return "a number of more than 60 digits"
    try:
        said = repr(value)
    except ValueError:  # Python writes out no int of thousands of digits, in a list either.
        said = ""
    return said if 0 < len(said) <= 60 else f"of the type {type(value).__name__}"


def _not_above(at_most: float, name: str, number: float, unit: str) -> float:
    if number > at_most:
        raise BadSetting(f"{name} is {number:g}. Give {at_most:g} at most, in {unit}.")
    return number


def _finite(name: str, value: Any, wanted: str) -> float:
    try:
        number = math.nan if _only_looks_like_one(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadSetting(f"{name} is {in_short(value)}. Give {wanted}.")
    return number


def _only_looks_like_one(value: Any) -> bool:
    """True for what float() takes, and would hide a mistake: a text, a truth, numpy's arrays of one number."""
    if isinstance(value, (bool, str, bytes, bytearray, complex)):
        return True
    return getattr(value, "ndim", 0) > 0 or getattr(getattr(value, "dtype", None), "kind", "") == "b"
