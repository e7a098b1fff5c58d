"""What the new connections of a pool send: your commands, and redis-py's own before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tutorial_lib.pools.snapshot import AnyPool, check_pool


@contextmanager
def sent_commands(pool: AnyPool) -> Iterator[list[str]]:
    """List what new connections send: ``with sent_commands(pool) as sent: …``. Each is a command's first two words.

    A connection that was open before the block isn't heard, nor is a pipeline, which sends its commands in one piece.
    The pool is as it was when the block ends. BadSetting if it is not a pool.
    """
    check_pool(pool)
    sent: list[str] = []
    kind: Any = pool.connection_class
    listening = True

    class Listening(kind):  # type: ignore[misc]  # the class is known only now
        """The pool's own kind of connection, which also writes down what it sends."""

        def send_command(self, *words: Any, **options: Any) -> Any:
            if listening:
                sent.append(" ".join(map(str, words[:2])))
            return super().send_command(*words, **options)

    pool.connection_class = Listening
    try:
        yield sent
    finally:
        listening = False
        pool.connection_class = kind
