"""Answers to `pool-party`: the mistakes that learners make, and other right ways."""

from __future__ import annotations


def one_text():  # "a name is all it takes"
    return "Ada"


def six_guests():
    return ["Ada", "Grace", "Linus", "Guido", "Barbara", "Salvatore"]


def prints_them():
    print(["Ada", "Grace"])


def nobody():
    return []


def numbers():  # "how many are coming?"
    return [1, 2, 3]


def list_in_a_list():  # the brackets of the prompt's example, inside those that were there
    return [["Ada", "Grace"]]


def keeps_the_dots():
    return ["Ada", "Grace", ...]


def nameless():
    return ["Ada", " "]


WRONG = {
    one_text: "3 guests would be called A, d, a",
    six_guests: "MaxConnectionsError: Too many connections",
    prints_them: "returned `None`",
    nobody: "opened 0 connections",
    numbers: "The guest `1` isn't text",
    list_in_a_list: "The guest `['Ada', 'Grace']` isn't text",
    keeps_the_dots: "still contains the `...`",
    nameless: "an empty name",
}


def a_dictionary():
    return {"first": "Ada", "second": "Grace"}


def as_they_come():  # a generator: its repr has an address, which changes from run to run
    return (name for name in ["Ada", "Grace"])


ALSO_WRONG = {
    a_dictionary: "has to return a list of texts",
    as_they_come: "`<generator object as_they_come.<locals>.<genexpr>>`",
}


# -- right in other words


class Guests:
    def __call__(self):
        return sorted({"Ada", "Grace", "Linus"})


ALSO_RIGHT = [
    Guests(),
    lambda: ("Zoë", "Jean Luc", "李", "o'Hara", "%"),
    lambda: [name.title() for name in ("ada",)],
    lambda: ["Ada"] * 5,
    lambda: ["Ada\nLovelace"],
]
