"""A JupyterLab (or Notebook 7) of one's own for a test or a picture, and a notebook in it that Playwright steers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tutorial_lib.commands.jupyterlab import environment

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 120.0
"""Seconds after which a kernel that owes an answer fails its test: Playwright itself would wait for ever."""

JUPYTERS_OWN = (
    # about whatever was on its way to a kernel that is restarted
    "Canceled future for",
    # now and then on a busy machine, when a cell is scrolled out of its window that has gone already (jupyterlab#15415)
    "Failed to execute 'removeChild' on 'Node'",
    # Notebook 7, now and then on a busy machine, when its settings are asked for while they still come in
    "Cannot read properties of undefined (reading 'schema')",
)
"""Errors that Jupyter's own code raises in the browser, whatever notebook is open."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, or Notebook 7."""

    url: str
    folder: Path
    page: str
    """Where it shows a notebook."""

    def address(self, name: str) -> str:
        """Return the address of a notebook in the folder, with no other open beside it."""
        return f"{self.url}/{self.page}/{name}?reset"

    def notebook(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook with these code cells, and return its address."""
        notebook: Any = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"
        nbformat.write(notebook, self.folder / name)
        return self.address(name)


@contextmanager
def running_lab(folder: Path, *options: str, program: str = "jupyterlab") -> Iterator[Lab]:
    """Start JupyterLab on a port that it finds itself, with nothing of the user's own settings, and stop it at the end.

    With ``program="notebook"`` Notebook 7 instead.
    """
    app, page = {"jupyterlab": ("LabApp", "lab/tree"), "notebook": ("JupyterNotebookApp", "notebooks")}[program]
    home = folder / ".home"
    command = [sys.executable, "-m", program, "--no-browser", f"--ServerApp.root_dir={folder}"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command += ["--IdentityProvider.token=", f"--{app}.expose_app_in_browser=True", "--allow-root", *options]
    settings = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "JUPYTER_DATA_DIR": str(home)}
    log = (folder / ".lab.log").open("w+")
    process = subprocess.Popen(command, env=environment(folder, settings), stdout=log, stderr=log, cwd=folder)
    try:
        yield Lab(_address(process, folder / ".lab.log"), folder, page)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until Jupyter answers, and return its address, which its log says once it has a port."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*", log.read_text(errors="replace")):
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{found[0]}/api", timeout=2).close()
                return found[0]
        time.sleep(0.1)
    raise AssertionError(f"Jupyter did not start:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def running_course(home: Path) -> Iterator[str]:
    """Open the course as a learner does, by the command ``lab``, with a home of its own; yield JupyterLab's address."""
    command = [sys.executable, "-m", "tutorial_lib", "lab", "--no-browser", "--port", "0"]
    command += ["--folder", str(home / "course"), "--", "--IdentityProvider.token="]
    command += ["--LabApp.expose_app_in_browser=True"]
    settings = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=settings, stdout=log, stderr=log)
    try:
        yield _address(process, home / "log")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the system's Chromium, without a window."""
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        # Inside a container Chromium's own sandbox often cannot be set up; it only ever opens our own pages.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Notebook:
    """An open notebook in a browser's page.

    Where the page shows JupyterLab already, the notebook takes the place of what was open there: JupyterLab itself
    takes the longest to load.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        """What the browser's console reported as an error."""
        self.requested: list[str] = []
        """Every address that the page has asked for."""
        self._listeners: dict[Any, Callable[[Any], None]] = {
            "request": lambda request: self.requested.append(request.url),
            "console": self._listen,
            "pageerror": self._hear_error,
        }
        for event, listen in self._listeners.items():
            page.on(event, listen)
        if page.url.startswith("http"):
            self._close_all()
            self.command("docmanager:open", path=urlsplit(url).path.removeprefix("/lab/tree/"), factory="Notebook")
        else:
            page.goto(url)
        self._wait_until_ready()

    def close(self) -> None:
        """End the kernels, and leave JupyterLab behind as a new one: light, with nothing open but its left side."""
        for event, listen in self._listeners.items():
            self.page.remove_listener(event, listen)
        if self.page.locator(".jp-Dialog").count():  # of a test that failed: the next one begins with a new JupyterLab
            self.page.goto("about:blank")
            return
        self._close_all()

    def _close_all(self) -> None:
        self._ask(
            """async () => {
                const { shell, commands, serviceManager, restored } = window.jupyterapp;
                await restored;
                for (const widget of [...shell.widgets("main")]) widget.dispose();
                await serviceManager.sessions.shutdownAll();
                shell.expandLeft();
                await commands.execute("apputils:change-theme", { theme: "JupyterLab Light" });
            }"""
        )

    def _wait_until_ready(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=60_000,
        )

    def reload(self) -> None:
        """Load the page again, with no other notebook that was open before; the kernel goes on."""
        self.page.goto("about:blank")
        self.page.goto(self.url)
        self._wait_until_ready()

    def _listen(self, message: Any) -> None:
        # JupyterLab's own debugger says this when a kernel is restarted while it asks the old one.
        if message.type == "error" and not message.text.startswith("Could not restore the debugger state"):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _hear_error(self, error: Any) -> None:
        stack = error.stack or str(error)
        # A widget's code has an address that begins with "blob:".
        jupyters_own = "blob:" not in stack and any(known in str(error) for known in JUPYTERS_OWN)
        if not jupyters_own:
            self.complaints.append(stack)

    def _ask(self, script: str, argument: Any = None) -> Any:
        """Return what ``script``, a function in JavaScript, makes of ``argument``, if it does so in time."""
        return self.page.evaluate(
            f"""(argument) => Promise.race([
                ({script})(argument),
                new Promise((_, fail) => setTimeout(() => {{
                    const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
                    fail(new Error(`No answer from the kernel, which is ${{kernel?.status}}`));
                }}, {ANSWER_TIMEOUT * 1000})),
            ])""",
            argument,
        )

    def run_all(self) -> None:
        """Run every cell, and wait until they have all run."""
        self.command("notebook:run-all-cells")

    def run(self, code: str) -> str:
        """Run ``code`` in the kernel, beside the cells, and return what it printed. An error fails the test."""
        answer = self._ask(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code, store_history: false });
                let printed = "";
                future.onIOPub = ({ content, header }) => {
                    if (header.msg_type === "stream") printed += content.text;
                    if (header.msg_type === "error") printed += content.traceback.join("\\n");
                };
                const reply = await future.done;
                return { status: reply.content.status, printed };
            }""",
            code,
        )
        assert answer["status"] == "ok", answer["printed"]
        return str(answer["printed"])

    def start(self, code: str) -> None:
        """Begin to run ``code`` in the kernel, and wait until the kernel is at it."""
        self._ask(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code });
                await new Promise((begun) => {
                    future.onIOPub = ({ header }) => header.msg_type === "execute_input" && begun();
                });
            }""",
            code,
        )

    def interrupt(self) -> None:
        """Stop what runs, as Ctrl-C does; again where it came too early, before the code had begun."""
        self._ask(
            """async () => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                do {
                    await kernel.interrupt();
                    await new Promise((later) => setTimeout(later, 200));
                } while (kernel.status === "busy");
            }"""
        )

    def restart(self) -> None:
        """Restart the kernel without the question whether one is sure."""
        self._ask("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self._wait_until_ready()

    def eventually(self, code: str, true: Callable[[str], bool], within: float = 10.0) -> None:
        """Run ``code`` again and again until what it prints is right."""
        deadline = time.monotonic() + within
        while not true(said := self.run(code)):
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def command(self, name: str, **arguments: Any) -> None:
        """Run one of JupyterLab's commands, and wait for it."""
        self._ask("async ([name, args]) => { await window.jupyterapp.commands.execute(name, args) }", [name, arguments])

    def theme(self, name: str) -> None:
        """Change to ``"JupyterLab Light"`` or ``"JupyterLab Dark"``."""
        self.command("apputils:change-theme", theme=name)
        light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # It covers the page while themes change.

    def view(self, number: int = 0) -> Locator:
        """Return a pool view on the page."""
        return self.page.locator(".pool-view").nth(number)
