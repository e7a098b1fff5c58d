"""playground(): a real pool with real callers, and sliders that change both while they run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from tutorial_lib.errors import BadSetting, NotAllowed, TutorialError
from tutorial_lib.load.live_callers import THINK
from tutorial_lib.load.live_counts import Counts
from tutorial_lib.load.live_load import LiveLoad
from tutorial_lib.load.live_settings import LiveSettings
from tutorial_lib.pools.snapshot import AnyPool
from tutorial_lib.servers.base import Server, check_server
from tutorial_lib.widgets.pool_view import PoolView
from tutorial_lib.widgets.sampler import sampler
from tutorial_lib.words import counted

VIEW = "application/vnd.jupyter.widget-view+json"

SILENT_FOR = 2.0
"""Seconds for which the server says nothing, when told to."""

_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5]
_ROUND_TRIPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
_NUMBERS = [*range(1, 21), 25, 30, 40, 50, 75, 100]
SLIDERS: list[dict[str, Any]] = [
    {"name": "limit", "label": "limit", "unit": "", "stops": _NUMBERS},
    {"name": "callers", "label": "callers", "unit": "", "stops": _NUMBERS},
    {"name": "hold", "label": "hold", "unit": "s", "stops": [0, *_SECONDS, 10]},
    {"name": "round_trip", "label": "round trip", "unit": "s", "stops": [0, *_ROUND_TRIPS]},
    {"name": "timeout", "label": "timeout", "unit": "s", "stops": [*_SECONDS, 10, 20]},
]
"""The sliders, by the names of the settings, and where each can stand."""

ABOUT = (
    f"Each caller borrows a connection, holds it, sends a PING, returns it, and comes again after about {THINK:g} s. "
    "Hold and pause vary at random, by half of what is set."
)
ABOUT_TASKS = f"{ABOUT} The callers are tasks of one event loop, and the pool is one of redis.asyncio."
ABOUT_FAKE = "This is fakeredis: what the pool does is real, and its times say nothing about Redis."
ABOUT_BORROWED = "This is your own Redis: the round trip and both faults are for these connections only."
ENDED = "This playground has ended: its server was closed, or its view frozen. Make a new one with playground()."
NEW_POOL = "A new pool: redis-py fixes the limit, the kind and the timeout when a pool is made."


def playground(
    server: Server | None = None,
    limit: int = 3,
    callers: int = 6,
    hold: float = 0.5,
    round_trip: float = 0.0,
    wait: bool = False,
    timeout: float = 1.0,
    tasks: bool = False,
) -> Playground:
    """Show a real pool with real callers, and sliders for both. Nothing runs until Start is pressed.

    ``callers`` threads share a pool of ``limit`` connections. Each borrows one, holds it for about ``hold`` seconds,
    sends a PING and returns it. ``round_trip`` is how far away the server seems, in seconds. With ``wait`` a caller
    waits for a connection, ``timeout`` seconds at most; without, the pool refuses. With ``tasks`` the callers are
    asyncio tasks instead of threads, in an event loop of their own, and the pool is one of ``redis.asyncio``.

    ``server`` is what ``start_server()`` returned; without it there is a private one, which ends with the playground.
    Other users of ``server`` notice nothing of what is done here. From code: ``start()``, ``stop()``, ``reset()``,
    ``change(limit=5)`` and ``close()``; ``counts`` says what came of it. The callers rest while nobody looks.
    """
    check_server(server)
    load = LiveLoad(server, LiveSettings(limit, callers, hold, round_trip, wait, timeout, tasks))
    try:
        return Playground(load)
    except BaseException:  # The learner interrupts the cell.
        load.shut()
        raise


class PlaygroundControls(anywidget.AnyWidget):
    """The sliders and buttons. Its traits, and what the buttons send, are all there is to it on this side."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    sliders = traitlets.List(SLIDERS).tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    """What the sliders and the choice say, by the names of LiveSettings."""
    running = traitlets.Bool().tag(sync=True)
    counts = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode("Press Start, and the callers come.").tag(sync=True)
    """What happened last that needs a sentence."""
    over = traitlets.Bool().tag(sync=True)
    """True once nothing can be started any more: its server was closed, or the picture frozen."""
    about = traitlets.Unicode(ABOUT).tag(sync=True)
    """How the callers act."""
    place = traitlets.Unicode().tag(sync=True)
    """What is to be known about the server; "" if nothing is."""


class Playground(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types.
    """Controls above a PoolView, and the load that both belong to."""

    _made = False  # ipywidgets closes even a widget whose making has failed.

    def __init__(self, load: LiveLoad) -> None:
        self._load = load
        self._first = load.settings
        assert load.pool is not None
        self._shown: object = load.pool
        self.view = PoolView(load.pool, load.server)
        self._controls = PlaygroundControls(
            settings=asdict(load.settings),
            place=_place(load.server),
            about=ABOUT_TASKS if load.settings.tasks else ABOUT,
        )
        super().__init__([self._controls, self.view], layout=ipywidgets.Layout(overflow="visible"))
        self.add_class("pool-playground-box")
        self._made = True
        self._controls.observe(self._slid, names="settings")
        self._controls.on_msg(self._pressed)
        self.view.observe(self._woke_or_slept, names="awake")
        sampler.add(self._look)

    # -- what code may ask

    @property
    def pool(self) -> AnyPool | None:
        """The pool that the callers use now; None while nobody looks."""
        return self._load.pool

    @property
    def counts(self) -> Counts:
        """What came of it so far."""
        return self._load.counts.now()

    @property
    def running(self) -> bool:
        """True from start() to stop()."""
        return self._load.running

    def start(self) -> None:
        """Let the callers come. NotAllowed once its server was closed, or its view frozen."""
        if self._is_over:
            raise NotAllowed(ENDED)
        self._load.start()
        self._say()

    def stop(self) -> None:
        """Let the callers go. The pool keeps its connections."""
        self._load.stop()
        self._say()

    def reset(self) -> None:
        """Put everything back as it was at first, with a new pool and nothing counted. It goes on if it was running."""
        self._load.reset(self._first)
        self._say()

    def change(self, **settings: Any) -> None:
        """Change some of playground()'s arguments, such as ``limit=5``. BadSetting for what cannot be."""
        unknown = [name for name in settings if name not in asdict(self._load.settings)]
        if unknown:
            raise BadSetting(f"There is no setting {unknown[0]!r}. There are {', '.join(asdict(self._load.settings))}.")
        needed_a_pool = self._load.change(replace(self._load.settings, **settings))
        self._say(NEW_POOL if needed_a_pool else "")

    def close_connections(self) -> int:
        """Close the pool's connections from the server's side, and return how many there were."""
        return self._server().kill_clients()

    def go_silent(self, seconds: float = SILENT_FOR) -> None:
        """Let the server answer nothing for so long. Then all its answers arrive."""
        self._server().pause(seconds)

    def close(self) -> None:
        """End the callers, close what they used, and take the picture out of the notebook."""
        if self._made:
            self._made = False
            sampler.remove(self._look)
            self.view.close()
            self._load.stop()
            self._load.shut()
            self._controls.close()
        super().close()

    def _server(self) -> Server:
        if self._load.server is None:
            raise NotAllowed("Nobody looks at this playground, so it has no connections. Display it first.")
        return self._load.server

    @property
    def _is_over(self) -> bool:
        return not self._made or self.view.is_frozen

    # -- what the browser says

    def _slid(self, change: Any) -> None:
        if change["new"] == asdict(self._load.settings):
            return
        try:
            self.change(**change["new"])
        except TutorialError as error:
            self._say(str(error))

    def _pressed(self, widget: object, message: Any, buffers: object) -> None:
        acts = {
            "start": self.start,
            "stop": self.stop,
            "reset": self.reset,
            "close": self._close_and_say,
            "silent": self._go_silent_and_say,
        }
        act = acts.get(str(message.get("do")))
        try:
            if act is not None:
                act()
        except TutorialError as error:
            self._say(str(error))

    def _close_and_say(self) -> None:
        number = self.close_connections()
        self._say(f"{counted(number, 'connection')} closed from the server's side.")

    def _go_silent_and_say(self) -> None:
        self.go_silent()
        self._say(f"The server answers nothing for {SILENT_FOR:g} s.")

    # -- what the browser is told

    def _say(self, note: str = "") -> None:
        """Show what is so now, with a sentence about what happened."""
        while (pool := self._load.pool) is not None and pool is not self._shown:
            self.view.follow(pool, self._load.server)
            self._shown = pool
        self._controls.settings = asdict(self._load.settings)
        self._controls.about = ABOUT_TASKS if self._load.settings.tasks else ABOUT
        self._controls.running, self._controls.over = self._load.running, self._is_over
        self._controls.note = note
        self._show_counts()

    def _show_counts(self) -> None:
        counts = self.counts
        waits = counts.waits and {name: round(seconds, 3) for name, seconds in asdict(counts.waits).items()}
        self._controls.counts = {**asdict(counts), "waits": waits}

    def _look(self) -> None:
        try:
            self._show_counts()
        except Exception:  # It cannot be sent: the kernel ends. The views beside it go on.
            sampler.remove(self._look)

    def _woke_or_slept(self, change: Any) -> None:
        """Rest while it is not looked at: no thread, no connection, no server of its own. Go on when it is."""
        if not self._made:
            return
        if not change["new"]:
            sampler.remove(self._look)
            self._load.shut()
            if self._is_over:
                self._load.stop()
                self._say("The callers have stopped.")
            return
        try:
            self._load.open()
        except TutorialError as error:
            self._load.stop()
            self._say(str(error))
            return
        self._say()
        sampler.add(self._look)

    # -- where no widget can live

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{name}={value!r}" for name, value in asdict(self._load.settings).items() if name != "tasks" or value
        )
        return f"Playground({settings})"

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        own = super()._repr_mimebundle_(**settings)
        bundle = self.view._repr_mimebundle_(**settings)
        if not own or not bundle:
            return own
        data, about = bundle
        return {**data, VIEW: own[VIEW], "text/plain": repr(self)}, about


def _place(server: Server | None) -> str:
    return {"fake": ABOUT_FAKE, "borrowed": ABOUT_BORROWED}.get(server.kind, "") if server else ""
