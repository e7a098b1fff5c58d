"""The errors of the tutorial itself, as one tree.

    TutorialError
    ├── BadSetting            a setting cannot be understood: REDIS_URL, TUTORIAL_SERVER, an argument
    ├── ServerNotFound        no server of the kind that was asked for is installed
    ├── ServerStartFailed     a server is installed, and ended or hung while starting
    ├── CannotConnect         a server does not answer, or does not let us in
    ├── NoFailover            a lab's sentinels cannot agree on another master, or have none to promote
    ├── NotAllowed            a borrowed server is a guest's house: this is not done there
    ├── KeyAlreadyThere       the learner's own Redis already holds a key that a lesson would write
    ├── ProgramFailed         a function that was run as a program of its own raised, or did not end
    ├── CourseFolderError     a folder or file of the course cannot be found, read or written
    ├── NotInstalled          a package that only some of this needs is not installed: Dask, for run_fleet
    └── LabNotStarted         JupyterLab is not installed, or the port asked for it is taken

Errors of redis-py are not wrapped: a lesson about ``MaxConnectionsError`` shows redis-py's own.
"""

from __future__ import annotations


class TutorialError(Exception):
    """What happened and what to do next, in one sentence or two. In a notebook only that is shown, no traceback."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it draws a traceback of our insides.
        return [f"{type(self).__name__}: {self}"]


class BadSetting(TutorialError):
    """A setting cannot be understood."""


class ServerNotFound(TutorialError):
    """No server of the kind that was asked for is installed."""


class ServerStartFailed(TutorialError):
    """A server is installed, and ended or hung while starting. The message holds its own last lines."""


class CannotConnect(TutorialError):
    """A server does not answer, or does not let us in: the learner's own Redis, or the one behind a FaultProxy."""


class NoFailover(TutorialError):
    """A lab's sentinels cannot agree on another master, or have no replica to promote."""


class NotAllowed(TutorialError):
    """This is not done on a borrowed server."""


class KeyAlreadyThere(TutorialError):
    """The learner's own Redis already holds a key that a lesson would write."""


class ProgramFailed(TutorialError):
    """A function that was run as a program of its own raised, or did not end. The message holds what it printed."""


class CourseFolderError(TutorialError):
    """A folder or file of the course, or of the learner's progress, cannot be found, read or written."""


class NotInstalled(TutorialError):
    """A package that only some of the course needs is not installed."""


class LabNotStarted(TutorialError):
    """JupyterLab is not installed, or the port that was asked for it is taken."""
