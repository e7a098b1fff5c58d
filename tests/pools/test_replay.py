"""PoolReplay and recording.to_html: what is refused, and what the page holds."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.fake_connections import FakeAsyncConnection, FakeConnection
from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.pools import recording as recording_module
from tutorial_lib.pools.recording import Recording, record
from tutorial_lib.pools.replay import PoolReplay


def pool_of(limit: int) -> redis.ConnectionPool:
    return redis.ConnectionPool(connection_class=FakeConnection, max_connections=limit)


def borrow_and_return(pool: redis.ConnectionPool, times: int) -> None:
    for _ in range(times):
        pool.release(pool.get_connection())


@pytest.fixture
def recording() -> Recording:
    pool = pool_of(2)
    with record(pool) as recording:
        borrow_and_return(pool, 3)
    return recording


def test_a_recording_becomes_one_file(recording: Recording, tmp_path: Path) -> None:
    path = recording.to_html(tmp_path / "replay.html", title="greetings")
    page = path.read_text("utf-8")
    assert "<title>greetings</title>" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_tasks_of_an_asyncio_pool_are_in_it_by_name() -> None:
    async def main() -> Recording:
        pool = redis.asyncio.ConnectionPool(connection_class=FakeAsyncConnection, max_connections=2)  # type: ignore[arg-type]

        async def order() -> None:
            await pool.release(await pool.get_connection())

        with record(pool) as recording:
            await asyncio.gather(*[asyncio.create_task(order(), name=f"order {number}") for number in range(1, 4)])
        return recording

    shown = PoolReplay(asyncio.run(main()))._repr_html_()
    assert all(f"order {number}&quot;" in shown for number in range(1, 4))


def test_ten_thousand_leases_take_less_than_two_megabytes(tmp_path: Path) -> None:
    pool = pool_of(2)
    with record(pool) as recording:
        borrow_and_return(pool, 10_000)
    assert recording.to_html(tmp_path / "replay.html").stat().st_size < 2_000_000


def test_names_and_code_end_neither_the_script_nor_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(threading.current_thread(), "name", '</script><b x="1">')
    pool = pool_of(1)
    with record(pool) as recording:
        borrow_and_return(pool, 1)
    shown = PoolReplay(recording, title='"></iframe><script>')._repr_html_()
    assert shown.count("<") == 2  # <iframe> and </iframe>: all else is inside its srcdoc, escaped
    assert "&lt;\\/script&gt;&lt;b x=\\&quot;1" in shown


def test_the_repr_is_stable(recording: Recording) -> None:
    assert repr(PoolReplay(recording)) == f"PoolReplay({recording!r})"


# -- what cannot be played


def still_running() -> Any:
    recording = record(pool_of(1))
    recording.__enter__()
    return recording


def empty() -> Any:
    with record(pool_of(1)) as recording:
        pass
    return recording


def forgetful() -> Any:
    pool = pool_of(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording_module, "KEPT", 2)
        with record(pool) as recording:
            borrow_and_return(pool, 5)
    return recording


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (still_running, "This recording still runs. Play it after the end of its with block."),
        (empty, "This recording is empty: no caller asked the pool for a connection while it ran."),
        (forgetful, "This recording has forgotten its first 3 leases, so it cannot be played"),
        (lambda: "a text", "recording is a str. Give what record() returned"),
        (lambda: record(pool_of(1)), "This recording has not begun"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(make: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(said)):
        PoolReplay(make())


def test_a_path_that_cannot_be_written_is_said_in_a_sentence(recording: Recording, tmp_path: Path) -> None:
    with pytest.raises(CourseFolderError, match=r"could not be written to .*No such file or directory"):
        recording.to_html(tmp_path / "no" / "such" / "folder.html")
    with pytest.raises(CourseFolderError, match="could not be written"):
        recording.to_html(tmp_path)
