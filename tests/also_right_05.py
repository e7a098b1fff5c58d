"""Lesson 05's exercises, right in other words."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MethodType
from typing import Any

import redis

from tutorial_lib.recording.recording import record

Function = Callable[..., Any]

# -- give-it-back


@contextmanager
def borrowed(pool: Any) -> Iterator[Any]:
    connection = pool.get_connection()
    try:
        yield connection
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def with_a_context_manager(pool: Any, words: Any, meanwhile: Function) -> Any:
    with borrowed(pool) as connection:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()


def reads_what_is_left(pool: Any, words: Any, meanwhile: Function) -> Any:
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        try:
            meanwhile()
        except BaseException:
            connection.read_response()
            raise
        return connection.read_response()
    finally:
        pool.release(connection)


def disconnects_unless_done(pool: Any, words: Any, meanwhile: Function) -> Any:
    connection = pool.get_connection()
    done = False
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
        done = True
        return reply
    finally:
        if not done:
            connection.disconnect()
        pool.release(connection)


def with_an_exit_stack(pool: Any, words: Any, meanwhile: Function) -> Any:
    with ExitStack() as stack:
        connection = pool.get_connection()
        stack.callback(pool.release, connection)
        try:
            connection.send_command(*words)
            meanwhile()
            return connection.read_response()
        except (Exception, KeyboardInterrupt):
            connection.disconnect()
            raise


# -- quiet-listener


def resets(r: Any) -> Any:
    news = r.pubsub(ignore_subscribe_messages=True)
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer() -> Any:
        message = news.get_message(timeout=0.2)
        return str(message["data"], "utf-8") if message else None

    return next_offer, news.reset


def lets_go_of_its_only_reference(r: Any) -> Any:
    kept = [r.pubsub()]
    kept[0].subscribe("offers")
    kept[0].get_message(timeout=1)

    def next_offer() -> Any:
        message = kept[0].get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return [next_offer, kept.clear]


def on_a_client_of_its_own(r: Any) -> Any:
    where = r.connection_pool.connection_kwargs
    own = redis.Redis(host=where["host"], port=where["port"], decode_responses=True)
    news = own.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer() -> Any:
        message = news.get_message(timeout=0.2)
        return message["data"] if message else None

    def stop() -> None:
        news.unsubscribe("offers")
        news.close()
        own.close()

    return next_offer, stop


# -- watch-and-release


def with_transaction(r: Any, agree: Function) -> Any:
    def sale(pipe: Any) -> None:
        if int(pipe.get("stock")) <= 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(sale, "stock")[0]


def with_finally(r: Any, agree: Function) -> Any:
    while True:
        pipe = r.pipeline()
        try:
            pipe.watch("stock")
            left = int(pipe.get("stock"))
            if not left:
                raise KeyError("stock")
            agree()
            pipe.multi()
            pipe.set("stock", left - 1)
            pipe.execute()
            return left - 1
        except redis.WatchError:
            pass
        finally:
            pipe.reset()


def by_hand(r: Any, agree: Function) -> Any:
    with borrowed(r.connection_pool) as connection:

        def ask(*words: Any) -> Any:
            connection.send_command(*words)
            return connection.read_response()

        while True:
            ask("WATCH", "stock")
            if ask("GET", "stock") == b"0":
                ask("UNWATCH")
                raise LookupError
            agree()
            ask("MULTI")
            ask("DECR", "stock")
            replies = ask("EXEC")
            if replies:
                return replies[0]


# -- long-poll


def with_a_longer_timeout(web: Any, host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1, socket_timeout=90, protocol=2)
    kitchen = redis.Redis(connection_pool=pool)

    def next_order(seconds: float) -> Any:
        _, order = kitchen.blpop(["orders"], seconds) or (None, b"")
        return order.decode() or None

    return next_order


def with_a_single_connection(web: Any, host: str, port: int) -> Function:
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None, single_connection_client=True)

    def next_order(seconds: float) -> Any:
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply and reply[1].decode()

    return next_order


def with_a_connection_kept_by_hand(web: Any, host: str, port: int) -> Function:
    pool = redis.ConnectionPool(host=host, port=port, decode_responses=True)
    connection = pool.get_connection()

    def next_order(seconds: float) -> Any:
        connection.send_command("BLPOP", "orders", seconds)
        reply = connection.read_response(timeout=seconds + 10)
        return reply[1] if reply else None

    return next_order


class Kitchen:
    """A method is a function too, and it opens its connection when it is first asked."""

    def __init__(self, host: str, port: int) -> None:
        self.where = {"host": host, "port": port}
        self.r: Any = None
        self.lock = threading.Lock()

    def next_order(self, seconds: float) -> Any:
        with self.lock:
            self.r = self.r or redis.Redis(**self.where, socket_timeout=None, single_connection_client=False)
        reply = self.r.execute_command("BLPOP", "orders", seconds)
        return reply[1].decode() if reply else None


def with_a_method(web: Any, host: str, port: int) -> Function:
    return Kitchen(host, port).next_order


# -- leak-detective


def by_outcome(pool: Any, run_night: Function) -> Any:
    with record(pool) as recording:
        run_night()
        return sorted({lease.line.function for lease in recording.leases if lease.outcome == "still held"})


def by_the_words_of_the_line(pool: Any, run_night: Function) -> Any:
    with record(pool) as recording:
        run_night()
    return [lease.where.partition(" in ")[2].rstrip("()") for lease in recording.still_held()]


def with_a_book_of_my_own(pool: Any, run_night: Function) -> Any:
    book: dict[int, str] = {}
    redis_py = str(Path(redis.__file__).parent)
    lend, take_back = pool.get_connection, pool.release

    def get_connection(self: Any) -> Any:
        connection = lend()
        outside = [frame.name for frame in traceback.extract_stack()[:-1] if not frame.filename.startswith(redis_py)]
        book[id(connection)] = outside[-1]
        return connection

    def release(self: Any, connection: Any) -> None:
        book.pop(id(connection), None)
        take_back(connection)

    pool.get_connection, pool.release = MethodType(get_connection, pool), MethodType(release, pool)
    run_night()
    return book.values()


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "give-it-back": [with_a_context_manager, reads_what_is_left, disconnects_unless_done, with_an_exit_stack],
    "quiet-listener": [resets, lets_go_of_its_only_reference, on_a_client_of_its_own],
    "watch-and-release": [with_transaction, with_finally, by_hand],
    "long-poll": [with_a_longer_timeout, with_a_single_connection, with_a_connection_kept_by_hand, with_a_method],
    "leak-detective": [by_outcome, by_the_words_of_the_line, with_a_book_of_my_own],
}
