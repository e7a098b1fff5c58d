"""Answers to `break-even`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any


def in_milliseconds(round_trip, opening, commands):
    return opening * round_trip * 1000, (opening + commands) / commands


def opens_for_each_command(round_trip, opening, commands):  # "a command costs six round trips, so four cost 24"
    afresh = commands * (opening + 1) * round_trip
    return afresh - commands * round_trip, afresh / (commands * round_trip)


def the_whole_page(round_trip, opening, commands):
    return (opening + commands) * round_trip, (opening + commands) / commands


def six_times_always(round_trip, opening, commands):  # "the lesson says six times"
    return opening * round_trip, opening + 1


def forgets_the_commands(round_trip, opening, commands):
    return opening * round_trip, opening / commands


def upside_down(round_trip, opening, commands):
    return opening * round_trip, commands / (opening + commands)


def whole_numbers(round_trip, opening, commands):
    return opening * round_trip, (opening + commands) // commands


def counts_trips(round_trip, opening, commands):
    return opening, (opening + commands) / commands


def one_number(round_trip, opening, commands):
    return opening * round_trip


def a_share(round_trip, opening, commands):
    return opening * round_trip, opening / (opening + commands)


WRONG = {
    in_milliseconds: "would be milliseconds",
    opens_for_each_command: "opened 4 times",
    the_whole_page: "the whole page today",
    six_times_always: "True of a page that sends one command",
    forgets_the_commands: "the one *and* the other",
    upside_down: "slower by reuse",
    whole_numbers: "rounded down",
    counts_trips: "a number of round trips",
    one_number: "two numbers",
    a_share: "the longer by the shorter",
}


# -- right in other words


def saves_the_opening(round_trip: float, opening: int, commands: int) -> Any:
    return [opening * round_trip, 1 + opening / commands]


def simulates_both(round_trip: float, opening: int, commands: int) -> Any:
    today = sum(round_trip for _ in range(opening + commands))
    then = sum(round_trip for _ in range(commands))
    return today - then, today / then


ALSO_RIGHT = [saves_the_opening, simulates_both]
