"""Binder: the launch link, the files in binder/, and its steps replayed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tutorial_lib import course
from tutorial_lib.commands import binder_link, jupyterlab
from tutorial_lib.commands.command_line import main
from tutorial_lib.errors import BadSetting, CourseFolderError

TOP = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/them/course.git", "gh/them/course"),
        ("https://github.com/them/course/", "gh/them/course"),
        ("https://them:secret@github.com/them/course.git", "gh/them/course"),
        ("git@github.com:them/course.git", "gh/them/course"),
        ("ssh://git@github.com/them/course.git", "gh/them/course"),
        ("ssh://git@ssh.github.com:443/them/course.git", "gh/them/course"),
        ("git@gitlab.com:group/part/course.git", "gl/group%2Fpart%2Fcourse"),
        ("https://gitlab.com/group/course", "gl/group%2Fcourse"),
    ],
)
def test_a_remote_becomes_binders_name_for_it(url: str, repository: str) -> None:
    assert binder_link.binder_repository(url) == repository


@pytest.mark.parametrize(
    "url",
    [
        "https://them:secret@example.com/course.git",
        "/srv/secret/course.git",
        "C:\\secret\\course",
        "file:///srv/secret",
        "git@github.com:secret",
        "https://github.com/",
        "https://github.com.example.com/them/secret",
    ],
)
def test_a_remote_that_binder_cannot_open_is_a_sentence_without_its_secrets(url: str) -> None:
    with pytest.raises(BadSetting, match="Push the clone to a public repository") as refused:
        binder_link.binder_repository(url)
    assert "secret" not in str(refused.value)


NOTEBOOKS = [Path("notebooks/00_start_here.ipynb"), Path("notebooks/02_first_pool.ipynb"), Path("10_fleets.ipynb")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("0", "00_start_here.ipynb"),
        ("00", "00_start_here.ipynb"),
        ("2", "02_first_pool.ipynb"),
        ("10", "10_fleets.ipynb"),
        ("first_pool", "02_first_pool.ipynb"),
        ("First_Pool", "02_first_pool.ipynb"),
        ("02_first_pool", "02_first_pool.ipynb"),
        ("notebooks/02_first_pool.ipynb", "02_first_pool.ipynb"),
    ],
)
def test_a_lesson_is_found_by_number_and_by_name(wanted: str, found: str) -> None:
    assert course.find_lesson(wanted, NOTEBOOKS) == found


@pytest.mark.parametrize("wanted", ["1", "", "pool", "99", "000"])
def test_an_unknown_lesson_is_a_sentence_that_lists_the_lessons(wanted: str) -> None:
    with pytest.raises(BadSetting, match="The lessons are: 00_start_here, 02_first_pool, 10_fleets"):
        course.find_lesson(wanted, NOTEBOOKS)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of one commit on the branch ``main``, without a remote."""
    top = tmp_path / "clone"
    (top / "notebooks").mkdir(parents=True)
    (top / "notebooks" / "00_start_here.ipynb").write_text("{}")
    (top / "pyproject.toml").write_text("")
    monkeypatch.setattr(course, "PACKAGE", top / "tutorial_lib")
    git(top, "init", "--quiet", "--initial-branch", "main")
    git(top, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "one")
    return top


def git(top: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(top), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


LINK = "https://mybinder.org/v2/gh/them/course/{}?urlpath=lab%2Ftree%2Fnotebooks%2F00_start_here.ipynb"


def test_the_link_points_to_the_tag(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:them/course.git")
    for tag in ("v0.9", "v0.10"):
        git(repository, "tag", tag)

    assert main(["binder-link"]) == 0
    assert capsys.readouterr() == (LINK.format("v0.10") + "\n", "")


def test_without_a_tag_it_points_to_the_branch_and_says_so(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repository, "remote", "add", "origin", "https://github.com/them/course")
    git(repository, "switch", "--quiet", "--create", "feature/x")

    assert main(["binder-link", "start_here"]) == 0
    said = capsys.readouterr()
    assert said.out == LINK.format("feature%2Fx") + "\n"
    assert "the branch feature/x" in said.err


def test_without_tag_and_branch_it_points_to_the_commit(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://github.com/them/course")
    git(repository, "switch", "--quiet", "--detach")

    assert binder_link.launch_link("0")[0] == LINK.format(git(repository, "rev-parse", "HEAD"))


def test_a_clone_without_origin_is_a_sentence(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["binder-link"]) == 1
    assert "git remote add origin" in capsys.readouterr().err


def test_a_folder_that_is_no_repository_is_a_sentence(repository: Path) -> None:
    (repository / ".git").rename(repository / "git")

    with pytest.raises(BadSetting, match="is no git repository"):
        binder_link.launch_link("0")


def test_without_git_it_is_a_sentence(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BadSetting, match="Install git"):
        binder_link.launch_link("0")


def test_an_installed_course_has_no_link(installed: Path) -> None:
    with pytest.raises(CourseFolderError, match="needs a clone"):
        binder_link.launch_link("0")


# -- the files in binder/


def test_every_dependency_is_pinned_within_its_range() -> None:
    lines = (TOP / "binder" / "requirements.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pinned}
    needed = metadata.requires("redis-pool-tutorial") or []

    assert all(str(pin.specifier).startswith("==") for pin in pinned)
    for requirement in map(Requirement, needed):
        if requirement.marker is None:  # the others belong to extras
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


def test_binders_python_is_one_that_the_course_supports() -> None:
    version = (TOP / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    supported = metadata.metadata("redis-pool-tutorial")["Requires-Python"]

    assert SpecifierSet(supported).contains(version)


def launch(path: str, setting: str = "TUTORIAL_SERVER") -> str:
    """Run what Binder runs at a launch around a command that tells a setting: which server the lessons would get."""
    tell = f"import os; print(os.environ.get({setting!r}))"
    done = subprocess.run(
        [TOP / "binder" / "start", sys.executable, "-c", tell],
        env={**os.environ, "PATH": path, "PYTHONSTARTUP": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


SCRIPTS = str(Path(sys.executable).parent)


def test_at_a_launch_a_cell_that_is_run_first_of_all_will_say_which_it_needs() -> None:
    startup = Path(launch(f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "PYTHONSTARTUP"))
    assert startup.resolve() == jupyterlab.KERNEL_START


@pytest.mark.redis_server
def test_a_launch_leaves_a_redis_that_works_to_the_lessons() -> None:
    assert launch(f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}") == "None"


def test_a_launch_with_a_redis_that_crashes_opens_with_the_fallback(tmp_path: Path) -> None:
    crashing = tmp_path / "redis-server"
    crashing.write_text("#!/bin/sh\nexit 1\n")
    crashing.chmod(0o755)

    assert launch(f"{tmp_path}{os.pathsep}{SCRIPTS}{os.pathsep}{os.environ['PATH']}") == "fake"


def test_a_launch_opens_the_learners_copy(tmp_path: Path) -> None:
    (tmp_path / "binder").mkdir()
    (tmp_path / course.IN_A_CLONE).mkdir()
    start = shutil.copy2(TOP / "binder" / "start", tmp_path / "binder")
    tell = "import os; print(os.getcwd(), os.environ['TUTORIAL_FOLDER'])"
    done = subprocess.run([start, sys.executable, "-c", tell], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(tmp_path / course.IN_A_CLONE)] * 2


def test_a_launch_where_the_course_is_broken_still_opens(tmp_path: Path) -> None:
    (tmp_path / "timeout").symlink_to(shutil.which("timeout") or "/usr/bin/timeout")

    assert launch(str(tmp_path)) == "fake"


@pytest.mark.redis_server
@pytest.mark.release
def test_binders_steps_from_a_bare_environment_to_a_served_lesson(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in files.rstrip("\0").split("\0"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, repository / name)
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    scripts = tmp_path / "venv" / "bin"
    # As on Binder: nothing but the image's own PATH, and a home folder without settings.
    environ = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}

    def step(*words: str | Path) -> str:
        done = subprocess.run(words, cwd=repository, env=environ, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    step(scripts / "pip", "install", "--no-cache-dir", "-r", "binder/requirements.txt")
    if sys.version_info[:2] == (3, 11):  # On another Python other packages come along.
        pins = (TOP / "binder" / "requirements.txt").read_text("utf-8").splitlines()
        pinned = {line for line in pins if not line.startswith("#")}
        assert set(step(scripts / "pip", "freeze").splitlines()) == pinned, "something came along that is not pinned"
    step("binder/postBuild")
    step("binder/start", scripts / "jupyter", "execute", "notebooks/00_start_here.ipynb")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["binder/start", scripts / "jupyter", "lab", "--ip=127.0.0.1", f"--port={port}", "--no-browser"]
    words += ["--allow-root", "--IdentityProvider.token=binder"]
    with subprocess.Popen(words, cwd=repository, env=environ, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            http = urllib3.PoolManager(
                headers={"Authorization": "token binder"},
                retries=urllib3.Retry(total=None, connect=120, backoff_factor=0.05, backoff_max=0.5),
            )
            lesson = http.request("GET", f"{url}/api/contents/notebooks/02_what_a_connection_costs.ipynb")
            page = http.request("GET", f"{url}/lab/tree/notebooks/00_start_here.ipynb")
        finally:
            server.terminate()

    assert (lesson.status, page.status) == (200, 200)
    cells = json.loads(lesson.data)["content"]["cells"]
    assert not [cell for cell in cells if cell.get("outputs")], "an output gives an answer away"
    assert '"news": {"disabled": true}' in page.data.decode()


def test_a_hub_gets_a_link_for_nbgitpuller(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@github.com/them/course.git")
    git(repository, "tag", "v1")

    assert main(["binder-link", "--hub", "https://hub.example.com/", "0"]) == 0
    link = urlsplit(capsys.readouterr().out.strip())
    assert link.path == "/hub/user-redirect/git-pull"
    assert parse_qs(link.query) == {
        "repo": ["https://github.com/them/course.git"],
        "branch": ["v1"],
        "urlpath": ["lab/tree/course/notebooks/00_start_here.ipynb"],
    }


@pytest.mark.parametrize(
    ("remote", "public"),
    [
        ("git@github.com:them/course.git", "https://github.com/them/course.git"),
        ("ssh://git@example.com:2222/them/course.git", "https://example.com/them/course.git"),
        ("https://example.com:8443/them/course", "https://example.com:8443/them/course"),
    ],
)
def test_a_hub_fetches_over_https_without_a_password(remote: str, public: str) -> None:
    assert binder_link.without_password(remote) == public


@pytest.mark.parametrize("hub", ["hub.example.com", "ftp://hub", ""])
def test_what_is_no_address_of_a_hub_is_a_sentence(hub: str) -> None:
    with pytest.raises(BadSetting, match="such as https://hub"):
        binder_link.hub_link(hub, "0")


def test_a_hub_cannot_fetch_a_folder(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "/somewhere/course")
    with pytest.raises(BadSetting, match="points to a folder"):
        binder_link.hub_link("https://hub.example.com", "0")
