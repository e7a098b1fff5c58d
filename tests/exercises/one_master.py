"""Answers to `one-master`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from functools import cache

import redis
from redis.sentinel import SentinelConnectionPool


def a_pool_for_each_call(sentinels, service):
    sentinel = redis.Sentinel(sentinels)

    def get_client():
        return sentinel.master_for(service)

    return get_client


def stores_the_address(sentinels, service):  # "ask once, then it is a Redis like any other"
    host, port = redis.Sentinel(sentinels).discover_master(service)
    client = redis.Redis(host=host, port=port)
    return lambda: client


def talks_to_the_sentinel(sentinels, service):  # "a sentinel passes commands on"
    host, port = sentinels[0]
    client = redis.Redis(host=host, port=port)
    return lambda: client


def a_replicas(sentinels, service):  # "it is the same data"
    client = redis.Sentinel(sentinels).slave_for(service)
    return lambda: client


def another_name(sentinels, service):
    client = redis.Sentinel(sentinels).master_for("master")
    return lambda: client


def closes_after_each_use(sentinels, service):
    client = redis.Sentinel(sentinels).master_for(service)

    def get_client():
        client.close()
        return client

    return get_client


def the_client_itself(sentinels, service):
    return redis.Sentinel(sentinels).master_for(service)


def owner_for_each_call(sentinels, service):  # "from_pool shares the pool"
    pool = redis.Sentinel(sentinels).master_for(service).connection_pool
    return lambda: redis.Redis.from_pool(pool)


WRONG = {
    a_pool_for_each_call: "returned clients of 20 pools",
    stores_the_address: "After a failover it would go on writing to the old",
    talks_to_the_sentinel: "connected to a sentinel, which stores no",
    a_replicas: "The client is one for a replica",
    another_name: "Which name did your code ask for?",
    closes_after_each_use: "There is one pool, and 20 commands",
    owner_for_each_call: "opened 20 connections to the master",
    the_client_itself: "It has to be the function `get_client` itself",
}


def everything_for_each_call(sentinels, service):
    return lambda: redis.Sentinel(sentinels).master_for(service)


def the_address_of_each_call(sentinels, service):
    def get_client():
        host, port = redis.Sentinel(sentinels).discover_master(service)
        return redis.Redis(host=host, port=port)

    return get_client


ALSO_WRONG = {
    everything_for_each_call: "and the sentinel 20 connections",
    the_address_of_each_call: "After a failover it would go on writing to the old",
}


def a_client_for_each_call_on_one_pool(sentinels, service):
    pool = SentinelConnectionPool(service, redis.Sentinel(sentinels))
    return lambda: redis.Redis(connection_pool=pool)


def built_at_the_first_call(sentinels, service):
    @cache
    def get_client():
        return redis.Sentinel(sentinels).master_for(service, max_connections=10)

    return get_client


ALSO_RIGHT = [a_client_for_each_call_on_one_pool, built_at_the_first_call]
