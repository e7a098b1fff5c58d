"""Counting requests off the wire: whole ones only, however they are sliced, and nothing raises."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from redis.connection import Connection

from tutorial_lib.network.counts import FAMILIES, RequestCounter


def packed(*arguments: str | bytes | int) -> bytes:
    """What redis-py would send."""
    return b"".join(Connection().pack_command(*arguments))


def counted(*slices: bytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    counter = RequestCounter(counts)
    for piece in slices:
        counter.feed(piece)
    return counts


def test_a_request_is_counted_by_its_name_in_capitals() -> None:
    assert counted(packed("set", "k", "v") + packed("Get", "k") + packed("GET", "k")) == {"SET": 1, "GET": 2}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_carries_its_second_word(family: str) -> None:
    assert counted(packed(family.lower(), "setname", "third")) == {f"{family} SETNAME": 1}


def test_a_family_without_a_second_word_is_its_own_name() -> None:
    assert counted(packed("COMMAND")) == {"COMMAND": 1}


def test_only_whole_requests_count() -> None:
    request = packed("SET", "greeting", "hello")
    assert counted(request[:-1]) == {}
    assert counted(request[:-1], request[-1:]) == {"SET": 1}


def test_values_that_look_like_requests_are_not_counted() -> None:
    inner = packed("FLUSHALL") + b"\r\nDEL k\r\n"
    assert counted(packed("SET", inner, inner)) == {"SET": 1}
    assert counted(packed("CLIENT", "SETNAME", "web") + packed("GET", "")) == {"CLIENT SETNAME": 1, "GET": 1}


CONVERSATION = (
    packed("HELLO", 3)
    + packed("CLIENT", "SETINFO", "LIB-NAME", "redis-py")
    + packed("SET", "k", b"*1\r\n$4\r\nPING\r\n" * 20)
    + b"*0\r\n*-1\r\n\r\n"
    + b"ping\r\nclient list\n"
    + packed("ECHO", "x" * 200)
    + packed("GET", "k")
)
EXPECTED = {"HELLO": 1, "CLIENT SETINFO": 1, "SET": 1, "PING": 1, "CLIENT LIST": 1, "ECHO": 1, "GET": 1}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_slices_do_not_matter(size: int) -> None:
    slices = [CONVERSATION[i : i + size] for i in range(0, len(CONVERSATION), size)]
    assert counted(*slices) == EXPECTED


def test_slices_by_line_do_not_matter() -> None:
    assert counted(*CONVERSATION.splitlines(keepends=True)) == EXPECTED


def test_a_long_value_is_not_kept() -> None:
    counter = RequestCounter(Counter())
    counter.feed(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n")
    for _ in range(10):
        counter.feed(b"x" * 65536)
    kept = [value for value in vars(counter).values() if isinstance(value, (bytes, list))]
    assert sum(len(value) for value in kept) < 100


@pytest.mark.parametrize(
    "garbage",
    [
        b"*x\r\n",
        b"*2\r\n:5\r\n",
        b"*1\r\n$-5\r\n",
        b"*1\r\n$abc\r\n",
        b"*" + b"9" * 5000 + b"\r\n",
        b"x" * 70_000,
    ],
)
def test_after_a_protocol_error_nothing_is_counted(garbage: bytes) -> None:
    assert counted(packed("PING"), garbage, packed("PING")) == {"PING": 1}


def test_names_that_are_no_text_are_left_out() -> None:
    nameless = b"*2\r\n$0\r\n\r\n$1\r\nk\r\n"
    assert counted(packed(b"\x00\x01", "k") + b"\x16\x03\x01\r\n" + nameless + packed("GET", "k")) == {"GET": 1}


def test_no_bytes_make_it_raise() -> None:
    chance = random.Random(8)
    alphabet = b"*$:+-0123456789\r\n\r\n\r\nGETclient\x00\xff "
    for _ in range(500):
        stream = bytes(chance.choices(alphabet, k=300))
        whole, sliced = counted(stream), counted(*(stream[i : i + 5] for i in range(0, 300, 5)))
        assert whole == sliced
