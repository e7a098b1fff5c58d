"""Answers to `break-even`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np


def in_milliseconds(round_trip, opening, commands):
    return opening * round_trip * 1000, (opening + commands) / commands


def opens_for_each_command(round_trip, opening, commands):  # "a command costs six round trips, so three cost 18"
    afresh = commands * (opening + 1) * round_trip
    return afresh - commands * round_trip, afresh / (commands * round_trip)


def the_whole_page(round_trip, opening, commands):  # how long it takes, instead of what is saved
    return (opening + commands) * round_trip, (opening + commands) / commands


def six_times_always(round_trip, opening, commands):  # "the lesson says six times"
    return opening * round_trip, opening + 1


def forgets_the_commands(round_trip, opening, commands):
    return opening * round_trip, opening / commands


def upside_down(round_trip, opening, commands):
    return opening * round_trip, commands / (opening + commands)


def other_way_round(round_trip, opening, commands):
    return (opening + commands) / commands, opening * round_trip


def counts_the_opening_as_one(round_trip, opening, commands):  # "opening is one more round trip"
    return round_trip, (1 + commands) / commands


WRONG = {
    in_milliseconds: "would be milliseconds",
    opens_for_each_command: "open a connection 3 times",
    the_whole_page: "the whole page takes today",
    six_times_always: "true for a page with one command",
    forgets_the_commands: "the opening *and* the commands",
    upside_down: "the faster one",
    other_way_round: "in this order",
    counts_the_opening_as_one: "That is one round trip",
}


def whole_numbers(round_trip, opening, commands):
    return opening * round_trip, (opening + commands) // commands


def rounds(round_trip, opening, commands):
    return round(opening * round_trip, 2), round((opening + commands) / commands, 1)


def counts_trips(round_trip, opening, commands):
    return opening, (opening + commands) / commands


def distance_from_the_prompt(round_trip, opening, commands):  # 10 ms, whatever it is called with
    return opening * 0.01, (opening + commands) / commands


def one_number(round_trip, opening, commands):
    return opening * round_trip


def in_words(round_trip, opening, commands):
    return f"{opening * round_trip} s", f"{(opening + commands) / commands} times"


def a_share(round_trip, opening, commands):
    return opening * round_trip, opening / (opening + commands)


def in_percent(round_trip, opening, commands):
    return opening * round_trip, 100 * opening / (opening + commands)


ALSO_WRONG = {
    whole_numbers: "rounded down",
    rounds: "Something was rounded. Return",
    counts_trips: "a number of round trips",
    distance_from_the_prompt: "A round trip takes 0.02 s here",
    one_number: "two numbers",
    in_words: "two numbers",
    a_share: "the part of today's time that is saved",
    in_percent: "how many percent",
}


# -- right in other words


def simulates_both(round_trip, opening, commands):
    today = sum(round_trip for _ in range(opening + commands))
    then = sum(round_trip for _ in range(commands))
    return today - then, today / then


def exactly(round_trip, opening, commands):
    seconds = Decimal(str(round_trip)) * opening
    return seconds, Fraction(opening + commands, commands)


ALSO_RIGHT = [
    simulates_both,
    exactly,
    lambda round_trip, opening, commands: [opening * round_trip, 1 + opening / commands],
    lambda round_trip, opening, commands: np.array([opening * round_trip, 1 + opening / commands]),
]
