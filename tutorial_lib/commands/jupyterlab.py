"""JupyterLab as the course starts it: its command, its environment, and running it."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tutorial_lib.course import PACKAGE
from tutorial_lib.errors import LabNotStarted

# No news, no updates, nothing fetched from a network; saving a notebook writes that notebook only. Binder uses it too.
SETTINGS_FOLDER = PACKAGE / "jupyter_config"
DEFAULT_LAYOUT = "default-37a8.jupyterlab-workspace"
"""What JupyterLab calls the file of the workspace named default."""
KERNEL_START = PACKAGE / "commands" / "kernel_start.py"


def server_command(folder: Path, page: str, *, port: int | None, browser: bool, extra: Sequence[str]) -> list[str]:
    """Return the command that serves ``folder`` and opens ``page``, with the learner's own arguments at its end."""
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    words.append(f"--LabApp.default_url=/lab/tree/{page}")
    # Ctrl-C stops at once, without a question that times out. Notebooks save themselves.
    words.append("--ServerApp.answer_yes=True")
    # JupyterLab refuses an argument that is given twice, so the learner's own address takes the place of ours.
    if not any(word.partition("=")[0] in ("--ip", "--ServerApp.ip") for word in extra):
        words.append("--ServerApp.ip=127.0.0.1")
    if port is not None:
        words += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        words.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # A container often has no other user. JupyterLab listens on 127.0.0.1 and asks for its token.
        words.append("--allow-root")
    return [*words, *extra]


def environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with our settings laid over the learner's own, which stay as they are on disk."""
    from platformdirs import user_state_path

    layered = [str(SETTINGS_FOLDER), *filter(None, [environ.get("JUPYTER_CONFIG_PATH")])]
    # Which tabs were open is kept for each folder, so that no tabs of other work open here, and none are lost.
    layout = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return {
        # The kernel called python3 is then this interpreter's, not another that was once installed for the user.
        "JUPYTER_PREFER_ENV_PATH": "1",
        # What a kernel runs before its first cell. The learner's own setting wins.
        "PYTHONSTARTUP": str(KERNEL_START),
        **environ,
        # So that JupyterLab's terminal knows the command redis-pool-tutorial, although no venv is activated there.
        "PATH": os.pathsep.join(filter(None, [sysconfig.get_path("scripts"), environ.get("PATH")])),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(layered),
        "JUPYTERLAB_WORKSPACES_DIR": str(user_state_path("redis-pool-tutorial") / "layouts" / layout),
        "TUTORIAL_FOLDER": str(folder),
    }


def lay_out(workspaces: Path) -> None:
    """Let JupyterLab begin with its table of contents open. A layout that is there already stays."""
    layout = workspaces / DEFAULT_LAYOUT
    if not layout.exists():
        # A folder that cannot be written to is no reason not to start: JupyterLab then has its own first layout.
        with suppress(OSError):
            workspaces.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SETTINGS_FOLDER / "first_layout.json", layout)


def require_jupyterlab() -> None:
    """Raise LabNotStarted where this Python has no JupyterLab."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise LabNotStarted(
            f"JupyterLab is not installed for {sys.executable}. Install the course again with "
            "pip install redis-pool-tutorial, or pip install -e . in a clone."
        )


def require_free_port(port: int) -> None:
    """Raise LabNotStarted if ``port`` cannot be listened on. JupyterLab itself would hide that in a page of log."""
    with socket.socket() as probe:
        if os.name == "posix":  # as JupyterLab does, so that a port that has just been freed can be used
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            what = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise LabNotStarted(
                f"Port {port} {what}. Name another with --port, or leave --port out to get the next free one."
            ) from error


def serve(folder: Path, page: str, *, port: int | None, browser: bool, extra: Sequence[str]) -> int:
    """Serve the course until Ctrl-C, and return the exit code; where the system can, become JupyterLab instead."""
    require_jupyterlab()
    if port is not None:
        require_free_port(port)
    return _become(server_command(folder, page, port=port, browser=browser, extra=extra), folder)


def serve_user(folder: Path, page: str, *, extra: Sequence[str]) -> int:
    """Serve the course to one user of a JupyterHub, whose arguments ``extra`` are. The hub says where to listen."""
    require_jupyterlab()
    if importlib.util.find_spec("jupyterhub") is None:
        raise LabNotStarted(
            f"JupyterHub is not installed for {sys.executable}, and each user's server needs it. Install the version "
            "that the hub has: pip install jupyterhub."
        )
    words = [sys.executable, "-m", "jupyterhub.singleuser", f"--ServerApp.root_dir={folder}"]
    return _become([*words, f"--ServerApp.default_url=/lab/tree/{page}", *extra], folder)


def _become(words: list[str], folder: Path) -> int:
    environ = environment(folder, os.environ)
    lay_out(Path(environ["JUPYTERLAB_WORKSPACES_DIR"]))
    sys.stdout.flush()
    sys.stderr.flush()
    # From the course's folder, where no stray json.py of the learner's can be imported in place of the real one.
    os.chdir(folder)
    if os.name == "posix":
        # One process, not two: a signal or a closed terminal reaches JupyterLab, and nothing is orphaned.
        os.execve(words[0], words, environ)
    return subprocess.call(words, env=environ)
