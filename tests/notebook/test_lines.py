from __future__ import annotations

import asyncio.events
import inspect
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis.connection
from IPython.core.interactiveshell import InteractiveShell

import tutorial_lib
from tests.fake_connections import FakeConnection
from tutorial_lib.notebook import lines
from tutorial_lib.notebook.lines import UNKNOWN, Line, Site, is_between, line_of, site_of, site_of_caller
from tutorial_lib.notebook.own_line import is_own
from tutorial_lib.notebook.whose import Owner, owner_of, package_of
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Listener

COURSE, PYTHON = Path(tutorial_lib.__file__).parent, Path(sysconfig.get_path("stdlib"))
COVER = COURSE / "pools" / "cover.py"


@pytest.mark.parametrize(
    ("filename", "owner"),
    [
        (redis.connection.__file__, "redis"),
        (str(COURSE / "pools" / "cover.py"), "course"),
        (str(COURSE / "exercises" / "first_pool.py"), "exercise"),
        (str(PYTHON / "threading.py"), "python"),
        ("<frozen runpy>", "python"),
        (asyncio.events.__file__, "loop"),
        (str(PYTHON / "site-packages" / "flask" / "app.py"), "installed"),
        ("/usr/lib/python3/dist-packages/flask/app.py", "installed"),
        (str(Path(sysconfig.get_path("scripts")) / "gunicorn"), "installed"),
        ("/tmp/ipykernel_7/123.py", "learner"),
        ("<ipython-input-3-abc>", "learner"),
        ("<stdin>", "learner"),
        ("shop.py", "learner"),
        ("<string>", "generated"),
    ],
)
def test_whose_code_a_file_is(filename: str, owner: Owner) -> None:
    assert owner_of(filename) == owner
    assert is_own(filename) is (owner == "learner")
    assert is_between(filename) is (owner in ("redis", "course", "python"))


def test_a_line_of_several_knows_which_one_it_is() -> None:
    def outer() -> Site:
        return max(
            [find()],
            key=lambda site: 0,
        )

    line = line_of(outer())
    assert (line.file, line.function, line.text) == ("test_lines.py", "outer", "[find()],")
    assert str(line) == f"test_lines.py, line {line.number}, in outer()"


def find() -> Site:
    """Find the line that called this."""
    return site_of(sys._getframe(1))


def as_if_in(file: Path, source: str, **names: Any) -> Any:
    """Return the function that some source code defines, as if it stood in ``file``."""
    exec(compile(source, str(file), "exec"), names)
    return names["function"]


class WantsLines(Listener):
    wants_lines = True


def site_of_borrow() -> Site:
    """Borrow from a pool, and return the line that its tap knows: the pool's cover looks for it first."""
    tap, connection = listen(POOL, LISTENER), POOL.get_connection()
    (borrow,) = tap.in_use().values()
    POOL.release(connection)
    leave(tap, LISTENER)
    return borrow.site


POOL, LISTENER = redis.ConnectionPool(connection_class=FakeConnection), WantsLines()
FINDERS = {
    "site_of_caller": as_if_in(COVER, "def function(): return site_of_caller()", site_of_caller=site_of_caller),
    "site_of_borrow": as_if_in(
        COVER, inspect.getsource(site_of_borrow).replace("site_of_borrow", "function"), **globals()
    ),
}
found: Callable[[], Site] = FINDERS["site_of_caller"]


@pytest.fixture(params=FINDERS)
def _finder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "found", FINDERS[request.param])


between: Callable[..., Site] = as_if_in(PYTHON / "functools.py", "def function(call, *args): return call(*args)")


def near() -> Site:
    return found()


def through_the_library() -> Site:
    return between(between, found)


def through_near() -> Site:
    return between(near)


@pytest.mark.usefixtures("_finder")
def test_a_callers_line_is_found_again_and_again_whichever_way_led_there() -> None:
    ways = [near, through_the_library, through_near, through_near, near, through_the_library, through_the_library]
    for _ in range(3):
        assert [line_of(way()).function for way in ways] == [
            "near",
            "through_the_library",
            "near",  # through_near stands as deep as through_the_library does, but near is nearer.
            "near",
            "near",
            "through_the_library",
            "through_the_library",
        ]


@pytest.mark.usefixtures("_finder")
def test_each_line_of_a_caller_is_told_apart() -> None:
    sites = [
        found(),
        found(),
    ]
    first, second = map(line_of, sites)
    assert second.number == first.number + 1


@pytest.mark.usefixtures("_finder")
def test_a_callers_line_is_found_on_a_stack_that_is_less_deep() -> None:
    def deep(steps: int) -> Site:
        return deep(steps - 1) if steps else between(between, between, between, between, found)

    assert line_of(deep(50)).function == "deep"
    sites: list[Site] = []
    thread = threading.Thread(target=lambda: sites.append(found()))
    thread.start()
    thread.join()
    assert line_of(sites[0]).function == "<lambda>"


@pytest.mark.usefixtures("_finder")
def test_lines_of_code_that_comes_and_goes_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_KNOWN", 10)
    for number in range(50):
        made = as_if_in(Path(f"/home/learner/made_{number}.py"), "def function(): return found()", found=found)
        assert line_of(made()).file == f"made_{number}.py"
    assert sum(map(len, lines._known_at.values())) <= 10


def in_a_package(source: str, **names: Any) -> dict[str, Any]:
    """Run source code as that of an installed package."""
    exec(compile(source, str(PYTHON / "site-packages" / "flask" / "app.py"), "exec"), names)
    return names


def test_the_learners_line_is_named_where_an_installed_package_stands_between() -> None:
    through = in_a_package("def through():\n    return find()", find=find)["through"]
    line = line_of(through())
    assert (line.file, line.text) == ("test_lines.py", "line = line_of(through())")


def test_an_installed_packages_line_is_named_where_there_is_none_of_the_learners() -> None:
    sites: list[Site] = []
    source = "def work():\n    sites.append(site_of(sys._getframe()))"
    thread = threading.Thread(target=in_a_package(source, site_of=site_of, sys=sys, sites=sites)["work"])
    thread.start()
    thread.join()
    line = line_of(sites[0])
    assert (line.file, line.number) == ("app.py", 2)


def test_the_package_of_a_file() -> None:
    assert package_of(str(PYTHON / "site-packages" / "kombu" / "transport" / "redis.py")) == "kombu"
    assert package_of(str(PYTHON / "site-packages" / "six.py")) == "six"
    assert package_of(str(Path(sysconfig.get_path("scripts")) / "celery")) == "celery"
    assert package_of("shop.py") == package_of(str(PYTHON / "threading.py")) == ""


def test_at_the_top_level_no_function_is_named() -> None:
    assert str(Line("shop.py", 3, "<module>", "x = 1")) == "shop.py, line 3"
    assert str(Line("shop.py", 3, "<lambda>", "x = 1")) == "shop.py, line 3"


def test_nowhere_is_an_unknown_line() -> None:
    assert str(line_of(UNKNOWN)) == "an unknown line"


def test_a_notebooks_cell_is_named_by_its_number() -> None:
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["find"] = find
        shell.run_cell("1 + 1", store_history=True)
        shell.run_cell("def buy():\n    return find()\n\nplace = buy()", store_history=True)
        line = line_of(shell.user_ns["place"])
    finally:
        InteractiveShell.clear_instance()
    assert str(line) == "cell 2, line 2, in buy()"
    assert line.text == "return find()"


def test_a_line_is_quoted_inside_a_sentence() -> None:
    assert Line("your cell", 2, "", "pool = ...").quoted == "line 2 of your cell, `pool = ...`"
    assert Line("shop.py", 2, "", "").quoted == "line 2 of shop.py"
