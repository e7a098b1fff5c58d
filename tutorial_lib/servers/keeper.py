"""Deletes a lesson's keys from the learner's own Redis when the lesson ends, even by SIGKILL.

A process of its own, ``python -m tutorial_lib.servers.keeper``, waits on its standard input, which only the
lesson's Python holds open. When that pipe ends, for whatever reason, the keys are deleted. The URL goes through
the pipe too: a command line or an environment would show a password to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tutorial_lib.errors import CannotConnect
from tutorial_lib.servers.failure import explain
from tutorial_lib.servers.redis_url import RedisUrl

DELETE_WITHIN = 10.0
"""Seconds that ``dismiss`` gives the process. It needs a fraction of one, unless the Redis has gone."""


class Keeper:
    """The process that will delete ``keys``. Starting it takes milliseconds; it gets ready in the background."""

    def __init__(self, url: str, keys: Sequence[str]) -> None:
        # In a session of its own, or Ctrl-C in the terminal would end it before it has cleaned up.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tutorial_lib.servers.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        self._say({"url": url, "keys": list(keys)})

    def _say(self, order: dict[str, object]) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # It has died; dismiss() will tell.
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def pipe(self) -> int:
        """The descriptor that must be closed in every forked child, or the end would go unnoticed."""
        assert self._process.stdin
        return -1 if self._process.stdin.closed else self._process.stdin.fileno()

    def dismiss(self, keys: Sequence[str], place: str) -> None:
        """Have ``keys`` deleted now, and see that it is done. CannotConnect names what may be left."""
        self._say({"keys": list(keys)})
        try:
            answer, _ = self._process.communicate(timeout=DELETE_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            answer = f"no answer within {DELETE_WITHIN:g} s"
        if answer.strip() != "deleted" and keys:
            names = ", ".join(repr(key) for key in keys)
            raise CannotConnect(
                f"The lesson's keys may still be on your own Redis at {place}: {names}. "
                f"Delete them yourself. Why: {answer.strip() or 'the cleaning process was killed.'}"
            )


async def delete(url: RedisUrl, keys: Sequence[str]) -> None:
    connection = url.connection()
    try:
        for key in keys:
            await connection.send_command("DEL", key)
            await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


def carry_out(url: RedisUrl, keys: Sequence[str]) -> str:
    """Delete the keys, and return ``"deleted"`` or the sentence that says why not."""
    try:
        asyncio.run(asyncio.wait_for(delete(url, keys), DELETE_WITHIN / 2))
    except Exception as error:
        return str(explain(error, url))
    return "deleted"


def main() -> None:
    """Read orders until the pipe ends, and then carry out the last."""
    order: dict[str, Any] = {}
    for line in sys.stdin:
        order.update(json.loads(line))
    answer = carry_out(RedisUrl.parse(order["url"]), order["keys"]) if order.get("keys") else "deleted"
    with contextlib.suppress(OSError):  # After a SIGKILL nobody listens any more.
        print(answer, flush=True)


if __name__ == "__main__":
    main()
