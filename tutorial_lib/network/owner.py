"""Which user opened a local TCP connection, so that a port which leads to someone's Redis lets only them in.

On Linux the kernel answers in microseconds. Elsewhere psutil looks through this user's own processes, which takes
milliseconds; it is a dependency of Jupyter's kernel, so the course has it in any case.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import struct
from collections.abc import Callable

TcpAddress = tuple[str, int]
Way = Callable[[TcpAddress, TcpAddress], bool]

# From linux/netlink.h, sock_diag.h and inet_diag.h.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, process
QUESTION = struct.Struct("=BBBBI")  # family, protocol, extensions, padding, states
PORTS = struct.Struct("!HH")
ANY_INTERFACE_AND_COOKIE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
UID_AND_INODE = struct.Struct("=II")
BEFORE_UID = HEADER.size + 64  # family, state, timer, retransmits; the socket's id; expiry and two queues


class OwnUserOnly:
    """Recognises connections that this process's own user opened."""

    def __init__(self) -> None:
        self._way = way_to_tell()

    @property
    def can_tell(self) -> bool:
        """False where this system does not say who opened a connection."""
        return self._way is not None

    def lets_in(self, client: socket.socket) -> bool:
        """Say whether an accepted connection may stay. Where the system cannot tell, all may: ask ``can_tell`` first.

        A client that has closed its socket already belongs to no process any more, and may not.
        """
        if self._way is None:
            return True
        try:
            return self._way(client.getpeername(), client.getsockname())
        except OSError:
            return False


def way_to_tell() -> Way | None:
    """Return how to learn on this machine whether a connection is our own user's, or None if no way finds ours.

    Call it with the end in question and the other end: ``way(peer, here)``.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        for way in (ask_kernel, search_own_processes):
            # No netlink in this Python or on this system; psutil is missing, or a sandbox says no.
            with contextlib.suppress(OSError, AttributeError, ImportError):
                if way(client.getsockname(), listener.getsockname()):
                    return way
    return None


def ask_kernel(end: TcpAddress, other_end: TcpAddress) -> bool:
    """Ask Linux for one socket over netlink: microseconds, however many connections the machine has."""
    identity = PORTS.pack(end[1], other_end[1])
    for host, _ in (end, other_end):
        identity += socket.inet_aton(host).ljust(16, b"\0")
    body = QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity + ANY_INTERFACE_AND_COOKIE
    header = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.sendto(header + body, (0, 0))
        answer = kernel.recv(4096)
    if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return False  # An error message: there is no such socket.
    uid, inode = UID_AND_INODE.unpack_from(answer, BEFORE_UID)
    # A socket that no process holds any more has inode 0 and uid 0, which must not pass for root's.
    return bool(inode) and uid == os.geteuid()


def search_own_processes(end: TcpAddress, other_end: TcpAddress) -> bool:
    """Look for the connection among those of this user's processes, this one first."""
    import psutil

    us = psutil.Process()
    others = (process for process in psutil.process_iter() if process.pid != us.pid)
    for process in itertools.chain([us], others):
        with contextlib.suppress(psutil.Error):  # It has ended, or is another user's.
            if process.username() == us.username() and any(
                (tuple(row.laddr), tuple(row.raddr)) == (end, other_end) for row in process.net_connections("tcp4")
            ):
                return True
    return False
