"""Progress as a short code that can be copied by hand, for machines that keep nothing, such as Binder's.

The code holds one bit for each exercise, at a place that never changes: there are eight places for each lesson. A
version comes before the bits and a checksum after them, so that a typing mistake is noticed.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Mapping

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting

CODE_VERSION = 1
_MOST_DIGITS = 100  # today's course needs 23
# Without I, L, O and U, because I and O look like 1 and 0.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("ILO", "110")


def encode(passed: Collection[str], places: Mapping[str, int]) -> str:
    """Return the code for these exercises, such as ``04G0-3M9X``. ``places`` gives each exercise its bit."""
    bits = sum(1 << places[name] for name in passed if name in places)
    body = bytes([CODE_VERSION]) + bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    number = int.from_bytes(body + _checksum(body), "big")
    length = -(-(len(body) + 2) * 8 // 5)
    digits = "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(length)))
    return "-".join(re.findall(".{1,4}", digits))


def decode(code: str, places: Mapping[str, int]) -> set[str]:
    """Return the exercises that a code names; exercises that this version does not have are left out.

    Case, spaces and dashes do not matter, and O and I are read as 0 and 1. BadSetting if the code is mistyped.
    """
    digits = re.sub(r"[\s-]", "", code).upper().translate(_LOOKALIKES)
    strange = sorted(set(digits) - set(_DIGITS))
    if strange or not 0 < len(digits) <= _MOST_DIGITS:
        why = f"no code contains {in_short(strange[0])}" if strange else f"a code has 1 to {_MOST_DIGITS} characters"
        raise BadSetting(f"{in_short(code)} is not a progress code: {why}.")
    number = sum(_DIGITS.index(digit) << 5 * place for place, digit in enumerate(reversed(digits)))
    length = len(digits) * 5 // 8
    if number >> 8 * length or length < 3:
        raise _mistyped(code)
    data = number.to_bytes(length, "big")
    body, checksum = data[:-2], data[-2:]
    if checksum != _checksum(body):
        raise _mistyped(code)
    if body[0] != CODE_VERSION:
        raise BadSetting(
            f"{in_short(code)} was made by a newer version of the course. Upgrade this one, then import it again."
        )
    bits = int.from_bytes(body[1:], "little")
    return {name for name, place in places.items() if bits >> place & 1}


def _checksum(body: bytes) -> bytes:
    return binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def _mistyped(code: str) -> BadSetting:
    return BadSetting(
        f"{in_short(code)} has a typing mistake: a character is wrong, missing or too many. Compare the two codes."
    )
