"""What the pages say of redis-py holds for the versions that pyproject.toml allows, and is measured here.

Some statements are true of redis-py 8.1 only. Allow another version in pyproject.toml, and the first test fails with a
list of them. Those that 8.2 is known to change come first: it sends the end of the handshake in one write
(redis-py#4203), and its asyncio pools recover a connection that died while idle (redis-py#4260).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.version_notes import NOTES, Row, notes_of
from tutorial_lib.network.canned_server import CannedServer
from tutorial_lib.servers.fake import FakeServer

TOP = Path(__file__).parent.parent
PIN = "redis~=8.1.0"


class Statement(NamedTuple):
    """Words of a page that depend on redis-py's version, and what must be so for them to be true."""

    page: str
    words: str
    holds: Callable[[], bool]
    changes_in: str = ""
    """The version that will make it false, where that is known."""


class Listening(redis.Connection):
    """A connection that writes down what it sends by itself."""

    sent: list[str]

    def send_command(self, *arguments: Any, **options: Any) -> Any:
        self.sent = [*getattr(self, "sent", []), " ".join(map(str, arguments[:2]))]
        return super().send_command(*arguments, **options)


def handshake(**settings: Any) -> list[str]:
    """Return what a new connection sends before its first command."""
    with FakeServer() as server:
        connection = redis.ConnectionPool(Listening, host=server.host, port=server.port, **settings).get_connection()
        connection.disconnect()
        return connection.sent


STATEMENTS = (
    Statement("notebooks/source/02_what_a_connection_costs.py", "`HELLO", lambda: handshake()[0].startswith("HELLO")),
    Statement(
        "notebooks/source/02_what_a_connection_costs.py",
        "twice | leave redis-py's name",
        lambda: handshake().count("CLIENT SETINFO") == 2,
    ),
    Statement("notebooks/source/02_what_a_connection_costs.py", "six round", lambda: len(handshake()) == 4, "8.2"),
    Statement(
        "notebooks/source/01_your_first_pool.py",
        "the default limit is 2³¹",
        lambda: redis.ConnectionPool().max_connections == 100,
    ),
    Statement(
        "docs/summary.md",
        "50 for `BlockingConnectionPool`",
        lambda: redis.BlockingConnectionPool().max_connections == 50,
    ),
    Statement(
        "notebooks/source/03_when_the_pool_is_exhausted.py",
        "`socket_timeout` | the wait for a reply | 5 s |",
        lambda: timeout() == 5,
    ),
    Statement("notebooks/source/11_how_long_a_caller_waits.py", "| 5 s |", lambda: timeout() == 5),
    Statement(
        "notebooks/source/10_when_a_connection_dies.py",
        "`Redis(host=…)` retries ten times. `from_url` and a pool that you build don't",
        lambda: (retries(redis.Redis(host="127.0.0.1")), retries_of(redis.ConnectionPool())) == (10, 0),
    ),
    Statement(
        "notebooks/source/05_who_still_holds_a_connection.py",
        "the default since redis-py 8",
        lambda: redis.ConnectionPool(host="127.0.0.1").make_connection().protocol == 3,
    ),
    Statement(
        "notebooks/source/06_commands_that_keep_a_connection.py",
        "`socket_timeout` is 5 seconds unless you set it",
        lambda: timeout() == 5,
    ),
    Statement(
        "notebooks/source/04_one_pool_for_many_parts.py",
        "redis-py 8.0 and older:** a pool can't be used in a `with`",
        lambda: hasattr(redis.ConnectionPool, "__enter__"),
    ),
    Statement(
        "notebooks/source/07_what_the_server_sees.py",
        "redis-py 7 and older:** keepalive is off by default",
        lambda: redis.Connection(host="127.0.0.1").socket_keepalive is True,
    ),
    Statement(
        "notebooks/source/09_does_more_make_it_faster.py", "in redis-py 8.1", lambda: len(handshake()) == 4, "8.2"
    ),
    Statement(
        "notebooks/source/12_asyncio.py",
        "since redis-py 8 the limit of its pool is 100",
        lambda: redis.asyncio.Redis().connection_pool.max_connections == 100,
    ),
    Statement(
        "notebooks/source/12_asyncio.py",
        "In redis-py 8.1, an asyncio pool hands out a connection that died while idle",
        lambda: asyncio.run(after_a_quiet_hour()) == "Connection closed by server.",
        "8.2",
    ),
    Statement(
        "notebooks/source/12_asyncio.py",
        "so redis-py 8.1 accepts a connection with unread data",
        lambda: asyncio.run(after_a_quiet_hour()) == "Connection closed by server.",
        "8.2",
    ),
    Statement(
        "notebooks/source/12_asyncio.py",
        "redis-py 8.1 doesn't notice dead idle connections",
        lambda: asyncio.run(after_a_quiet_hour()) == "Connection closed by server.",
        "8.2",
    ),
    Statement(
        "docs/errors.md",
        "redis-py 8.1 hands out connections that died while they were idle",
        lambda: asyncio.run(after_a_quiet_hour()) == "Connection closed by server.",
        "8.2",
    ),
    Statement(
        "tutorial_lib/exercises/lean_handshake.py",
        "With its default settings, redis-py 8.1 sends 6",
        lambda: len(handshake(db=1, client_name="shop")) == 6,
        "8.2",
    ),
    Statement(
        "notebooks/source/11_how_long_a_caller_waits.py",
        "version 8.1 doesn't try anything else if it's refused",
        lambda: "unknown command 'HELLO'" in without_hello(),
    ),
    Statement(
        "notebooks/source/11_how_long_a_caller_waits.py",
        "On a blocking pool of redis-py 8.1 it doesn't work",
        lambda: "_available_connections" in refused_retry(),
    ),
    Statement(
        "notebooks/source/12_asyncio.py",
        "`redis.asyncio.Redis(host=…)` retries ten times",
        lambda: (
            (retries_of(redis.asyncio.Redis().connection_pool), retries_of(redis.asyncio.ConnectionPool())) == (10, 0)
        ),
    ),
    Statement(
        "notebooks/source/15_in_production.py",
        "but no line of redis-py 8.1 reports",
        lambda: {path.parent.name for path in modules_that_say("record_connection_timeout(")} == {"observability"},
    ),
)


NOT_A_STATEMENT = (
    # They say which version a page is about.
    ("notebooks/source/00_start_here.py", "The course is about redis-py 8.1."),
    ("docs/errors.md", "Texts are those of redis-py 8.1;"),
    ("docs/summary.md", "For redis-py 8.1. The number in brackets"),
    ("notebooks/source/15_in_production.py", "| a page says | measured with redis-py 8.1 |"),
    ("tutorial_lib/exercises/the_quiet_upgrade.py", "the team updates redis-py from 7.4 to 8.1"),
    # Other tests hold them: those of examine, of docs_say.md, and of the exercise `cancelled`.
    ("docs/examine.md", "It works with redis-py 6.4 to 8.1"),
    ("docs/errors.md", "We couldn't make it happen with redis-py 5.3 to 8.1"),
    ("docs/errors.md", "`ValueError: filedescriptor out of range in select()` | redis-py 8.0.0"),
    ("docs/docs_say.md", "redis-py 8.1.0 does."),
    ("docs/docs_say.md", "redis-py 8.1.0 never reports it"),
    ("tutorial_lib/exercises/cancelled.py", "A client of redis-py 8.1 that is cancelled"),
)
"""Pages, and words on a line that names redis-py 8.1 and needs no statement."""


async def after_a_quiet_hour() -> str:
    """Return what an asyncio pool's next caller is told once the server has closed the idle connection."""
    with FakeServer() as server:
        async with redis.asyncio.ConnectionPool(host=server.host, port=server.port) as pool:
            client = redis.asyncio.Redis(connection_pool=pool)
            await client.ping()
            (idle,) = pool._available_connections
            server.kill_clients()
            while not idle._reader.at_eof():
                await asyncio.sleep(0.001)
            try:
                return str(await client.ping())
            except redis.ConnectionError as error:
                return str(error)


def modules_that_say(text: str) -> list[Path]:
    return [path for path in Path(redis.__file__).parent.rglob("*.py") if text in path.read_text("utf-8")]


def without_hello() -> str:
    """Return what a client is told by a Redis that knows no HELLO."""
    with CannedServer({"HELLO": "-ERR unknown command 'HELLO', with args beginning with: '3'"}) as old:
        try:
            return str(redis.Redis(host=old.host, port=old.port).ping())
        except redis.RedisError as error:
            return str(error)


def refused_retry() -> str:
    """Return what ``set_retry`` says on a blocking pool."""
    try:
        return str(redis.BlockingConnectionPool().set_retry(Retry(NoBackoff(), 3)))
    except AttributeError as error:
        return str(error)


def timeout() -> object:
    return redis.ConnectionPool(host="127.0.0.1").make_connection().socket_timeout


def retries(client: redis.Redis) -> int:
    return retries_of(client.connection_pool)


def retries_of(pool: Any) -> int:
    return int(pool.make_connection().retry._retries)


def test_only_the_version_that_the_pages_speak_of_is_allowed() -> None:
    (pin,) = re.findall(r'"(redis[~=<>][^"]*)"', (TOP / "pyproject.toml").read_text("utf-8"))
    first = sorted(STATEMENTS, key=lambda statement: not statement.changes_in)
    places = "\n".join(
        f"  {statement.page}: {statement.words}"
        + f" (false from {statement.changes_in} on)" * bool(statement.changes_in)
        for statement in first
    )
    assert pin == PIN, f"These hold for redis-py 8.1. Check each with the new version, then change PIN:\n{places}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.words)
def test_a_statement_stands_on_its_page_and_is_true(statement: Statement) -> None:
    assert statement.words in (TOP / statement.page).read_text("utf-8"), "it was reworded: change it here as well"
    assert statement.holds()


@pytest.mark.parametrize("pages", ["notebooks/source/*.py", "tutorial_lib/exercises/*.py", "docs/*.md", "README.md"])
def test_each_line_that_names_the_version_is_a_statement_here(pages: str) -> None:
    known = [*((statement.page, statement.words) for statement in STATEMENTS), *NOT_A_STATEMENT]
    unknown = []
    for page in TOP.glob(pages):
        words = [words for place, words in known if TOP / place == page]
        for line in page.read_text("utf-8").splitlines():
            names_it = re.search(r"(?<![\w.])8\.1(?![\d.]*/)", line)
            if names_it and not any(known_words in line for known_words in words):
                unknown.append((page.name, line))
    assert unknown == [], "add it to STATEMENTS, with what must be so, or to NOT_A_STATEMENT"


@pytest.mark.parametrize("lesson", sorted(TOP.glob("notebooks/source/*.py")), ids=lambda path: path.stem)
def test_make_versions_measures_each_note_on_versions(lesson: Path) -> None:
    known = [note.words for note in NOTES if lesson.name.startswith(note.lesson)]
    found = notes_of(lesson)
    assert [note for note in found if not any(words in note for words in known)] == [], (
        "tests/version_notes.py lacks it"
    )
    assert [words for words in known if not any(words in note for note in found)] == [], "it was reworded"


@pytest.mark.parametrize(
    ("measured", "wrong"),
    [
        ({"5.3.1": None, "7.4.1": None, "8.0.1": 5}, 0),
        ({"5.3.1": None, "7.4.1": 5, "8.0.1": 5}, 1),
        ({"5.3.1": None, "7.4.1": None, "8.0.1": None}, 1),
    ],
    ids=["true", "false of an old one", "still so in a new one"],
)
def test_a_note_that_is_false_is_told(measured: dict[str, Any], wrong: int) -> None:
    table = [{"redis-py": version, "socket_timeout": value} for version, value in measured.items()]
    assert len(Row("socket_timeout", None, until=(7,)).contradictions(table)) == wrong


def test_a_note_may_speak_of_versions_from_one_to_another() -> None:
    table = [{"redis-py": version, "retries": value} for version, value in (("5.3.1", 0), ("6.4.0", 3), ("8.1.0", 10))]
    assert Row("retries", 3, until=(7,), since=(6,)).contradictions(table) == []
    assert len(Row("retries", 3, until=(7,)).contradictions(table)) == 1
