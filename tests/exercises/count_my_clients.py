"""Answers to `count-my-clients`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import redis

from tutorial_lib.exercises.count_my_clients import solution


def asks_the_pool(r):  # "my pool knows the connections"
    (idle, _), (in_use, _) = r.connection_pool.get_connection_count()
    return {"shop:greetings": idle + in_use}


def everybody(r):
    counted = {}
    for client in r.client_list():
        counted[client["name"]] = counted.get(client["name"], 0) + 1
    return counted


def once_each(r):
    return {client["name"]: 1 for client in r.client_list() if client["name"].startswith("shop:")}


def knows_the_names(r):  # as does client_list(_type="normal"), which fakeredis has not: no subscriber
    names = [client["name"] for client in r.client_list()]
    return {name: names.count(name) for name in ("shop:greetings", "shop:counters")}


def colon_anywhere(r):
    names = [client["name"] for client in r.client_list()]
    return {name: names.count(name) for name in names if "shop:" in name}


def goes_on_counting(r):  # as with a dictionary outside of the function
    counted = vars(r).setdefault("counted", {})
    for name, number in solution(r).items():
        counted[name] = counted.get(name, 0) + number
    return counted


def without_the_colon(r):
    counted = {}
    for client in r.client_list():
        if client["name"].startswith("shop"):
            counted[client["name"]] = counted.get(client["name"], 0) + 1
    return counted


def only_itself(r):
    return {client["name"]: 1 for client in r.client_list(client_id=[r.client_id()]) if "shop:" in client["name"]}


@lru_cache
def remembers(r):
    return solution(r)


def in_total(r):
    return len(r.client_list())


def own_client(r):  # "to ask about connections I need one"
    kwargs = r.connection_pool.connection_kwargs
    return solution(redis.Redis(host=kwargs["host"], port=kwargs["port"]))


WRONG = {
    asks_the_pool: "Whose list has them all",
    everybody: "Whom do you leave out?",
    once_each: "counted once",
    knows_the_names: "A subscriber has a connection",
    colon_anywhere: "`'workshop:1'` does not begin with `shop:`",
    goes_on_counting: "Where does `counted` begin?",
    without_the_colon: "`'shopping-list'` does not begin with `shop:`",
    only_itself: "with more entries than you looked at",
    remembers: "One process has ended since the last call",
    in_total: "Asked for is a dictionary",
    own_client: "new connections were opened to get them",
}


# -- right in other words


def with_a_counter(r: Any) -> Any:
    names = [client["name"] for client in r.client_list()]
    return Counter(name for name in names if name.startswith("shop:"))


def reads_the_list_itself(r: Any) -> Any:
    with redis.Redis(connection_pool=r.connection_pool) as mine:
        lines = mine.execute_command("CLIENT LIST")
    counted: dict[str, int] = {"shop:backup": 0}
    for client in lines:
        if client["name"].partition(":")[0] == "shop":
            counted.setdefault(client["name"], 0)
            counted[client["name"]] += 1
    return counted


ALSO_RIGHT = [with_a_counter, reads_the_list_itself]
