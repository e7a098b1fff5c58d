"""The referee: what becomes of answers that do not behave, and of the check that comes after them."""

from __future__ import annotations

import _thread
import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis

from tutorial_lib.exercises import load_task
from tutorial_lib.practice import deadline
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import Verdict, Wrong

release = threading.Event()  # lets go of whatever could not be ended, at the end of a test


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis_server)], autouse=True)
def server_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    release.clear()
    yield request.param
    release.set()


def one_ping(answer: Callable[..., Any], lab: Lab) -> str:
    """A check that asks for little: the answer returns a pool of which one connection works."""
    pool = lab.call(answer, lab.server.host, lab.server.port)
    if not isinstance(pool, redis.ConnectionPool):
        raise Wrong(f"got {pool!r}")
    redis.Redis(connection_pool=pool).ping()
    return f"opened {lab.server.opened()}"


def starter(host: str, port: int) -> Any:
    return ...


def solution(host: str, port: int) -> redis.ConnectionPool:
    return redis.ConnectionPool(host=host, port=port)


TASK = Task(
    id="one-ping",
    lesson="00",
    title="One ping",
    name="make_pool",
    prompt="",
    starter=starter,
    solution=solution,
    check=one_ping,
    wrong={},
    hints=(),
    seconds=20,
)
IMPATIENT = replace(TASK, seconds=0.3)  # for answers that would never end


def assert_next_check_passes() -> None:
    verdict = judge(TASK, solution)
    assert verdict == Verdict("passed", "opened 1", "one-ping")


def assert_no_thread_is_left() -> None:
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith(("answer", "learner"))]
    assert left == []


# -- ordinary verdicts


def test_the_starter_is_not_attempted_and_needs_no_server() -> None:
    def no_server() -> Any:
        raise AssertionError("a server was started")

    assert judge(TASK, starter, start=no_server).status == "not attempted"


def test_a_starter_in_another_file_with_comments_is_still_the_starter() -> None:
    names: dict[str, Any] = {}
    exec("def make_pool(host, port):\n    # a pool?\n\n    return ...   # later", names)
    assert judge(TASK, names["make_pool"]).status == "not attempted"


def test_half_a_starter_is_not_attempted() -> None:
    def make_pool(host: str, port: int) -> Any:
        redis.ConnectionPool(host=host)
        return ...

    verdict = judge(TASK, make_pool)
    assert verdict.status == "not attempted"
    assert "still returns the `...`" in verdict.message


def test_the_solution_passes_with_what_the_check_saw() -> None:
    assert_next_check_passes()


def test_a_verdict_of_wrong_is_the_checks_own_message() -> None:
    assert judge(TASK, lambda host, port: 7) == Verdict("wrong", "got 7", "one-ping")


def test_an_error_shows_the_learners_line_and_not_ours() -> None:
    def make_pool(host: str, port: int) -> Any:
        return redis.ConectionPool(host=host)

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert "has no attribute 'ConectionPool'" in verdict.message
    assert "of test_practice_referee.py, `return redis.ConectionPool(host=host)`" in verdict.message
    assert "referee.py" not in verdict.message.replace("test_practice_referee.py", "")


def test_an_error_deep_in_redis_py_shows_the_learners_line() -> None:
    def make_pool(host: str, port: int) -> Any:
        return redis.ConnectionPool(host=host, port=port, max_connections="5")  # type: ignore[arg-type]

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert 'max_connections="5"' in verdict.message


# -- answers of the wrong kind


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "given `None`"),
        (7, "given an `int`"),
        ("make_pool", "given a `str`"),
        (redis.ConnectionPool(), "given a `ConnectionPool`"),
        (lambda: 1, "Yours is `<lambda>()`"),
        (lambda url: 1, "calls your function as `make_pool(host, port)`"),
        (lambda host, port, db: 1, "Yours is `<lambda>(host, port, db)`"),
    ],
)
def test_an_answer_of_the_wrong_kind_gets_a_sentence(answer: Any, said: str) -> None:
    verdict = judge(TASK, answer)
    assert verdict.status == "wrong"
    assert said in verdict.message


def test_more_parameters_with_defaults_are_welcome() -> None:
    assert judge(TASK, lambda host, port, db=0: solution(host, port)).status == "passed"


def test_an_async_answer_gets_a_sentence() -> None:
    async def make_pool(host: str, port: int) -> Any:
        return None

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "async def" in verdict.message


def test_a_check_inside_an_answer_gets_a_sentence_and_blocks_nothing() -> None:
    inner: list[Verdict] = []

    def make_pool(host: str, port: int) -> Any:
        inner.append(judge(TASK, solution))
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    assert "not inside one that is being checked" in inner[0].message


# -- answers that do not end


def test_an_endless_loop_ends_at_the_deadline() -> None:
    def make_pool(host: str, port: int) -> Any:
        while True:
            pass

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "still running after 0.3 s" in verdict.message
    assert "`pass`" in verdict.message or "`while True:`" in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


# Code that is ended while it opens a socket drops it unclosed.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_endless_loop_that_swallows_every_exception_ends_too() -> None:
    def make_pool(host: str, port: int) -> Any:
        r = redis.Redis(host=host, port=port)
        while True:
            try:
                r.ping()
                time.sleep(0.001)
            except:  # noqa: E722
                pass

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "still running" in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_waiting_for_the_server_for_ever_ends_because_the_server_does() -> None:
    def make_pool(host: str, port: int) -> Any:
        pool = redis.ConnectionPool(host=host, port=port, socket_timeout=None)
        return redis.Redis(connection_pool=pool).blpop(["nothing"])

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert 'blpop(["nothing"])' in verdict.message
    assert "could not be ended" not in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_a_wait_that_cannot_be_ended_is_told_and_left_behind() -> None:
    def make_pool(host: str, port: int) -> Any:
        release.wait()

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "`release.wait()`" in verdict.message
    assert "could not be ended" in verdict.message
    assert_next_check_passes()


def test_ctrl_c_ends_the_answer_and_is_passed_on() -> None:
    begun = threading.Event()

    def make_pool(host: str, port: int) -> Any:
        begun.set()
        while True:
            pass

    def press() -> None:
        begun.wait(timeout=5)
        _thread.interrupt_main()

    keyboard = threading.Thread(target=press)
    keyboard.start()
    with pytest.raises(deadline.Interrupted, match="You stopped your code at line"):
        judge(TASK, make_pool)
    keyboard.join()
    assert_no_thread_is_left()
    assert_next_check_passes()


# -- answers that leave things behind


def test_fifty_leaked_connections_do_not_reach_the_next_check() -> None:
    kept: list[Any] = []

    def make_pool(host: str, port: int) -> Any:
        pool = redis.ConnectionPool(host=host, port=port)
        kept.extend(pool.get_connection() for _ in range(50))
        kept.append(socket.create_connection((host, port)))
        return pool

    assert judge(TASK, make_pool) == Verdict("passed", "opened 52", "one-ping")
    assert [connection.is_connected for connection in kept[:50]] == [False] * 50
    assert kept[50].fileno() == -1
    assert_next_check_passes()


def test_threads_that_an_answer_leaves_running_are_ended() -> None:
    begun = threading.Event()

    def make_pool(host: str, port: int) -> Any:
        def work() -> None:
            begun.set()
            while True:
                pass

        threading.Thread(target=work, name="learner").start()
        begun.wait(timeout=5)
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_threads_from_before_the_check_are_left_alone() -> None:
    def work() -> None:
        release.wait()

    mine = threading.Thread(target=work)
    mine.start()
    assert_next_check_passes()
    assert mine.is_alive()
    release.set()
    mine.join()


def test_a_replaced_pool_is_put_back_and_told() -> None:
    original = redis.ConnectionPool

    def make_pool(host: str, port: int) -> Any:
        pool = original(host=host, port=port)
        redis.ConnectionPool = dict  # type: ignore[misc, assignment]
        return pool

    verdict = judge(TASK, make_pool)
    assert verdict.status in ("wrong", "error")
    assert "`redis.ConnectionPool`, which is put back" in verdict.message
    assert redis.ConnectionPool is original
    assert_next_check_passes()


def test_replaced_methods_and_a_replaced_clock_are_put_back() -> None:
    before = redis.ConnectionPool.get_connection, redis.ConnectionPool.release, time.sleep, sys.stdout

    def make_pool(host: str, port: int) -> Any:
        redis.ConnectionPool.release = lambda self, connection: None  # type: ignore[method-assign]
        redis.BlockingConnectionPool.make_coffee = None  # type: ignore[attr-defined]
        time.sleep = lambda seconds: None
        sys.stdout = None  # type: ignore[assignment]
        socket.setdefaulttimeout(0.0001)
        return solution(host, port)

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "`ConnectionPool.release`" in verdict.message
    assert "`time.sleep`" in verdict.message
    assert (redis.ConnectionPool.get_connection, redis.ConnectionPool.release, time.sleep, sys.stdout) == before
    assert not hasattr(redis.BlockingConnectionPool, "make_coffee")
    assert socket.getdefaulttimeout() is None
    assert_next_check_passes()


# -- answers that end things


@pytest.mark.parametrize("leave", [lambda: sys.exit(), lambda: sys.exit("bye"), lambda: _raise(SystemExit(3))])
def test_an_answer_that_exits_does_not_end_python(leave: Callable[[], None]) -> None:
    def make_pool(host: str, port: int) -> Any:
        leave()

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert "it would end the whole program" in verdict.message
    assert_next_check_passes()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), BaseException("odd"), RecursionError()])
def test_an_answer_that_raises_whatever_it_likes_gets_a_verdict(error: BaseException) -> None:
    def make_pool(host: str, port: int) -> Any:
        raise error

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert type(error).__name__ in verdict.message
    assert "`raise error`" in verdict.message
    assert_next_check_passes()


def test_an_answer_that_closes_the_servers_port(server_kind: str) -> None:
    def make_pool(host: str, port: int) -> Any:
        pool = solution(host, port)
        if server_kind == "fake":
            _close_listener(port)
        else:
            _kill_server(port)
        return pool

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "The practice server was gone" in verdict.message
    assert_next_check_passes()


def _close_listener(port: int) -> None:
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() != -1 and thing.getsockname()[1:2] == (port,):
            thing.shutdown(socket.SHUT_RDWR)
            thing.close()


def _kill_server(port: int) -> None:
    from tutorial_lib.servers.redis_process import RedisProcess

    (server,) = (thing for thing in gc.get_objects() if type(thing) is RedisProcess and thing.port == port)
    server._stop()


# -- answers that go elsewhere, or talk too much


def test_an_answer_that_connects_elsewhere_is_stopped_before_it_gets_there() -> None:
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        elsewhere = somebody.getsockname()[1]
        somebody.settimeout(0.1)

        def make_pool(host: str, port: int) -> Any:
            try:
                redis.Redis(port=elsewhere).set("greeting", "mine")
            except Exception:
                accepted.set()

        verdict = judge(TASK, make_pool)
        with pytest.raises(TimeoutError):
            somebody.accept()
    assert not accepted.is_set()
    assert verdict.status == "wrong"
    assert f"tried to connect to localhost:{elsewhere}" in verdict.message
    assert_next_check_passes()


def test_a_proxy_that_the_check_puts_before_its_server_is_not_elsewhere() -> None:
    def one_ping_from_afar(answer: Callable[..., Any], lab: Lab) -> str:
        with lab.proxy(round_trip=0.001) as proxy:
            redis.Redis(connection_pool=lab.call(answer, proxy.host, proxy.port)).ping()
            return f"{proxy.traffic().connections} came through the proxy"

    verdict = judge(replace(TASK, check=one_ping_from_afar), solution)
    assert verdict == Verdict("passed", "1 came through the proxy", "one-ping")
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_no_host_name_is_looked_up() -> None:
    verdict = judge(TASK, lambda host, port: redis.Redis(host="redis.example.com").ping())
    assert "tried to connect to redis.example.com:6379" in verdict.message


def test_outside_a_check_anybody_may_connect() -> None:
    assert_next_check_passes()
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        socket.create_connection(somebody.getsockname()).close()


def test_what_an_answer_prints_is_shown_and_limited(capsys: pytest.CaptureFixture[str]) -> None:
    def make_pool(host: str, port: int) -> Any:
        print("first line")
        for _ in range(10_000):
            print("and again")
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    shown = capsys.readouterr().out
    assert shown.startswith("first line\nand again\n")
    assert shown.endswith("(your code printed more; the rest is left out)\n")
    assert len(shown) < 6_000


def test_a_check_sees_what_was_printed_and_which_pools_there_are() -> None:
    seen: dict[str, Any] = {}

    def look(answer: Callable[..., Any], lab: Lab) -> None:
        lab.call(answer, lab.server.host, lab.server.port)
        seen.update(printed=lab.printed(), limits=[pool.max_connections for pool in lab.pools()])

    kept = []

    def make_pool(host: str, port: int) -> None:
        print("hello")
        kept.append(redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=7)))

    assert judge(replace(TASK, check=look), make_pool).message == "It did what was asked."
    assert seen == {"printed": "hello\n", "limits": [7]}


def test_a_borrowed_server_is_not_used_for_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert_next_check_passes()


def test_exercises_of_the_course_come_out_as_their_module_says() -> None:
    task = load_task("first-pool")
    assert judge(task, task.solution).status == "passed"


def _raise(error: BaseException) -> None:
    raise error
