"""``binder-link``: the link that opens a clone's repository on Binder, or on a JupyterHub, at one lesson."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import click

from tutorial_lib.commands.console import say
from tutorial_lib.commands.options import server_option
from tutorial_lib.course import clone, find_lesson
from tutorial_lib.errors import BadSetting, CourseFolderError

LAUNCH = "https://mybinder.org/v2"
SCP = re.compile(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)")
"""git@host:path, git's own short form of ssh."""
PROVIDERS = {"github.com": "gh", "gitlab.com": "gl"}


@click.command()
@server_option
@click.option("--hub", metavar="URL", help="A JupyterHub with nbgitpuller, instead of Binder.")
@click.argument("lesson", default="0")
def command(hub: str | None, lesson: str) -> int:
    """Print the link that opens this clone's repository on Binder, at lesson 00 or at the LESSON that you name.

    LESSON is a lesson's number or name.
    """
    link, note = launch_link(lesson) if hub is None else hub_link(hub, lesson)
    if note:
        say(note, stream=sys.stderr)
    print(link)
    return 0


def launch_link(lesson: str) -> tuple[str, str]:
    """Return the launch link for this clone's ``origin`` at ``lesson``, and a note ("" where there is none)."""
    page, origin, ref, note = _at(lesson)
    where = f"{LAUNCH}/{binder_repository(origin)}/{quote(ref, safe='')}"
    return f"{where}?urlpath={quote(f'lab/tree/notebooks/{page}', safe='')}", note


def hub_link(hub: str, lesson: str) -> tuple[str, str]:
    """Return the link by which nbgitpuller fetches ``origin`` into a user's home on ``hub`` and opens ``lesson``."""
    parts = urlsplit(hub)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"--hub is {hub!r}: give the address of a JupyterHub, such as https://hub.example.com.")
    page, origin, ref, note = _at(lesson)
    web = without_password(origin)
    folder = web.rstrip("/").rpartition("/")[2].removesuffix(".git")
    words = {"repo": web, "branch": ref, "urlpath": f"lab/tree/{folder}/notebooks/{page}"}
    link = f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(words)}"
    return link, note


def _at(lesson: str) -> tuple[str, str, str, str]:
    """Return the lesson's page, this clone's origin, and what a link may point to, with a note."""
    top = clone()
    if top is None:
        raise CourseFolderError(
            "This course was installed as a package; a link needs a clone of its repository. "
            "Run python -m tutorial_lib binder-link in the clone."
        )
    page = find_lesson(lesson, sorted((top / "notebooks").glob("*.ipynb")))
    return page, _origin(top), *_ref(top)


def without_password(url: str) -> str:
    """Return a git remote as anyone can fetch it: over https, without a user's name and password."""
    scp = SCP.fullmatch(url)
    if scp:
        return f"https://{scp[1]}/{scp[2]}"
    parts = urlsplit(url)
    if not parts.hostname:
        raise BadSetting(
            "The remote origin points to a folder, and a hub cannot fetch that. Push the clone, and make that origin."
        )
    port = f":{parts.port}" if parts.port and parts.scheme.startswith("http") else ""
    return f"https://{parts.hostname}{port}{parts.path}"


def binder_repository(url: str) -> str:
    """Turn a git remote into Binder's name for it: ``git@github.com:them/course.git`` into ``gh/them/course``."""
    scp = SCP.fullmatch(url)
    if scp:
        host, path = scp.groups()
    else:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    host = host.lower().removeprefix("ssh.").removeprefix("altssh.").removeprefix("www.")
    path = path.strip("/").removesuffix(".git")
    provider = PROVIDERS.get(host)
    if provider is None or "/" not in path:
        # Only the host is named: a remote may carry a password.
        raise BadSetting(
            f"The remote origin points to {host or 'a folder'}, and Binder cannot open that. "
            f"Push the clone to a public repository on {' or '.join(PROVIDERS)} and make that its origin."
        )
    # GitLab's groups nest, so there the whole path is one word of the link.
    return f"{provider}/{quote(path, safe='/' if provider == 'gh' else '')}"


def _ref(top: Path) -> tuple[str, str]:
    tag = _git(top, "tag", "--points-at", "HEAD", "--sort=-version:refname").partition("\n")[0]
    if tag:
        return tag, ""
    branch = _git(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    ref = branch or _git(top, "rev-parse", "HEAD")
    if not ref:
        raise BadSetting("The clone has no commit that a link could point to. Commit and push first.")
    what = f"the branch {branch}, and each new commit there changes what it opens" if branch else f"commit {ref}"
    return ref, f"This commit has no tag: the link points to {what}. Tag it, push the tag and ask again."


def _origin(top: Path) -> str:
    # Git would look in the folders above as well, and find the origin of another repository.
    if not (top / ".git").exists():
        raise BadSetting(f"{top} is no git repository. Clone the course with git, then ask again.")
    url = _git(top, "remote", "get-url", "origin")
    if not url:
        raise BadSetting(
            "This clone has no remote called origin, so Binder has nothing to open. "
            "Add one with git remote add origin URL, and push."
        )
    return url


def _git(top: Path, *words: str) -> str:
    """Return what git says, "" where it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(top), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BadSetting("git is not on PATH, and the link needs it to read the clone's origin. Install git.") from None
    return done.stdout.strip() if done.returncode == 0 else ""
