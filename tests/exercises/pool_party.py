"""Answers to `pool-party`: the mistakes that learners make, and other right ways."""

from __future__ import annotations


def one_text():
    return "Ada"


def six_guests():
    return ["Ada", "Grace", "Linus", "Guido", "Barbara", "Salvatore"]


def prints_them():
    print(["Ada", "Grace"])


def nobody():
    return []


def numbers():
    return [1, 2, 3]


WRONG = {
    one_text: "3 guests called A, d, a",
    six_guests: "MaxConnectionsError: Too many connections",
    prints_them: "returned `None`",
    nobody: "0 connections were opened",
    numbers: "a list of texts",
}


ALSO_RIGHT = [
    lambda: ("Zoë", "Jean Luc", "李", "o'Hara", "%"),
    lambda: [name.title() for name in ("ada",)],
    lambda: ["Ada"] * 5,
]
