"""Whether a view is being looked at: browsers say hello, "here" every few seconds, and goodbye."""

from __future__ import annotations

from time import perf_counter as clock
from typing import Any

from tutorial_lib.notebook.shell import running_shell

NOBODY_LOOKS_AFTER = 15.0
"""Seconds without a word from any browser, in an idle kernel, after which nobody looks."""


class Kernel:
    """Whether a cell is running: meanwhile the kernel hears nothing from browsers, so their silence means nothing."""

    def __init__(self) -> None:
        self._shell: Any = None
        self.busy = False
        self.idle_since = 0.0

    def notice(self) -> None:
        """Begin to notice when cells run; called from a cell."""
        shell = running_shell()
        if shell is not None and shell is not self._shell:
            self._shell, self.busy = shell, True
            shell.events.register("pre_execute", self._begins)
            shell.events.register("post_execute", self._ends)

    def _begins(self) -> None:
        self.busy = True

    def _ends(self) -> None:
        self.busy, self.idle_since = False, clock()


kernel = Kernel()


class Presence:
    """Who looks at one view."""

    def __init__(self) -> None:
        kernel.notice()
        self._browsers: set[str] = set()
        self._heard = clock()

    def sign_of_life(self) -> None:
        """The view was made, shown or seen."""
        self._heard = clock()

    def hello(self, browser: str) -> None:
        """A browser shows the view, or still does."""
        self._browsers.add(browser)
        self.sign_of_life()

    def goodbye(self, browser: str) -> bool:
        """A browser shows it no longer. True if that was the last one."""
        self._browsers.discard(browser)
        return not self._browsers

    @property
    def nobody_looks(self) -> bool:
        """True once the view may go to sleep. A browser that shows it again says hello."""
        return not kernel.busy and clock() - max(self._heard, kernel.idle_since) > NOBODY_LOOKS_AFTER
