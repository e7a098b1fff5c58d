"""A program that dies of an error under ``examine`` prints the same traceback as without: no frame of ours is in it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examine.running import LONG, environment, examine
from tests.redis_for_tests import OwnersRedis, owners_redis

BEGIN = """
import asyncio, logging, os, sys, threading
import redis, redis.asyncio

def pool_of(module, **settings):
    return module.ConnectionPool(port=int(os.environ["PORT"]), **settings)

async def as_a_task(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.wait([task])
    try:
        await task
    except Exception:
        logging.exception("a task")
"""
NO_SERVER = 'os.environ["PORT"] = "1"\n'
PROGRAMS = {
    "a pool at its limit": "pool = pool_of(redis, max_connections=1)\nkept = [pool.get_connection() for _ in range(2)]",
    "a pool at its limit, in a thread": (
        "pool = pool_of(redis, max_connections=1)\n"
        "def work():\n    first = pool.get_connection(); pool.get_connection()\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join(); sys.exit(1)"
    ),
    "a pool at its limit, in a task": (
        "async def main():\n"
        "    pool = pool_of(redis.asyncio, max_connections=1)\n"
        "    first = await pool.get_connection()\n"
        "    await as_a_task(redis.asyncio.Redis(connection_pool=pool).get('key'))\n"
        "    await pool.get_connection()\n"
        "asyncio.run(main())"
    ),
    "a wait in vain": (
        "pool = redis.BlockingConnectionPool(port=int(os.environ['PORT']), max_connections=1, timeout=0.01)\n"
        "first = pool.get_connection()\nredis.Redis(connection_pool=pool).get('key')"
    ),
    "no server": NO_SERVER + "redis.Redis(connection_pool=pool_of(redis)).get('key')",
    "no server, in asyncio": NO_SERVER
    + "asyncio.run(redis.asyncio.Redis(connection_pool=pool_of(redis.asyncio)).ping())",
    "an error that the server replies": (
        "r = redis.Redis(connection_pool=pool_of(redis))\nr.set('key', 'a'); r.incr('key')"
    ),
    "an error in a pipeline": (
        "with redis.Redis(connection_pool=pool_of(redis)).pipeline() as pipe:\n"
        "    pipe.set('key', 'a').incr('key').execute()"
    ),
    "an error in a pipeline of asyncio": (
        "async def main():\n"
        "    async with redis.asyncio.Redis(connection_pool=pool_of(redis.asyncio)).pipeline() as pipe:\n"
        "        await pipe.set('key', 'a').incr('key').execute()\n"
        "asyncio.run(main())"
    ),
    "a value that cannot be sent": "redis.Redis(connection_pool=pool_of(redis)).set('key', object())",
    "a URL of another kind": "redis.Redis.from_url('http://localhost')",
    "a wrong argument of a pool": "redis.ConnectionPool(max_connections=-1)",
    "an argument that no connection knows": "redis.Redis(connection_pool=pool_of(redis, sockettimeout=1)).ping()",
    "a missing argument": "redis.ConnectionPool.from_url()",
    "an argument too many": "pool_of(redis).disconnect(1, 2, 3)",
    "a connection returned twice": "pool = pool_of(redis)\nfirst = pool.get_connection()\npool.release()",
    # A connection is there, and a second is long, so that it ends while the reply is waited for on a busy machine, too.
    "a timeout": "r = redis.Redis(connection_pool=pool_of(redis, socket_timeout=1))\nr.ping(); r.blpop('nothing')",
    "a timeout in asyncio": (
        "async def main():\n"
        "    r = redis.asyncio.Redis(connection_pool=pool_of(redis.asyncio, socket_timeout=1))\n"
        "    await r.ping(); await r.blpop('nothing')\n"
        "asyncio.run(main())"
    ),
    "a task that is cancelled": (
        "async def main():\n"
        "    r = redis.asyncio.Redis(connection_pool=pool_of(redis.asyncio))\n"
        "    await r.ping(); await asyncio.wait_for(r.blpop('nothing'), 1)\n"
        "asyncio.run(main())"
    ),
    "a module of redis-py that is not there": "import redis.nothing",
    "a signal that there is not": "os.kill(os.getpid(), 9999)",
}
ALWAYS = {"a pool at its limit", "a pool at its limit, in a task", "no server"}
"""The others are for a release: each starts two programs."""

LEFT_OUT = [r"redis/utils\.py"]
"""Files whose frames may be missing: pools that are listened to skip redis-py's check for deprecated arguments."""
if sys.version_info < (3, 11):  # It keeps a traceback of its own for a bare `raise`, so there our frames are seen.
    LEFT_OUT.append(r"tutorial_lib/(pools|examination)/[\w/]+\.py")

pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[OwnersRedis]:
    with owners_redis() as server:
        yield server


def both(program: Path, port: int) -> tuple[str, str]:
    """Return what a program that fails prints to stderr, by itself and under examine."""
    alone, watched = (
        subprocess.run(words, capture_output=True, text=True, env=environment(port), timeout=LONG)
        for words in ([sys.executable, program], examine(sys.executable, program))
    )
    assert (alone.returncode, watched.returncode) == (1, 1)
    assert "Traceback" in alone.stderr
    of_the_program, rule, _ = watched.stderr.partition("\nexamine ──")
    assert rule
    return alone.stderr, of_the_program


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in ALWAYS else [pytest.mark.release]) for name in PROGRAMS]
)
def test_a_traceback_is_the_programs_own(name: str, server: OwnersRedis, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(BEGIN + PROGRAMS[name])
    alone, watched = both(program, server.port)
    assert comparable(watched) == comparable(alone)


@pytest.mark.parametrize("error", ["ImportError('a library is missing')", "RuntimeError('not today')"])
def test_a_redis_py_that_cannot_be_imported_says_so_as_always(error: str, tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "__init__.py").write_text(f"raise {error}")
    program = tmp_path / "program.py"
    program.write_text("import redis")
    alone, watched = both(program, port=1)
    assert comparable(watched) == comparable(alone)


def comparable(text: str) -> str:
    """Return a traceback without the addresses of objects, and without the frames of the files that may be missing."""
    frame = rf'  File "[^"]*({"|".join(LEFT_OUT)})", line \d+, in .*\n(    .*\n)*'
    return re.sub(frame, "", re.sub("0x[0-9a-f]+", "0x…", text))
