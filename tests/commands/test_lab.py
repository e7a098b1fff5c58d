"""``lab``: the command and the environment that JupyterLab gets, what stops it, and JupyterLab as a learner gets it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest
import urllib3

from tutorial_lib import course
from tutorial_lib.commands import jupyterlab
from tutorial_lib.commands.command_line import main


def test_jupyterlab_listens_here_and_opens_the_first_lesson(tmp_path: Path) -> None:
    words = jupyterlab.server_command(tmp_path, course.FIRST_LESSON, port=None, browser=False, extra=["--debug"])

    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in words
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in words
    assert words[-1] == "--debug"


def test_a_port_that_was_asked_for_is_taken_or_nothing() -> None:
    asked = jupyterlab.server_command(Path("mine"), "page", port=9999, browser=True, extra=[])
    free = jupyterlab.server_command(Path("mine"), "page", port=None, browser=True, extra=[])

    assert {"--ServerApp.port=9999", "--ServerApp.port_retries=0"} <= set(asked)
    assert not [word for word in free if "port" in word]


@pytest.mark.parametrize("own", ["--ip=0.0.0.0", "--ServerApp.ip=0.0.0.0", "--ip"])
def test_the_learners_own_address_takes_the_place_of_ours(own: str) -> None:
    words = jupyterlab.server_command(Path("mine"), "page", port=None, browser=True, extra=[own, "0.0.0.0"])

    assert "--ServerApp.ip=127.0.0.1" not in words
    assert words[-2:] == [own, "0.0.0.0"]


def test_settings_are_laid_over_the_learners_own(tmp_path: Path) -> None:
    environ = jupyterlab.environment(tmp_path, {"JUPYTER_CONFIG_PATH": "/theirs", "JUPYTER_PREFER_ENV_PATH": "0"})

    assert environ["JUPYTER_CONFIG_PATH"] == f"{jupyterlab.SETTINGS_FOLDER}{os.pathsep}/theirs"
    assert environ["JUPYTER_PREFER_ENV_PATH"] == "0"
    assert environ["TUTORIAL_FOLDER"] == str(tmp_path)
    assert jupyterlab.environment(tmp_path, {"PYTHONSTARTUP": "/theirs.py"})["PYTHONSTARTUP"] == "/theirs.py"

    without = jupyterlab.environment(tmp_path, {})
    assert Path(environ["PATH"], "redis-pool-tutorial").exists(), "JupyterLab's terminal knows the command"
    assert jupyterlab.environment(tmp_path, {"PATH": "/theirs"})["PATH"] == f"{environ['PATH']}{os.pathsep}/theirs"
    assert without["JUPYTER_CONFIG_PATH"] == str(jupyterlab.SETTINGS_FOLDER)
    assert without["JUPYTER_PREFER_ENV_PATH"] == "1"


def test_each_folder_has_a_layout_of_its_own(tmp_path: Path) -> None:
    one, other = (jupyterlab.environment(tmp_path / name, {})["JUPYTERLAB_WORKSPACES_DIR"] for name in ("a", "b"))

    assert one != other


def test_a_port_that_is_taken_is_a_sentence(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["lab", "--folder", str(tmp_path / "mine"), "--port", str(port)])

    assert code == 1
    assert capsys.readouterr().err.startswith(f"Port {port} is taken. Name another with --port")


def test_a_folder_that_cannot_be_written_is_a_sentence(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert main(["lab", "--folder", str(tmp_path / "file" / "mine")]) == 1
    assert "Choose another folder with --folder." in capsys.readouterr().err


def test_without_jupyterlab_it_is_a_sentence(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert main(["lab", "--folder", str(tmp_path / "mine")]) == 1
    assert "JupyterLab is not installed" in capsys.readouterr().err


def test_a_page_that_begins_anew_is_the_one_that_opens(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(jupyterlab, "serve", lambda folder, page, **options: opened.append(page) or 0)
    mine = tmp_path / "mine" / course.FIRST_LESSON
    mine.parent.mkdir(parents=True)
    mine.write_text("my notes")

    assert main(["lab", "--folder", str(tmp_path / "mine"), "--fresh", "0"]) == 0

    assert opened == [course.FIRST_LESSON]
    assert mine.read_text() == "{}"
    assert mine.with_name("00_start_here.old-1.ipynb").read_text() == "my notes"
    assert "anew. Your old page is 00_start_here.old-1.ipynb, in the same folder." in capsys.readouterr().out


class Lab:
    """``redis-pool-tutorial lab`` as a process, in a home folder whose settings are all against us."""

    def __init__(self, home: Path, folder: Path, terminal: int) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG_"))}
        argv = [sys.executable, "-m", "tutorial_lib", "lab", "--no-browser", "--port", "0", "--folder", str(folder)]
        self.process = subprocess.Popen(
            argv,
            stdin=terminal,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=environ | {"HOME": str(home), "TUTORIAL_SERVER": "fake"},
        )
        assert self.process.stderr
        self.url, self.token = self._address(self.process.stderr)
        # Read on, or JupyterLab would stop at a full pipe.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.http = urllib3.PoolManager(headers={"Authorization": f"token {self.token}"})

    def _address(self, log: IO[str]) -> tuple[str, str]:
        lines = []
        for line in log:
            lines.append(line)
            found = re.search(r"(http://127\.0\.0\.1:\d+/)lab/tree/notebooks/00_start_here.ipynb\?token=(\w+)", line)
            if found:
                return found[1], found[2]
        raise AssertionError("JupyterLab ended: " + "".join(lines))

    def ask(self, path: str, method: str = "GET", **more: str) -> urllib3.BaseHTTPResponse:
        # The address is logged a moment before the port is open.
        retries = urllib3.Retry(total=None, connect=60, backoff_factor=0.05, backoff_max=0.5)
        answer = self.http.request(method, self.url + path, retries=retries, timeout=30, **more)
        assert answer.status < 300, answer.data
        return answer


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Lab]:
    home = tmp_path / "home"
    settings = home / ".jupyter"
    notification = settings / "lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    kernel = home / ".local/share/jupyter/kernels/python3/kernel.json"
    for path, text in (
        (notification, '{"fetchNews": "true", "checkForUpdates": true}'),
        (settings / "jupyter_server_config.py", 'c.ServerApp.ip = "0.0.0.0"\nc.ServerApp.root_dir = "/"\n'),
        (settings / "jupyter_lab_config.py", 'c.LabApp.extension_manager = "pypi"\nc.LabApp.default_url = "/tree"\n'),
        (kernel, '{"argv": ["/gone/python"], "display_name": "An old one", "language": "python"}'),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # A terminal on its standard input, as a learner has: without one, JupyterLab leaves Ctrl-C to Python.
    keyboard, terminal = pty.openpty()
    lab = Lab(home, tmp_path / "mine", terminal)
    yield lab
    if lab.process.poll() is None:
        lab.process.kill()
        lab.process.wait(timeout=30)
    assert lab.process.stderr
    lab.process.stderr.close()
    os.close(keyboard)
    os.close(terminal)


def command_line(process: psutil.Process) -> str:
    """Return a process's command line, or nothing if it has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):  # A ZombieProcess is one, too.
        return " ".join(process.cmdline())
    return ""


def test_lab_serves_the_learners_copy_quietly_and_ends_with_ctrl_c(started: Lab, tmp_path: Path) -> None:
    lesson = json.loads(started.ask(f"api/contents/{course.FIRST_LESSON}").data)
    page = started.ask("lab").data.decode()
    config = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    specs = json.loads(started.ask("api/kernelspecs").data)
    tracker = json.loads(started.ask("lab/api/settings/@jupyterlab/notebook-extension:tracker").data)
    kernel = json.loads(started.ask("api/kernels", "POST", body='{"name": "python3"}').data)

    assert lesson["type"] == "notebook"
    assert not [cell for cell in lesson["content"]["cells"] if cell.get("outputs")], "an output gives an answer away"
    assert (tmp_path / "mine" / course.FIRST_LESSON).is_file()
    assert config["news"] == {"disabled": True}
    assert config["extensionManager"]["name"] == "read-only"
    assert "@jupyterlab/apputils-extension:announcements" in config["disabledExtensions"]
    # Otherwise JupyterLab asks which kernel is meant when a cell is run in the first second.
    assert tracker["schema"]["properties"]["autoStartDefaultKernel"]["default"] is True
    assert specs["kernelspecs"]["python3"]["spec"]["display_name"] != "An old one"

    kernels = psutil.Process(started.process.pid).children()
    assert any(kernel["id"] in command_line(child) for child in kernels)
    started.process.send_signal(signal.SIGINT)

    assert started.process.wait(timeout=30) == 0
    _, left = psutil.wait_procs(kernels, timeout=30)
    assert not left
