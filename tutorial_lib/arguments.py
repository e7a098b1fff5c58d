"""What a number that somebody typed may be. Each check returns the number, or says in one sentence what to give."""

from __future__ import annotations

import math
import operator
from typing import Any, TypeVar

from tutorial_lib.errors import BadSetting

T = TypeVar("T")


def positive(name: str, value: Any, unit: str) -> float:
    """Return ``value`` as a float above 0. BadSetting if it is 0, negative, infinite, NaN or no number."""
    number = _finite(name, value, f"a number above 0, in {unit}")
    if number <= 0:
        raise BadSetting(f"{name} is {value!r}. Give a number above 0, in {unit}.")
    return number


def not_negative(name: str, value: Any, unit: str) -> float:
    """Return ``value`` as a float of 0 or more. BadSetting if it is negative, infinite, NaN or no number."""
    number = _finite(name, value, f"0 or a number above it, in {unit}")
    if number < 0:
        raise BadSetting(f"{name} is {value!r}. Give 0 or a number above it, in {unit}.")
    return number


def percentile_below_100(name: str, value: Any) -> float:
    """Return ``value`` as a float from 0 up to, not including, 100. A share, such as 0.99, is told from 99."""
    number = _finite(name, value, "a number from 0 to below 100, such as 99")
    if not 0 <= number < 100:
        raise BadSetting(f"{name} is {value!r}. Give a number from 0 to below 100, such as 99.")
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
        raise BadSetting(f"{name} is {value!r}. Give a whole number of {of_what}: {span}.")
    return number


def of_kind(kind: type[T], name: str, value: Any, how: str) -> T:
    """Return ``value`` if it is a ``kind``. BadSetting if not, with ``how`` to come by one."""
    if not isinstance(value, kind):
        raise BadSetting(f"{name} is {in_short(value)}, not a {kind.__name__}. {how}")
    return value


def in_short(value: Any) -> str:
    """Show ``value`` in a sentence: as it is, or by its type where that would be long."""
    said = repr(value)
    return said if len(said) <= 60 else f"of the type {type(value).__name__}"


def _finite(name: str, value: Any, wanted: str) -> float:
    # float("5") works, and would hide that a text was given where a number is meant.
    if isinstance(value, (bool, str, bytes)):
        raise BadSetting(f"{name} is {value!r}. Give {wanted}.")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadSetting(f"{name} is {value!r}. Give {wanted}.") from None
    if not math.isfinite(number):
        raise BadSetting(f"{name} is {value!r}. Give {wanted}.")
    return number
