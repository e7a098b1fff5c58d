"""The progress code: it says what was put in, and tells a typing mistake."""

from __future__ import annotations

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.practice import progress_code

PLACES = {"pool-party": 0, "first-pool": 16, "greeting": 17, "far": 100}


@pytest.mark.parametrize(
    "passed", [set(), {"pool-party"}, {"first-pool"}, {"greeting", "far"}, set(PLACES)], ids=lambda names: len(names)
)
def test_a_code_says_what_was_put_in(passed: set[str]) -> None:
    assert progress_code.decode(progress_code.encode(passed, PLACES), PLACES) == passed


def test_a_code_is_short_and_reads_well() -> None:
    code = progress_code.encode({"pool-party", "first-pool", "greeting"}, PLACES)
    assert len(code) == 12
    assert progress_code.decode(f"  {code.lower().replace('-', ' ')} ", PLACES) == {
        "pool-party",
        "first-pool",
        "greeting",
    }


def test_lookalikes_are_taken_for_what_they_look_like() -> None:
    code = progress_code.encode({"pool-party"}, PLACES)
    assert "0" in code
    assert progress_code.decode(code.replace("0", "O").replace("1", "l"), PLACES) == {"pool-party"}


def test_every_wrong_letter_swap_and_missing_letter_is_told() -> None:
    code = progress_code.encode({"pool-party", "first-pool", "far"}, PLACES).replace("-", "")
    slips = {
        code[:at] + letter + code[at + 1 :] for at in range(len(code)) for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    }
    slips |= {code[:at] + code[at + 1 :] for at in range(len(code))}
    slips |= {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)}
    for slip in slips - {code}:
        with pytest.raises(BadSetting, match=r"typing mistake|newer version"):
            progress_code.decode(slip, PLACES)


@pytest.mark.parametrize(
    "code", ["", "-", "hello!", "0", "00", "%%%", "U", "ü" * 9, "Z" * 99, "Z" * 200, "\x1b[2J" * 10**5]
)
def test_what_is_no_code_gets_a_sentence(code: str) -> None:
    with pytest.raises(BadSetting, match=r"is not a progress code|typing mistake") as told:
        progress_code.decode(code, PLACES)
    assert len(str(told.value)) < 200


def test_an_exercise_that_this_version_does_not_have_is_left_out() -> None:
    code = progress_code.encode({"pool-party", "far"}, PLACES)
    assert progress_code.decode(code, {"pool-party": 0}) == {"pool-party"}
