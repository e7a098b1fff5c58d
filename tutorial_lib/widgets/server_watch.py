"""One thread for each server that is watched: it asks for the list of clients, and knows when no answer comes."""

from __future__ import annotations

import threading
from time import perf_counter as clock
from typing import Protocol

from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.sides import ClientList
from tutorial_lib.servers.base import ClientInfo

ASK_SERVER_EVERY = 0.2
AFTER_A_FAILURE = 1.0
LATE = 0.6
"""Seconds without an answer after which a server is called silent."""


class Asked(Protocol):
    """What is needed of a server: start_server()'s handle has it."""

    port: int

    def clients(self) -> list[ClientInfo]: ...


class ServerWatch:
    """What ``server.clients()`` said last. Asking has a thread of its own: a paused server answers when it likes."""

    def __init__(self, server: Asked) -> None:
        self._server = server
        self._users = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._answered = threading.Condition()
        self._asked: float | None = None
        self._last_asked = 0.0
        self.client_list: ClientList | None = None
        self.failure = ""
        """Why the last question was not answered; "" if it was."""
        self.closed = False
        """True once the server has been closed, which is no fault."""

    def start(self) -> None:
        """Begin to ask, if nobody has yet."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._stop = threading.Event()
                threading.Thread(target=self._run, args=(self._stop,), name="pool view: server", daemon=True).start()

    def stop(self) -> None:
        """Stop asking, if nobody else looks."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._stop.set()

    def wait_for_news(self) -> None:
        """Wait until the server has answered a question that is asked after this moment, a second at most."""
        now = clock()
        with self._answered:
            self._answered.wait_for(lambda: self._last_asked >= now or self._stop.is_set(), timeout=1.0)

    def silent_for(self) -> float:
        """How long the server has owed an answer; 0 unless that is unusually long."""
        asked = self._asked
        waited = clock() - asked if asked else 0.0
        return waited if waited > LATE else 0.0

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._asked = asked = clock()
            try:
                clients = self._server.clients()
                self.client_list, self.failure = ClientList(asked, clients, self._server.port), ""
            except Exception as error:  # Whatever it is, the view goes on and says it.
                self.client_list, self.failure = None, str(error) or type(error).__name__
                # A server that runs, or has died, refuses no question; one that was closed says so with this.
                self.closed = isinstance(error, BadSetting)
            self._asked = None
            with self._answered:
                self._last_asked = asked
                self._answered.notify_all()
            stop.wait(AFTER_A_FAILURE if self.failure else ASK_SERVER_EVERY)
