"""Answers to `tls-by-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import redis


def ssl_on_the_pool(host, port, ca_data):  # "as with redis.Redis"
    return redis.ConnectionPool(host=host, port=port, max_connections=5, ssl=True, ssl_ca_data=ca_data)


def plain_connections(host, port, ca_data):  # "the port knows that it speaks TLS"
    return redis.BlockingConnectionPool(host=host, port=port, max_connections=5)


def plain_class(host, port, ca_data):  # "ssl_ca_data turns it on"
    return redis.ConnectionPool(host=host, port=port, max_connections=5, ssl_ca_data=ca_data)


def without_the_authority(host, port, ca_data):
    return redis.ConnectionPool(host=host, port=port, max_connections=5, connection_class=redis.SSLConnection)


def text_for_a_file(host, port, ca_data):  # "ssl_ca_certs takes the certificate"
    return redis.ConnectionPool(
        host=host, port=port, max_connections=5, connection_class=redis.SSLConnection, ssl_ca_certs=ca_data
    )


def checks_nothing(host, port, ca_data):  # "then it works"
    return redis.ConnectionPool(
        host=host, port=port, max_connections=5, connection_class=redis.SSLConnection, ssl_cert_reqs="none"
    )


def a_client(host, port, ca_data):
    return redis.Redis(host=host, port=port, ssl=True, ssl_ca_data=ca_data, max_connections=5)


def without_a_limit(host, port, ca_data):
    return redis.ConnectionPool.from_url(f"rediss://{host}:{port}", ssl_ca_data=ca_data)


WRONG = {
    ssl_on_the_pool: "`ssl=True` is an argument of `redis.Redis`",
    plain_connections: "the pool's connections are plain ones",
    plain_class: "they know nothing about TLS",
    without_the_authority: "they don't know the authority",
    text_for_a_file: "looked for a file of that name",
    checks_nothing: "on the port of an impostor",
    a_client: "returned a client (`Redis`)",
    without_a_limit: "should hold 5 connections at most",
}


def checks_no_name_and_no_authority(host, port, ca_data):
    return redis.ConnectionPool.from_url(
        f"rediss://{host}:{port}?ssl_cert_reqs=none&ssl_check_hostname=False&max_connections=5"
    )


ALSO_WRONG = {checks_no_name_and_no_authority: "on the port of an impostor"}


def from_url(host, port, ca_data):
    return redis.ConnectionPool.from_url(f"rediss://{host}:{port}/0", ssl_ca_data=ca_data, max_connections=5)


def the_pool_of_a_client(host, port, ca_data):
    client = redis.Redis(host=host, port=port, ssl=True, ssl_ca_data=ca_data, max_connections=5)
    return client.connection_pool


def fewer_than_it_may(host, port, ca_data):
    return redis.BlockingConnectionPool(
        host=host, port=port, max_connections=3, connection_class=redis.SSLConnection, ssl_ca_data=ca_data
    )


ALSO_RIGHT = [from_url, the_pool_of_a_client, fewer_than_it_may]
