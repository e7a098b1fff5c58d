"""What can be wrong with a lab: no redis-server, one that cannot do it or does not come up, a number, a port."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tutorial_lib import start_cluster, start_sentinel, start_tls
from tutorial_lib.errors import BadSetting, ServerNotFound, ServerStartFailed
from tutorial_lib.servers import private_lab, private_process
from tutorial_lib.servers.cluster_lab import ClusterLab

needs_redis = pytest.mark.redis_server
STARTS = [start_tls, start_sentinel, start_cluster]


@pytest.mark.parametrize("start", STARTS)
def test_without_a_redis_server_a_sentence_says_so(start, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(private_process, "find_program", lambda: None)
    with pytest.raises(ServerNotFound, match=r"^A \w+ \w+ needs a redis-server or valkey-server, and none is on PATH"):
        start()


@pytest.mark.parametrize("start", STARTS)
def test_the_fallback_has_no_labs(start, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    with pytest.raises(ServerNotFound, match=r"needs a redis-server .* and TUTORIAL_SERVER is fake\. Unset"):
        start()


@needs_redis
def test_a_lab_is_private_where_redis_url_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://example.com")
    with start_tls() as server:
        assert server.host == "127.0.0.1"


@pytest.mark.parametrize("wrong", [0, 10, 2.5, "3", True, None])
def test_a_wrong_number_of_nodes(wrong: int) -> None:
    with pytest.raises(BadSetting, match=r"nodes is .* Give a whole number of nodes: 1 to 9\."):
        start_cluster(nodes=wrong)


def test_wrong_numbers_for_a_sentinel_lab() -> None:
    with pytest.raises(BadSetting, match="replicas is -1"):
        start_sentinel(replicas=-1)
    with pytest.raises(BadSetting, match="sentinels is 0"):
        start_sentinel(sentinels=0)


@pytest.fixture
def instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that puts a script in the place of redis-server."""

    def instead(text: str) -> None:
        program = tmp_path / "bin" / "redis-server"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n" + textwrap.dedent(text))
        program.chmod(0o755)
        monkeypatch.setattr(private_process, "find_program", lambda: str(program))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    yield instead
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]  # Nothing is left of what did not start.


NO_SUCH = """
echo '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***'
echo 'Reading the configuration file, at line 12'
echo ">>> '{}'"
echo 'Bad directive or wrong number of arguments'
exit 1
"""


def test_a_redis_server_without_tls(instead) -> None:  # type: ignore[no-untyped-def]
    instead(NO_SUCH.format("tls-port 41000"))
    with pytest.raises(ServerStartFailed, match=r"was built without TLS, so start_tls\(\) cannot use it"):
        start_tls()


def test_a_redis_server_without_cluster(instead) -> None:  # type: ignore[no-untyped-def]
    instead(NO_SUCH.format("cluster-enabled yes"))
    with pytest.raises(ServerStartFailed, match=r"was built without Redis Cluster, so start_cluster\(\) cannot use it"):
        start_cluster()


@pytest.mark.parametrize("start", STARTS)
def test_one_that_does_not_come_up_shows_its_own_last_lines(start, instead) -> None:  # type: ignore[no-untyped-def]
    instead("echo 'FATAL: cannot allocate a frobnicator'; exit 1")
    with pytest.raises(ServerStartFailed, match="cannot allocate a frobnicator"):
        start()


@pytest.mark.parametrize("start", STARTS)
def test_when_every_port_is_taken(start, instead) -> None:  # type: ignore[no-untyped-def]
    instead("echo 'Failed listening on port 12345 (TCP), aborting.'; exit 1")
    with pytest.raises(ServerStartFailed, match="Failed listening on port 12345"):
        start()


@needs_redis
def test_servers_that_do_not_find_each_other_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_lab, "READY_WITHIN", 0.0)
    monkeypatch.setattr(ClusterLab, "_is_ready", lambda lab: False)
    with pytest.raises(ServerStartFailed, match=r"did not find each other within 0 s\. .* run start_cluster\(\) again"):
        start_cluster(nodes=1)
