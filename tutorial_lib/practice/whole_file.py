"""Read and replace a small file as a whole. What is no regular file is refused; a link is followed to its target."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOST_BYTES = 1_000_000
LOCK_SECONDS = 2.0
_UNIQUE = 4  # bytes of a random name


def read(path: Path) -> bytes | None:
    """Return what is in the file, or None where there is none. OSError if it is larger than 1 MB or no regular file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    # Asked before the file is opened: opening a FIFO waits for its other end, and reading /dev/zero never ends.
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    _refuse_large(content)
    return content


def write(path: Path, content: bytes) -> None:
    """Write the file in one step, so that no reader ever sees half of it. Its permissions stay as they were."""
    _refuse_large(content)
    target = real(path)
    mode = _mode(target)
    half = target.with_name(f".{secrets.token_hex(_UNIQUE)}.tmp")
    try:
        _write_new(half, content)
        if mode is not None:
            half.chmod(mode)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def keep_copy(path: Path, content: bytes) -> Path:
    """Write ``content`` beside the file under the next free name, ``progress.old-1.json``, and return that name.

    If one of the earlier copies is the same, byte for byte, there is no need for another.
    """
    target = real(path)
    number = 1
    while os.path.lexists(copy := target.with_name(f"{target.stem}.old-{number}{target.suffix}")):
        with suppress(OSError):
            if read(copy) == content:
                return copy
        number += 1
    _write_new(copy, content)
    return copy


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other programs that ask for this lock from changing the file. OSError if one of them keeps it for 2 s."""
    from filelock import FileLock, Timeout  # imported late: a notebook that only reads has no use for it

    target = real(path)
    if not target.parent.is_dir():  # FileLock would make it, also where a link points to a disk that is not there
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        with suppress(NotImplementedError):  # A disk without locks: the last of two notebooks wins.
            lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.01)
    except Timeout:
        reason = f"another program has kept it locked for more than {LOCK_SECONDS:g} seconds"
        raise OSError(errno.EAGAIN, reason) from None
    try:
        yield
    finally:
        lock.release()


def real(path: Path) -> Path:
    """Return where the file really is, links followed. It need not be there yet."""
    return Path(os.path.realpath(path))


def _mode(path: Path) -> int | None:
    """Return the permissions of a file that may be replaced, or None where there is none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    # A rename would replace a write-protected file, although its owner protected it from changes.
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(mode)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet; where that fails, as on a full disk, leave none."""
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _refuse_large(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MOST_BYTES:,} bytes")
