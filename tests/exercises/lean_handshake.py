"""Answers to `lean-handshake`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis
from redis.maint_notifications import MaintNotificationsConfig


def says_it_all(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop")


def older_protocol_only(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", protocol=2)


def no_driver_info_only(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", driver_info=None)


def no_notices_either(host, port):
    quiet = MaintNotificationsConfig(enabled=False)
    return redis.ConnectionPool(
        host=host, port=port, db=1, client_name="shop", driver_info=None, maint_notifications_config=quiet
    )


def nameless(host, port):  # "leave out all that can be left out"
    return redis.ConnectionPool(host=host, port=port, db=1, protocol=2, driver_info=None)


def in_database_0(host, port):
    return redis.ConnectionPool(host=host, port=port, client_name="shop", protocol=2, driver_info=None)


def opens_ahead(host, port):  # "an open connection has nothing more to say"
    pool = redis.ConnectionPool(host=host, port=port, db=1, client_name="shop")
    redis.Redis(connection_pool=pool).ping()
    return pool


def a_client(host, port):
    return redis.Redis(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)


def settings_on_the_client(host, port):  # "db and name are the client's"
    pool = redis.ConnectionPool(host=host, port=port, protocol=2, driver_info=None)
    r = redis.Redis(connection_pool=pool, db=1, client_name="shop")
    return r.connection_pool


def misspelled(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, name="shop", protocol=2, driver_info=None)


WRONG = {
    says_it_all: "sent 6 commands",
    older_protocol_only: "Who is introduced by `CLIENT SETINFO`",
    no_driver_info_only: "belong to one version of the protocol",
    no_notices_either: "sent 3 commands",
    nameless: "has no name in CLIENT LIST; asked for is `shop`. It sent 1",
    in_database_0: "in database 0",
    opens_ahead: "1 connection was opened",
    a_client: "returned a client",
    settings_on_the_client: "It sent 0 commands",
    misspelled: "unexpected keyword argument 'name'",
}


# -- right in other words


def says_its_name_with_hello(host: str, port: int) -> Any:
    def introduce(connection: Any) -> None:
        connection._parser.on_connect(connection)
        connection.send_command("HELLO", 2, "SETNAME", "shop")
        connection.read_response()
        connection.send_command("SELECT", 1)
        connection.read_response()

    return redis.BlockingConnectionPool(host=host, port=port, redis_connect_func=introduce, protocol=2)


def lean_from_a_url(host: str, port: int) -> Any:
    url = f"redis://{host}:{port}/1?client_name=shop&protocol=2"
    return redis.ConnectionPool.from_url(url, driver_info=None, max_connections=1)


def pool_of_a_lean_client(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    return r.connection_pool


ALSO_RIGHT = [says_its_name_with_hello, lean_from_a_url, pool_of_a_lean_client]
