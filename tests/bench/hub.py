"""A class on a JupyterHub: twenty users at once run lesson 01 and check an exercise, each on a server of their own.

Needs the extra ``hub``. Without it there is no figure.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import psutil

from tests.bench.row import Row, at_most
from tests.redis_for_tests import free_ports
from tutorial_lib.exercises import COURSE, load_task

USERS = 20
LESSON = "01_your_first_pool"
EXERCISE = "first-pool"
LONGEST = 600.0
WHERE = "__import__('os').getcwd()"
TOO_MANY = 429

CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "tutorial_lib", "singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{"TUTORIAL_SERVER": "redis"}}
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.JupyterHub.concurrent_spawn_limit = 4
c.JupyterHub.load_roles = [{{
    "name": "class",
    "services": ["class"],
    "scopes": ["admin:users", "admin:servers", "access:servers"],
}}]
c.JupyterHub.services = [{{"name": "class", "api_token": "{token}"}}]
"""


class Hub(NamedTuple):
    url: str
    token: str
    process: subprocess.Popen[bytes]


def rows() -> list[Row]:
    proxy = shutil.which("configurable-http-proxy", path=str(Path(sys.executable).parent)) or ""
    if not proxy:
        print('No figure for a hub: python -m pip install -e ".[hub]" brings what it needs.', file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder), proxy) as hub:
        begun = time.perf_counter()
        outcomes, memory = asyncio.run(_whole_class(hub))
        taken = time.perf_counter() - begun
    for problem in filter(None, outcomes):
        print(problem, file=sys.stderr)
    return [
        at_most(f"a hub: of {USERS} users, failed", sum(map(bool, outcomes)), 0, unit="users"),
        at_most("a hub: memory for each user, with a kernel and its Redis", memory / USERS / 2**20, 400, unit="MB"),
        at_most(
            f"a hub: until all {USERS} had run lesson {LESSON[:2]} and passed an exercise", taken, LONGEST, unit="s"
        ),
    ]


@contextmanager
def running_hub(folder: Path, proxy: str) -> Iterator[Hub]:
    """Start a JupyterHub whose users are processes of this one, and stop it with all that it started."""
    port, hub, api = free_ports(3)
    token = secrets.token_hex(16)
    config = folder / "jupyterhub_config.py"
    values = {"port": port, "hub": hub, "api": api, "proxy": proxy, "python": sys.executable, "token": token}
    config.write_text(CONFIG.format(homes=folder / "homes", **values))
    with (folder / "log").open("wb") as log:
        words = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    try:
        yield Hub(f"http://127.0.0.1:{port}", token, process)
    finally:
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
        for one in started:
            if one.is_running():
                one.kill()
        psutil.wait_procs(started, timeout=20)


async def _whole_class(hub: Hub) -> tuple[list[str], int]:
    """Let all users work at once. Return what went wrong for each ("" where nothing), and their memory together."""
    import aiohttp

    headers = {"Authorization": f"token {hub.token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(LONGEST)) as session:
        await _until(lambda: _answers(session, f"{hub.url}/hub/api/"))
        names = [f"learner{number}" for number in range(1, USERS + 1)]
        outcomes = await asyncio.gather(*(_one_user(session, hub, name) for name in names))
        # While every kernel is there, with its Redis.
        family = psutil.Process(hub.process.pid).children(recursive=True)
        memory = sum(_own_memory(process) for process in family)
    return list(outcomes), memory


async def _one_user(session: Any, hub: Hub, name: str) -> str:
    api, own = f"{hub.url}/hub/api/users/{name}", f"{hub.url}/user/{name}/api"
    try:
        await (await session.post(api)).read()
        await _until(lambda: _is_accepted(session, f"{api}/server"))
        await _until(lambda: _is_ready(session, api))
        page = await (await session.get(f"{own}/contents/notebooks/{LESSON}.ipynb")).json()
        cells = [cell["source"] for cell in page["content"]["cells"] if cell["cell_type"] == "code"]
        if any(cell.get("outputs") for cell in page["content"]["cells"]):
            return f"{name}: the page has outputs, which give away its predictions"
        problem, shown = await _run(session, own, [WHERE, *cells])
        if f"/homes/{name}/" not in shown[0]["text/plain"]:
            return f"{name}: works in {shown[0]['text/plain']}, which is not at home"
        if problem:
            return f"{name}, lesson {LESSON}: {problem}"
        problem, shown = await _run(session, own, _exercise_cells())
        passed = [data for data in shown if '"status": "passed"' in json.dumps(data)]
        return problem or ("" if passed else f"{name}: the exercise did not pass: {shown}")
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"


def _exercise_cells() -> list[str]:
    (number,) = (lesson.name for lesson in COURSE if EXERCISE in lesson.exercises)
    top = Path(__file__).parents[2]
    notebook = nbformat.read(top / "exercises" / f"ex{number}.ipynb", as_version=4)
    imports = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    task = load_task(EXERCISE)
    return [imports, f'{task.solution_text}\n\nexercise("{EXERCISE}").check({task.name})']


async def _run(session: Any, own: str, cells: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Run cells in a kernel of their own, which stays. Return the first error ("" without), and all that was shown."""
    kernel = (await (await session.post(f"{own}/kernels", json={"name": "python3"})).json())["id"]
    shown: list[dict[str, Any]] = []
    async with session.ws_connect(f"{own.replace('http', 'ws', 1)}/kernels/{kernel}/channels") as channel:
        for source in cells:
            asked = uuid.uuid4().hex
            header = {
                "msg_id": asked,
                "msg_type": "execute_request",
                "username": "",
                "session": kernel,
                "version": "5.3",
            }
            content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
            await channel.send_str(json.dumps(message))
            async for raw in channel:
                told = json.loads(raw.data)
                if told["parent_header"].get("msg_id") != asked:
                    continue
                if told["msg_type"] == "error":
                    return " ".join((told["content"]["ename"], told["content"]["evalue"])), shown
                if told["msg_type"] in ("display_data", "execute_result"):
                    shown.append(told["content"]["data"])
                if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                    break
    return "", shown


async def _answers(session: Any, url: str) -> bool:
    import aiohttp

    try:
        async with session.get(url) as answer:
            return bool(answer.status == 200)
    except aiohttp.ClientError:
        return False


async def _is_accepted(session: Any, server: str) -> bool:
    """Ask the hub to start a server. It lets only a few start at once, and says so: then ask again."""
    async with session.post(server) as answer:
        return bool(answer.status != TOO_MANY)


async def _is_ready(session: Any, api: str) -> bool:
    async with session.get(api) as answer:
        servers = (await answer.json()).get("servers", {})
    return bool(servers and servers[""]["ready"])


async def _until(happened: Any) -> None:
    deadline = time.monotonic() + LONGEST
    while not await happened():
        if time.monotonic() > deadline:
            raise TimeoutError("the hub did not get there")
        await asyncio.sleep(0.5)


def _own_memory(process: psutil.Process) -> int:
    """Return what a process has for itself: what it shares with the others is counted once, in parts."""
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(full, "pss", full.uss))
