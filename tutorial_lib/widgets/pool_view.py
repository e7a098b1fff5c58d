"""PoolView: a pool, live in the notebook, and the server's own view of it beside."""

from __future__ import annotations

import threading
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from time import perf_counter as clock
from typing import Any
from weakref import WeakValueDictionary

import anywidget
import traitlets

from tutorial_lib import pools
from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.pool_still import STILL_WIDTH, pool_still
from tutorial_lib.pools.snapshot import AnyPool, check_pool
from tutorial_lib.servers.base import Server, check_server
from tutorial_lib.widgets.presence import Presence
from tutorial_lib.widgets.sampler import sampler
from tutorial_lib.widgets.server_watch import ServerWatch
from tutorial_lib.widgets.watch import PoolWatch, State

NEWS_AT_LEAST_EVERY = 2.0
"""Seconds. A browser that hears nothing for longer than this says that the picture is old."""

_PAGE = Path(pools.__file__).parent / "page"
_server_watches: WeakValueDictionary[int, ServerWatch] = WeakValueDictionary()


class PoolView(anywidget.AnyWidget):
    """Show a pool as it is: a slot for each allowed connection, the callers waiting, and the last half minute.

    With ``server`` (from ``start_server()``) each slot is joined to the server's own entry for it in CLIENT LIST, so
    that a connection which only one of both sides still believes in stands out.

    ``title`` names the pool, where a page shows more than one.

    The view looks at the pool ten times a second, never for each command, and only while a browser shows the view.
    ``freeze()`` keeps the picture of this moment; ``close()`` takes the picture away, and so does deleting its cell
    or restarting the kernel. Afterwards the pool is as it was before. A pool that nothing else refers to is not kept
    alive by its view. BadSetting if ``pool`` is not a pool, or ``server`` not a server.
    """

    _esm = _PAGE / "pool_view.js"
    _css = _PAGE / "pool_view.css"
    state = traitlets.Dict().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)

    awake = traitlets.Bool(False)
    """True while it looks at its pool. Not for the browser: Python may observe it."""

    _frozen = False  # Here too, because ipywidgets closes even a widget whose making has failed.

    def __init__(self, pool: AnyPool, server: Server | None = None, title: str = "") -> None:
        check_pool(pool)
        if not isinstance(title, str):
            raise BadSetting(f"title is {in_short(title)}. Give a text, such as 'greetings'.")
        self._watch = PoolWatch(pool, _watch_on(server))
        self._presence = Presence()
        self._lock = threading.RLock()
        self._sent_at = 0.0
        self._watch.start()
        super().__init__(state=self._watch.look(), title=title)
        self.on_msg(self._heard)
        self._wake()

    def freeze(self) -> PoolView:
        """Keep the picture of this moment: look once more, then no longer. The pool is left as it was.

        Returns the view, so that ``view.freeze()`` at the end of a cell shows it there.
        """
        if not self._frozen:
            self._watch.wait_for_server()
        with self._lock:
            if not self._frozen:
                self._keep(self._state_now())
        return self

    @property
    def is_frozen(self) -> bool:
        """True once the picture stays as it is."""
        return self._frozen

    def _keep(self, state: State, because: str = "") -> None:
        self._frozen = True
        self._sleep()
        self.state = {**state, "frozen": datetime.now().strftime("%H:%M:%S"), "because": because}

    def follow(self, pool: AnyPool, server: Server | None = None) -> None:
        """Show ``pool`` from now on, and ``server`` beside it. What the last half minute was stays on the strip.

        A view that is frozen stays as it is. BadSetting as when the view was made.
        """
        check_pool(pool)
        with self._lock:
            if self._frozen:
                return
            before, self._watch = self._watch, PoolWatch(pool, _watch_on(server))
            self._watch.history.extend(before.history)
            if self.awake:
                self._watch.start()
            before.stop()
            self._show(self._state_now())

    def close(self) -> None:
        """Stop looking, leave the pool as it was, and take the picture out of the notebook."""
        self._frozen = True
        self._sleep()
        super().close()

    def __repr__(self) -> str:
        if self._watch.gone:
            return "PoolView(the pool is gone)"
        counts, waiting = self._watch.count()
        return f"PoolView(in_use={counts.in_use}, idle={counts.idle}, waiting={waiting}, limit={counts.limit})"

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        self._presence.sign_of_life()
        self._wake()
        self._show(self._state_now())  # As it is at this line: the next look may come after the next cell.
        bundle = super()._repr_mimebundle_(**settings)
        if bundle and self.state.get("slots") is not None:
            # For pages that only show what is stored, such as GitHub's.
            image, words = pool_still(self.state, self.title)
            data, metadata = bundle
            data = {**data, "image/png": b64encode(image).decode()}
            return data, {**metadata, "image/png": {"alt": words, "width": STILL_WIDTH}}
        return bundle

    # -- looking

    def _wake(self) -> None:
        with self._lock:
            if not self.awake and not self._frozen:
                self.awake = True
                self._watch.start()
                sampler.add(self._look)

    def _sleep(self) -> None:
        if not self.awake:
            return
        with self._lock:
            if self.awake:
                self.awake = False
                sampler.remove(self._look)
                self._watch.stop()

    def _look(self) -> None:
        if self._presence.nobody_looks:
            self._sleep()
            return
        watch = self._watch
        if watch.server_closed and (self.state.get("server") or {}).get("answers"):
            with self._lock:
                self._keep(self.state, "its server was closed")  # the last one with the server's side
            return
        state = self._state_now()
        try:
            if watch is self._watch:  # It may follow another pool meanwhile.
                self._show(state)
        except Exception:  # It cannot be sent: the kernel ends, or a browser has gone wrong. Other views go on.
            self._sleep()
        if watch is self._watch and (state.get("gone") or state.get("error")):
            self._sleep()

    def _state_now(self) -> State:
        try:
            return self._watch.look()
        except Exception as error:  # The sampler serves other views too; this one says what happened to it.
            return {"error": f"{type(error).__name__}: {error}", "now": clock()}

    def _show(self, state: State) -> None:
        is_news = {**state, "now": 0} != {**self.state, "now": 0}
        if is_news or clock() - self._sent_at > NEWS_AT_LEAST_EVERY:
            with self._lock:
                if not self._frozen:
                    self._sent_at = clock()
                    self.state = state

    def _heard(self, widget: object, message: Any, buffers: object) -> None:
        browser = str(message.get("browser"))
        if message.get("says") == "goodbye":
            if self._presence.goodbye(browser):
                self._sleep()
            return
        self._presence.hello(browser)
        self._wake()
        if message.get("says") == "hello":
            self.send({"to": browser, "now": clock(), "history": list(self._watch.history)})


def _watch_on(server: Server | None) -> ServerWatch | None:
    """Return what asks ``server``: the same for all views of one server."""
    check_server(server)
    if server is None:
        return None
    watch = _server_watches.get(id(server))
    if watch is None:
        watch = _server_watches[id(server)] = ServerWatch(server)
    return watch
