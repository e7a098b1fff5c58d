"""Answers that do not behave: each with the verdict that it gets, and words of its message."""

from __future__ import annotations

import asyncio
import builtins
import ctypes
import gc
import logging
import os
import queue
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import redis
import redis._parsers
import redis.asyncio
import redis.backoff
import redis.commands.core
import redis.exceptions
import redis.retry

import tutorial_lib.servers
from tests.practice.one_ping import TASK, solution
from tutorial_lib.practice import referee
from tutorial_lib.practice.referee import judge

Answer = Callable[[str, int], Any]

ENDLESS: dict[Answer, str] = {}
"""Answers that do not end, and what their message says about where they were."""

LEAVING: dict[Answer, str] = {}
"""Answers that pass, or are wrong, and leave something behind. The words are of the verdict's repr."""


def endless(said: str) -> Callable[[Answer], Answer]:
    return lambda answer: ENDLESS.setdefault(answer, said) and answer


def leaving(said: str = "✓ passed: opened 1") -> Callable[[Answer], Answer]:
    return lambda answer: LEAVING.setdefault(answer, said) and answer


# -- that do not end


@endless("while True:")
def loops(host: str, port: int) -> Any:
    while True: pass  # noqa: E701  # fmt: skip


@endless("of misbehaving.py")
def swallows_every_exception(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port)
    while True:
        with suppress(BaseException):
            r.ping()


@endless('blpop(["nothing"])')
def waits_for_the_server(host: str, port: int) -> Any:
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=None)
    return redis.Redis(connection_pool=pool).blpop(["nothing"])


@endless("threading.Event().wait()")
def waits_for_nobody(host: str, port: int) -> Any:
    threading.Event().wait()


@endless("10**10**8")
def never_lets_python_run(host: str, port: int) -> Any:
    return 10**10**8


@endless("pause()")
def bars_every_signal(host: str, port: int) -> Any:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGUSR2}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        signal.pause()


# -- that replace names


@leaving("✗ wrong: Your code replaced `redis.backoff.ExponentialBackoff`")
def replaces_a_backoff(host: str, port: int) -> Any:
    redis.backoff.ExponentialBackoff = redis.backoff.NoBackoff  # type: ignore[assignment, misc]
    return solution(host, port)


@leaving("✗ wrong: Your code replaced `redis.backoff.DEFAULT_CAP`")
def replaces_a_number(host: str, port: int) -> Any:
    redis.backoff.DEFAULT_CAP = 0.001
    return solution(host, port)


@leaving("`BasicKeyCommands.incrby`")
def replaces_a_command(host: str, port: int) -> Any:
    redis.commands.core.BasicKeyCommands.incrby = lambda *_: 7  # type: ignore[method-assign, assignment]
    return solution(host, port)


@leaving("`_RESP2Parser.__init__`")
def replaces_a_parser(host: str, port: int) -> Any:
    old = redis._parsers._RESP2Parser.__init__
    redis._parsers._RESP2Parser.__init__ = lambda *given: old(*given)  # type: ignore[method-assign, misc]
    return solution(host, port)


@leaving("`BlockingConnectionPool.__init__`")
def replaces_a_default(host: str, port: int) -> Any:
    redis.BlockingConnectionPool.__init__.__defaults__ = (1, 1)  # type: ignore[attr-defined]
    return solution(host, port)


@leaving("`Redis.get`")
def sets_what_was_inherited(host: str, port: int) -> Any:
    redis.Redis.get = lambda self, name: b"hello"  # type: ignore[method-assign, assignment]
    return solution(host, port)


@leaving("`builtins.len`")
def replaces_a_builtin(host: str, port: int) -> Any:
    builtins.len = lambda things: 7
    return solution(host, port)


@leaving("`tutorial_lib.practice.referee._listens`")
def replaces_the_judge(host: str, port: int) -> Any:
    referee._listens = lambda server: True
    tutorial_lib.servers.private_kind = None  # type: ignore[assignment]
    return solution(host, port)


@leaving("`Retry.call_with_retry`")
def replaces_methods_and_the_clock(host: str, port: int) -> Any:
    redis.ConnectionPool.release = lambda self, connection: None  # type: ignore[method-assign]
    redis.BlockingConnectionPool.make_coffee = print  # type: ignore[attr-defined]
    redis.retry.Retry.call_with_retry = None  # type: ignore[assignment, method-assign]
    redis.exceptions.ConnectionError = ValueError  # type: ignore[assignment, misc]
    queue.Queue.get = None  # type: ignore[assignment, method-assign]
    threading.Thread.start = None  # type: ignore[assignment, method-assign]
    time.sleep = lambda seconds: None
    return solution(host, port)


@leaving("`redis.ConnectionPool`")
def replaces_the_pool(host: str, port: int) -> Any:
    pool = solution(host, port)
    redis.ConnectionPool = dict  # type: ignore[misc, assignment]
    return pool


# -- that change the process


@leaving()
def logs(host: str, port: int) -> Any:
    logging.basicConfig(level=logging.DEBUG, force=True)
    return solution(host, port)


@leaving()
def goes_elsewhere_on_disk(host: str, port: int) -> Any:
    os.chdir("/")
    os.umask(0o777)
    sys.path.insert(0, "/nowhere")
    os.environ["TUTORIAL_SERVER"] = "nonsense"
    del os.environ["PATH"]
    return solution(host, port)


@leaving()
def changes_pythons_settings(host: str, port: int) -> Any:
    sys.setrecursionlimit(500)
    gc.disable()
    warnings.simplefilter("error")
    socket.setdefaulttimeout(5)
    threading.setprofile(lambda *_: None)
    random.seed(1)
    sys.excepthook = threading.excepthook = print
    os.nice(1)
    return solution(host, port)


@leaving()
def loses_its_output(host: str, port: int) -> Any:
    sys.stdout = sys.stderr = None  # type: ignore[assignment]
    return solution(host, port)


@leaving("")
def has_few_descriptors_left(host: str, port: int) -> Any:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    return solution(host, port)


@leaving("")  # the fallback loses its own sockets too
def closes_descriptors(host: str, port: int) -> Any:
    os.closerange(3, 41)
    return solution(host, port)


@leaving("! error: Your code closed files that it did not open")
def closes_all_descriptors(host: str, port: int) -> Any:
    os.closerange(0, 5000)
    return solution(host, port)


# -- that start things


@leaving("✓ passed: opened 52")
def leaks_connections(host: str, port: int) -> Any:
    pool = redis.ConnectionPool(host=host, port=port)
    kept = [pool.get_connection() for _ in range(50)]
    setattr(redis, "kept", [*kept, socket.create_connection((host, port))])  # noqa: B010
    return pool


@leaving()
def leaves_threads(host: str, port: int) -> Any:
    def work() -> None:
        while True:
            pass

    threading.Thread(target=work, name="learner").start()
    threading.Timer(60, print).start()
    ThreadPoolExecutor(4).submit(print)
    return solution(host, port)


@leaving()
def leaves_a_running_loop(host: str, port: int) -> Any:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever).start()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    return solution(host, port)


@leaving()
def leaves_children(host: str, port: int) -> Any:
    subprocess.Popen(["sleep", "61"])
    subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 62 & sleep 63"], start_new_session=True)
    return solution(host, port)


@leaving("✓ passed")
def leaves_a_daemon(host: str, port: int) -> Any:
    ready, done = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(done, b".")
            time.sleep(64)
        os._exit(0)
    os.read(ready, 1)
    return solution(host, port)


@leaving("! error: Your code ended Python itself, with exit code 1")
def leaves_a_daemon_and_dies(host: str, port: int) -> Any:
    leaves_a_daemon(host, port)
    os._exit(1)


# -- that end things


@leaving("! error: Your code ended Python itself, with exit code 3")
def exits_for_good(host: str, port: int) -> Any:
    os._exit(3)


@leaving("! error: Your code ended Python itself, with the signal SIGKILL")
def kills_itself(host: str, port: int) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(5)


@leaving("signal SIGSEGV. It was at line")
def crashes(host: str, port: int) -> Any:
    ctypes.string_at(0)


@leaving()
def kills_its_parent(host: str, port: int) -> Any:
    os.kill(os.getppid(), signal.SIGKILL)
    return solution(host, port)


@leaving("! error: Your code")
def kills_its_parent_and_group(host: str, port: int) -> Any:
    subprocess.Popen(["sleep", "65"], start_new_session=True)
    os.kill(os.getppid(), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)
    time.sleep(5)


# -- that ask


@leaving("Nobody can answer `input()` here")
def asks_the_learner(host: str, port: int) -> Any:
    return input("Which port? ")


@leaving("got '✗ wrong: `check` was called inside a function")
def checks_in_a_thread(host: str, port: int) -> Any:
    with ThreadPoolExecutor(1) as threads:
        return repr(threads.submit(judge, TASK, solution).result())


@leaving("tried to connect to redis.example.com, and was stopped")
def looks_up_a_name(host: str, port: int) -> Any:
    with suppress(Exception):
        return socket.gethostbyname("redis.example.com")


@leaving("tried to connect to redis.example.com, and was stopped")
def looks_up_a_name_with_aliases(host: str, port: int) -> Any:
    return socket.gethostbyname_ex("redis.example.com")


@leaving("tried to connect to 192.0.2.1, and was stopped")
def looks_up_an_address(host: str, port: int) -> Any:
    return socket.gethostbyaddr("192.0.2.1")


@leaving("tried to connect to 192.0.2.1, and was stopped")
def asks_for_the_name_of_an_address(host: str, port: int) -> Any:
    return socket.getnameinfo(("192.0.2.1", 80), 0)


@leaving("tried to connect to 192.0.2.1:6379, and was stopped")
def sends_a_datagram(host: str, port: int) -> Any:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"PING", ("192.0.2.1", 6379))


@leaving("tried to connect to 192.0.2.1:6379, and was stopped")
def sends_a_datagram_in_parts(host: str, port: int) -> Any:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"PING"], [], 0, ("192.0.2.1", 6379))


@leaving()
def asks_about_this_machine(host: str, port: int) -> Any:
    assert socket.gethostbyname("localhost") == socket.gethostbyname("127.0.0.1") == host
    return solution("localhost", port)


@leaving("✓ passed: opened 2")
def runs_a_loop_of_its_own(host: str, port: int) -> Any:
    async def ping() -> bool:
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return bool(await r.ping())

    assert asyncio.run(ping())
    return solution(host, port)
