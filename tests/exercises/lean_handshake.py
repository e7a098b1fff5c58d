"""Answers to `lean-handshake`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools

import redis
from redis.maint_notifications import MaintNotificationsConfig


def says_it_all(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop")


def older_protocol_only(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", protocol=2)


def no_driver_info_only(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", driver_info=None)


def nameless(host, port):  # "leave out all that can be left out"
    return redis.ConnectionPool(host=host, port=port, db=1, protocol=2, driver_info=None)


def in_database_0(host, port):
    return redis.ConnectionPool(host=host, port=port, client_name="shop", protocol=2, driver_info=None)


def opens_ahead(host, port):  # "an open connection has nothing more to say"
    pool = redis.ConnectionPool(host=host, port=port, db=1, client_name="shop")
    redis.Redis(connection_pool=pool).ping()
    return pool


def signs_in(host, port):  # "a connection always signs in"
    return redis.ConnectionPool(
        host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None, username="default", password=""
    )


def checks_health(host, port):
    return redis.ConnectionPool(
        host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None, health_check_interval=1
    )


WRONG = {
    says_it_all: "sent 6 commands",
    older_protocol_only: "which client library this is. Does the server need",
    no_driver_info_only: "another version of the protocol",
    nameless: "has no name in CLIENT LIST, and it should be called `shop`. It sent 1",
    in_database_0: "in database 0",
    opens_ahead: "Building the pool opened 1 connection.",
    signs_in: "`AUTH` signs in",
    checks_health: "`PING` checks a connection",
}


def no_notices_either(host, port):
    quiet = MaintNotificationsConfig(enabled=False)
    return redis.ConnectionPool(
        host=host, port=port, db=1, client_name="shop", driver_info=None, maint_notifications_config=quiet
    )


def a_client(host, port):
    return redis.Redis(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)


def settings_on_the_client(host, port):  # "db and name are the client's"
    pool = redis.ConnectionPool(host=host, port=port, protocol=2, driver_info=None)
    r = redis.Redis(connection_pool=pool, db=1, client_name="shop")
    return r.connection_pool


def misspelled(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, name="shop", protocol=2, driver_info=None)


def opens_and_closes(host, port):  # nothing is open when the check looks
    pool = redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    redis.Redis(connection_pool=pool).ping()
    pool.disconnect()
    return pool


class PutsItOff(redis.Connection):
    """Says with its first command what others say when they connect."""

    def on_connect_check_health(self, check_health=True):
        self._parser.on_connect(self)
        self.put_off = [("CLIENT", "SETNAME", "shop"), ("SELECT", 1), ("CLIENT", "GETNAME")]

    def send_command(self, *args, **options):
        while self._sock and self.put_off:
            super().send_command(*self.put_off.pop(0), check_health=False)
            self.read_response()
        return super().send_command(*args, **options)


def puts_it_off(host, port):
    return redis.ConnectionPool(connection_class=PutsItOff, host=host, port=port, protocol=2)


def says_nothing(host, port):  # "a handshake of no commands"
    return redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", redis_connect_func=lambda _: None)


ALSO_WRONG = {
    no_notices_either: "sent 3 commands",
    a_client: "returned a client",
    settings_on_the_client: "It sent 0 commands",
    misspelled: "unexpected keyword argument 'name'",
    opens_and_closes: "Building the pool opened 1 connection.",
    puts_it_off: "sent 3 commands before yours: `CLIENT SETNAME`, `SELECT`, `CLIENT GETNAME`",
    says_nothing: "replaces redis-py's whole handshake",
}


# -- right in other words


def says_its_name_with_hello(host, port):
    def introduce(connection):
        connection._parser.on_connect(connection)
        connection.send_command("HELLO", 2, "SETNAME", "shop")
        connection.read_response()
        connection.send_command("SELECT", 1)
        connection.read_response()

    return redis.BlockingConnectionPool(host=host, port=port, redis_connect_func=introduce, protocol=2)


def lean_from_a_url(host, port):
    url = f"redis://{host}:{port}/1?client_name=shop&protocol=2"
    return redis.ConnectionPool.from_url(url, driver_info=None, max_connections=1)


def pool_of_a_lean_client(host, port):
    r = redis.Redis(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    return r.connection_pool


def with_a_partial(host, port):
    lean = functools.partial(redis.ConnectionPool, db=1, protocol=2, driver_info=None)
    return lean(host=host, port=port, client_name="shop")


ALSO_RIGHT = [says_its_name_with_hello, lean_from_a_url, pool_of_a_lean_client, with_a_partial]
