"""Answers to count-my-clients: the mistakes that learners make, and other right ways."""

import functools
import re
from collections import Counter, defaultdict

import redis


def anything_with_shop(r):
    counted = Counter(client["name"] for client in r.client_list() if "shop" in client["name"])
    return dict(counted)


def shop_without_colon(r):
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop")))


def without_the_prefix(r):
    return dict(Counter(c["name"][5:] for c in r.client_list() if c["name"].startswith("shop:")))


def each_name_once(r):
    return {name: 1 for name in {c["name"] for c in r.client_list()} if name.startswith("shop:")}


def only_normal_ones(r):
    # pub/sub connections are of another type
    return dict(Counter(c["name"] for c in r.client_list(_type="normal") if c["name"].startswith("shop:")))


def own_pool_only(r):
    return {r.client_getname() or "shop:greetings": len(r.connection_pool._in_use_connections)}


def total_from_info(r):
    return {"shop:": r.info("clients")["connected_clients"]}


@functools.lru_cache(maxsize=None)
def remembered(r):
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:")))


def keeps_adding(r, counted=defaultdict(int)):  # noqa: B006
    for client in r.client_list():
        if client["name"].startswith("shop:"):
            counted[client["name"]] += 1
    return dict(counted)


def never_forgets(r, seen=set()):  # noqa: B006
    counted = Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:"))
    seen.update(counted)
    return {name: counted[name] for name in seen}


def with_a_client_of_its_own(r):
    with redis.Redis(**r.get_connection_kwargs()) as other:
        return dict(Counter(c["name"] for c in other.client_list() if c["name"].startswith("shop:")))


def without_its_own(r):
    # leaves out the connection that asks
    mine = r.client_id()
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:") and int(c["id"]) != mine))


def everybody(r):
    return dict(Counter(client["name"] for client in r.client_list()))


def by_process(r):
    # distinct hosts of a name
    hosts = defaultdict(set)
    for c in r.client_list():
        if c["name"].startswith("shop:"):
            hosts[c["name"]].add(c["addr"].rpartition(":")[0])
    return {name: len(of) for name, of in hosts.items()}


def known_names_only(r):
    # reads the example of the prompt
    names = [c["name"] for c in r.client_list()]
    return {name: names.count(name) for name in ("shop:greetings", "shop:counters")}


def busy_ones_only(r):
    return dict(Counter(c["name"] for c in r.client_list() if c["name"].startswith("shop:") and int(c["idle"]) < 1 and c["cmd"] != "client|setinfo"))


def counter_itself(r):
    return Counter(client["name"] for client in r.client_list() if client["name"].startswith("shop:"))


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


def comprehension(r):
    names = [client["name"] for client in r.client_list() if client["name"].startswith("shop:")]
    return {name: names.count(name) for name in names}


WRONG = {
    anything_with_shop: "counted others' (workshop...)",
    shop_without_colon: "counted shopkeeper etc.",
    without_the_prefix: "names must be whole",
    each_name_once: "counted each name once",
    only_normal_ones: "missed listener (pubsub type)",
    own_pool_only: "only own process",
    total_from_info: "total",
    remembered: "old result in second minute",
    keeps_adding: "added to the earlier count",
    never_forgets: "names that are gone with 0",
    with_a_client_of_its_own: "opened another connection",
    without_its_own: "left out its own connection",
    everybody: "counted others",
    by_process: "counted hosts",
    known_names_only: "missed another name",
    busy_ones_only: "idle ones missed",
}
ALSO_RIGHT = [counter_itself, from_the_raw_text, comprehension]
