"""What redis-py raises in a function that is listened to has the traceback that it would have without a listener."""

from __future__ import annotations


def leave_no_frame(error: BaseException) -> None:
    """Take the frame that catches ``error`` out of its traceback. The caller then raises it on with a bare ``raise``.

    Python 3.10 keeps a traceback of its own for a bare ``raise``, so there the frame stays.
    """
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
