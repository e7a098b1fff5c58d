"""Answers to `fork-safe`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import multiprocessing
import os

import redis


def keeps_a_connection(host, port):  # "borrowing takes time"
    connection = redis.ConnectionPool(host=host, port=port).get_connection()

    def cart_of(customer):
        connection.send_command("GET", f"cart:{customer}")
        return connection.read_response().decode()

    return cart_of


def single_connection(host, port):  # "one connection for each process: just what is asked for"
    r = redis.Redis(host=host, port=port, single_connection_client=True, decode_responses=True)
    return lambda customer: r.get(f"cart:{customer}")


def watched_pipeline(host, port):  # "I watch the carts once"
    pipe = redis.Redis(host=host, port=port, decode_responses=True).pipeline()
    pipe.watch("cart:anna")
    return lambda customer: pipe.get(f"cart:{customer}")


def client_for_each_call(host, port):  # "what is not kept cannot be shared"
    return lambda customer: redis.Redis(host=host, port=port, decode_responses=True).get(f"cart:{customer}")


def remembers(host, port):  # "carts don't change often"
    r = redis.Redis(host=host, port=port, decode_responses=True)

    @functools.cache
    def cart_of(customer):
        return r.get(f"cart:{customer}")

    return cart_of


def forgets_to_decode(host, port):
    r = redis.Redis(host=host, port=port)
    return lambda customer: r.get(f"cart:{customer}")


WRONG = {
    keeps_a_connection: "Your code borrowed a connection before the fork",
    single_connection: "A client with `single_connection_client=True`",
    watched_pipeline: "A pipeline keeps its connection",
    client_for_each_call: "opened 25 connections",
    remembers: "The cart has changed since the first call",
    forgets_to_decode: "Those are bytes",
}


def locks_the_connection(host, port):  # "one at a time cannot go wrong"
    lock = multiprocessing.get_context("fork").Lock()
    of_one = keeps_a_connection(host, port)

    def cart_of(customer):
        with lock:
            return of_one(customer)

    return cart_of


def closes_after_each_call(host, port):
    r = redis.Redis(host=host, port=port, decode_responses=True)

    def cart_of(customer):
        with r:
            return r.get(f"cart:{customer}")

    return cart_of


def only_in_the_parent(host, port):
    r, parent = redis.Redis(host=host, port=port, decode_responses=True), os.getpid()

    def cart_of(customer):
        if os.getpid() != parent:
            raise RuntimeError("not in a worker")
        return r.get(f"cart:{customer}")

    return cart_of


def ends_the_worker(host, port):
    r, parent = redis.Redis(host=host, port=port, decode_responses=True), os.getpid()

    def cart_of(customer):
        if os.getpid() != parent:
            os._exit(3)
        return r.get(f"cart:{customer}")

    return cart_of


ALSO_WRONG = {
    locks_the_connection: "4 processes used 1 connection",
    closes_after_each_call: "opened 25 connections",
    only_in_the_parent: "raised `RuntimeError: not in a worker`",
    ends_the_worker: "Your code ended a worker process",
}


# -- right in other words


def client_for_each_process(host, port):
    @functools.cache
    def client(process):
        return redis.Redis(host=host, port=port, decode_responses=True, client_name=f"shop-{process}")

    return lambda customer: client(os.getpid()).get(f"cart:{customer}")


def tells_the_fork(host, port):
    clients = []

    def renew():
        clients[:] = [redis.Redis.from_url(f"redis://{host}:{port}")]

    renew()
    os.register_at_fork(after_in_child=renew)
    return lambda customer: clients[0].get(f"cart:{customer}").decode()


def borrows_each_time(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1)

    def cart_of(customer):
        connection = pool.get_connection()
        try:
            connection.send_command("GET", f"cart:{customer}")
            return connection.read_response().decode()
        finally:
            pool.release(connection)

    return cart_of


def reconnects_after_the_fork(host, port):
    connection, opened_by = redis.ConnectionPool(host=host, port=port).get_connection(), [os.getpid()]

    def cart_of(customer):
        if opened_by[0] != os.getpid():
            connection.disconnect()
            connection.connect()
            opened_by[0] = os.getpid()
        connection.send_command("GET", f"cart:{customer}")
        return connection.read_response().decode()

    return cart_of


ALSO_RIGHT = [client_for_each_process, tells_the_fork, borrows_each_time, reconnects_after_the_fork]
