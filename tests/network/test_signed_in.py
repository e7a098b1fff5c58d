"""The relay between a scripted Redis, or a real one, and plain sockets."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.network.scripted_redis import PING, Running, ScriptedRedis, ends, receive, reset
from tests.redis_for_tests import free_ports, owners_redis
from tests.waiting import eventually
from tutorial_lib.network import owner as owner_module


@pytest.fixture
def server() -> Iterator[ScriptedRedis]:
    scripted = ScriptedRedis()
    yield scripted
    scripted.close()


@pytest.fixture
def relay(server: ScriptedRedis) -> Iterator[Running]:
    running = Running(server.url)
    yield running
    running.close()


# -- bytes


def test_bytes_pass_unchanged_both_ways(relay: Running, server: ScriptedRedis) -> None:
    there, back = os.urandom(3_000_000), os.urandom(3_000_000)
    with relay.connect() as learner:
        conversation = server.next()
        for sender, receiver, data in ((learner, conversation, there), (conversation, learner, back)):
            sending = threading.Thread(target=sender.sendall, args=(data,))
            sending.start()
            assert receive(receiver, len(data)) == data
            sending.join()


def test_what_was_sent_before_the_relay_was_through_is_not_lost(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        learner.sendall(PING)
        assert receive(server.next(), len(PING)) == PING


def test_a_server_that_does_not_read_makes_the_learner_wait(relay: Running, server: ScriptedRedis) -> None:
    piece, most = bytes(65536), 64_000_000
    sent = 0
    with relay.connect() as learner:
        conversation = server.next()
        learner.setblocking(False)
        while sent < most and select.select([], [learner], [], 0.5)[1]:
            sent += learner.send(piece)
        assert sent < most, "the relay piles up what nobody reads"
        learner.setblocking(True)
        learner.shutdown(socket.SHUT_WR)
        assert len(receive(conversation, most)) == sent


def test_a_learner_that_does_not_read_makes_the_server_wait(relay: Running, server: ScriptedRedis) -> None:
    piece, most = bytes(65536), 64_000_000
    sent = 0
    with relay.connect() as learner:
        conversation = server.next()
        learner.sendall(PING)
        assert receive(conversation, len(PING)) == PING
        conversation.setblocking(False)
        while sent < most and select.select([], [conversation], [], 0.5)[1]:
            sent += conversation.send(piece)
        assert sent < most, "the relay piles up what nobody reads"
        assert len(receive(learner, sent)) == sent


# -- the end


def test_the_server_hangs_up(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        conversation = server.next()
        learner.sendall(PING)
        assert receive(conversation, len(PING)) == PING
        conversation.sendall(b"-ERR farewell\r\n")
        conversation.close()
        assert receive(learner, 100) == b"-ERR farewell\r\n"


def test_the_server_resets(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        reset(server.next())
        assert ends(learner)


def test_the_learner_hangs_up(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        conversation = server.next()
        learner.sendall(PING)
    assert receive(conversation, 100) == PING
    assert ends(conversation)


def test_the_learner_resets(relay: Running, server: ScriptedRedis) -> None:
    learner = relay.connect()
    conversation = server.next()
    reset(learner)
    assert ends(conversation)


def test_a_learner_that_has_said_all_still_gets_the_reply(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        conversation = server.next()
        learner.sendall(PING)
        learner.shutdown(socket.SHUT_WR)
        assert receive(conversation, 100) == PING
        conversation.sendall(b"+PONG\r\n")
        conversation.close()
        assert receive(learner, 100) == b"+PONG\r\n"


def test_half_an_end_is_not_waited_for_for_ever(server: ScriptedRedis) -> None:
    running = Running(server.url, linger=0.05)
    with running.connect() as learner:
        server.next()  # Never closes.
        learner.shutdown(socket.SHUT_WR)
        assert ends(learner)
    running.close()


def test_closing_leaves_no_thread_and_no_socket(server: ScriptedRedis) -> None:
    threads, files = threading.active_count(), open_files()
    running = Running(server.url)
    with running.connect() as learner, running.connect() as other:
        server.next(), server.next()
        running.close()
        assert ends(learner)
        assert ends(other)
    for conversation in server._accepted:
        conversation.close()
    assert threading.active_count() == threads
    assert open_files() == files
    with pytest.raises(ConnectionRefusedError):
        running.connect()


def open_files() -> int:
    """Count this process's descriptors, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


# -- counts


def test_a_connection_counts_as_soon_as_it_is_asked_for(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as one, relay.connect() as two:
        assert relay.opened() == 2
        assert sorted(relay.addresses()) == sorted("{}:{}".format(*sock.getsockname()) for sock in (one, two))
    assert relay.addresses() == []
    assert relay.opened() == 2


def test_commands_are_counted_before_they_are_answered(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        conversation = server.next()
        learner.sendall(PING * 3)
        assert receive(conversation, len(PING) * 3) == PING * 3
        assert relay.commands == {"PING": 3}


# -- who may come in


def test_another_users_connection_is_dropped_before_anything_is_opened(
    relay: Running, server: ScriptedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay.relay._guard, "_way", lambda end, other_end: False)
    with relay.connect() as stranger:
        with contextlib.suppress(ConnectionError):
            stranger.sendall(PING)
        assert ends(stranger)
    monkeypatch.undo()
    assert relay.opened() == 0
    with relay.connect():
        server.next()
    assert len(server._accepted) == 1


def test_where_nobody_can_tell_everybody_comes_in(server: ScriptedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "way_to_tell", lambda: None)
    running = Running(server.url)
    assert not running.relay.is_guarded
    with running.connect():
        server.next()
    running.close()


# -- a fork


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_all_that_a_forked_child_must_let_go_is_known(relay: Running, server: ScriptedRedis) -> None:
    with relay.connect() as learner:
        conversation = server.next()
        assert relay.opened() == 1
        known = [sock.getsockname() for sock in relay.relay.sockets()]
        listening = ("127.0.0.1", relay.port)
        assert listening in known[:-2]
        assert known[-2:] == [learner.getpeername(), conversation.getpeername()]


# -- a Redis that refuses


def first_words(port: int) -> redis.RedisError:
    """Return the error that a learner's first command ends with."""
    with redis.Redis(host="127.0.0.1", port=port, retry=None) as client, pytest.raises(redis.RedisError) as caught:
        client.ping()
    return caught.value


@pytest.mark.redis_server
@pytest.mark.parametrize("login", ["", ":s3cr3t@"])
def test_a_full_server_tells_the_learner_so_in_its_own_words(login: str) -> None:
    with owners_redis(password="s3cr3t" if login else "") as owner, owner.client() as control:
        running = Running(f"redis://{login}127.0.0.1:{owner.port}")
        control.config_set("maxclients", 1)
        error = first_words(running.port)
        assert type(error) is redis.ConnectionError
        assert str(error) == "max number of clients reached"
        assert running.opened() == 0
        running.close()


@pytest.mark.redis_server
def test_a_full_server_behind_a_unix_socket_hangs_up() -> None:
    # There even redis-py itself finds a broken pipe before it reads the server's words.
    with owners_redis() as owner, owner.client() as control:
        running = Running(f"unix://{owner.socket_file}")
        control.config_set("maxclients", 1)
        assert type(first_words(running.port)) is redis.ConnectionError
        assert running.opened() == 0
        running.close()


@pytest.mark.redis_server
def test_a_changed_password_is_told_as_redis_does() -> None:
    with owners_redis(password="s3cr3t") as owner, owner.client() as control:
        running = Running(f"redis://:s3cr3t@127.0.0.1:{owner.port}")
        control.config_set("requirepass", "other")
        error = first_words(running.port)
        assert isinstance(error, redis.AuthenticationError)
        assert "invalid username-password pair" in str(error)
        running.close()


def test_a_server_that_has_gone_is_a_connection_error() -> None:
    (port,) = free_ports(1)
    running = Running(f"redis://127.0.0.1:{port}")
    assert type(first_words(running.port)) is redis.ConnectionError
    assert running.opened() == 0
    running.close()


def test_too_many_open_files_are_waited_for(
    relay: Running, server: ScriptedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crowded:
        """A listener that cannot accept the first time."""

        def __init__(self, listener: socket.socket) -> None:
            self._listener = listener
            self.refused = 0

        def accept(self) -> tuple[socket.socket, tuple[str, int]]:
            if not self.refused:
                self.refused += 1
                raise OSError(24, "Too many open files")
            return self._listener.accept()

        def __getattr__(self, name: str) -> object:
            return getattr(self._listener, name)

    crowded = Crowded(relay.relay._listener)
    monkeypatch.setattr(relay.relay, "_listener", crowded)
    with relay.connect():
        assert eventually(lambda: relay.relay.opened == 1)
    assert crowded.refused == 1
