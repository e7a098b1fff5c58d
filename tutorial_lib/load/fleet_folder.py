"""A folder for what Dask wants to put on a disk, which goes away however this program ends."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

KEEPER = 'read -r goodbye || { sleep 1; rm -rf "$1"; }'
"""What a shell does that outlives this program: its standard input, which only this program holds, ends without a line.
The second is for Dask's processes, which end in the same moment."""


@contextmanager
def folder_for_dask() -> Iterator[str]:
    """Yield the path of a new, empty folder, and remove it at the end; on Windows not after a kill."""
    with tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as folder:
        if os.name != "posix":
            yield folder
            return
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "sh", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        try:
            yield folder
        finally:
            keeper.communicate(b"goodbye\n")
