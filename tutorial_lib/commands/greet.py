"""``greet``: the smallest program that uses a pool."""

from __future__ import annotations

import sys

import click
import redis

from tutorial_lib.commands.console import say
from tutorial_lib.commands.options import server_option
from tutorial_lib.errors import CannotConnect
from tutorial_lib.servers import start_server


@click.command()
@server_option
def command() -> int:
    """Run the greeting program: with a pool of at most 3 connections, set greeting to hello, get it and print it."""
    with start_server() as server:
        say(server.describe(), stream=sys.stderr)
        pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)
        try:
            r = redis.Redis(connection_pool=pool)
            r.set("greeting", "hello")
            greeting = r.get("greeting")
            assert isinstance(greeting, bytes)  # the pool does not decode, so that decoding can be shown
        except redis.RedisError as error:
            server.opened()  # If the server itself has died, this raises what happened and what to do.
            raise CannotConnect(
                f"The greeting program stopped with {type(error).__name__}: {str(error).rstrip('.')}. "
                "Run it again; redis-pool-tutorial doctor says which server it gets and why."
            ) from error
        finally:
            pool.close()
    say(greeting.decode())
    return 0
