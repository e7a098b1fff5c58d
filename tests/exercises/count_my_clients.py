"""Answers to `count-my-clients`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any

import redis

from tutorial_lib.exercises.count_my_clients import solution


def asks_the_pool(r):  # "my pool knows the connections"
    (idle, _), (in_use, _) = r.connection_pool.get_connection_count()
    return {"shop:greetings": idle + in_use}


def everybody(r):  # "all connections are ours"
    counted = {}
    for client in r.client_list():
        counted[client["name"]] = counted.get(client["name"], 0) + 1
    return counted


def once_each(r):  # "a dictionary counts by itself"
    return {client["name"]: 1 for client in r.client_list() if client["name"].startswith("shop:")}


def knows_the_names(r):  # as does client_list(_type="normal"), which fakeredis has not: no subscriber
    names = [client["name"] for client in r.client_list()]
    return {name: names.count(name) for name in ("shop:greetings", "shop:counters")}


def goes_on_counting(r):  # as with a dictionary outside of the function
    counted = vars(r).setdefault("counted", {})
    for name, number in solution(r).items():
        counted[name] = counted.get(name, 0) + number
    return counted


def without_the_colon(r):  # "shop is enough"
    counted = {}
    for client in r.client_list():
        if client["name"].startswith("shop"):
            counted[client["name"]] = counted.get(client["name"], 0) + 1
    return counted


@lru_cache
def remembers(r):  # "the list does not change often"
    return solution(r)


def own_client(r):  # "to ask about connections I need one"
    kwargs = r.connection_pool.connection_kwargs
    return solution(redis.Redis(host=kwargs["host"], port=kwargs["port"]))


WRONG = {
    asks_the_pool: "Which list has them all",
    everybody: "Which names belong in the dictionary",
    once_each: "counted once",
    knows_the_names: "A connection that is subscribed",
    goes_on_counting: "the second counts on from the first",
    without_the_colon: "`'shopping-list'` does not begin with `shop:`",
    remembers: "One process has ended since the first call",
    own_client: "opened 2 new connections",
}


# -- the same mistakes in other shapes


def colon_anywhere(r):  # "in and startswith are alike"
    names = [client["name"] for client in r.client_list()]
    return {name: names.count(name) for name in names if "shop:" in name}


def only_itself(r):  # "my own entry stands for all"
    return {client["name"]: 1 for client in r.client_list(client_id=[r.client_id()]) if "shop:" in client["name"]}


def in_total(r):  # "a number is asked for"
    return len(r.client_list())


def without_the_prefix(r):  # "shop: goes without saying"
    return dict(Counter(c["name"][5:] for c in r.client_list() if c["name"].startswith("shop:")))


def without_its_own(r):
    # leaves out the connection that asks
    mine = r.client_id()
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:") and int(c["id"]) != mine))


def by_process(r):
    # distinct hosts of a name
    hosts = defaultdict(set)
    for c in r.client_list():
        if c["name"].startswith("shop:"):
            hosts[c["name"]].add(c["addr"].rpartition(":")[0])
    return {name: len(of) for name, of in hosts.items()}


def only_one_flag(r):  # "N is a normal client"
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:") and c["flags"] == "N"))


def own_client_each_time(r):  # "to ask about connections I need one"
    how = r.get_connection_kwargs()
    with redis.Redis(host=how["host"], port=how["port"]) as other:
        return solution(other)


def nothing_at_all(r):  # forgets to fill it
    return {}


def collects_their_numbers(r):  # "a set counts them"
    found = defaultdict(set)
    for client in r.client_list():
        if client["name"].startswith("shop:"):
            found[client["name"]].add(0)
    return found


ALSO_WRONG = {
    collects_their_numbers: "returned `{0}`. It should be a number",
    colon_anywhere: "`'workshop:1'` does not begin with `shop:`",
    only_itself: "Which list has them all",
    in_total: "It should be a dictionary",
    without_the_prefix: "`'counters'` does not begin with `shop:`",
    without_its_own: "The connection of `r` is in the list",
    by_process: "counted once",
    only_one_flag: "A connection that is subscribed",
    own_client_each_time: "opened 2 new connections",
    nothing_at_all: "Your function found none",
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


def from_the_raw_text(r):
    listed = r.execute_command("CLIENT LIST", NEVER_DECODE=True)
    if not isinstance(listed, (bytes, str)):
        listed = " ".join(f"name={client['name']}" for client in listed).encode()
    if isinstance(listed, bytes):
        listed = listed.decode()
    counted = defaultdict(int)
    for name in re.findall(r"(?:^|\s)name=(shop:\S*)", listed):
        counted[name] += 1
    return counted


def never_forgets(r, seen=set()):  # noqa: B006 - names with 0 connections may stay
    counted = Counter(client["name"] for client in r.client_list() if client["name"].startswith("shop:"))
    seen.update(counted)
    return {name: counted[name] for name in seen}


def comprehension(r):
    names = [client["name"] for client in r.client_list() if client["name"].startswith("shop:")]
    return {name: names.count(name) for name in names}


ALSO_RIGHT = [
    with_a_counter,
    reads_the_list_itself,
    from_the_raw_text,
    never_forgets,
    comprehension,
]
