"""Which user is at the other end of a local TCP connection. Linux tells, in two ways; elsewhere nobody does."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

Address = tuple[str, int]
Way = Callable[[Address, Address], "int | None"]

TABLE = Path("/proc/net/tcp")

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


def way_to_tell() -> Way | None:
    """Return how to learn a socket's owner on this machine, or None where no way finds our own socket.

    Call it with the end in question and the other end: ``way(peer, here) -> uid``. It returns None for a socket
    that nobody holds any more: the kernel says uid 0 there, and that must not pass for root's.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as visitor,
    ):
        for way in (ask_kernel, read_table):
            try:
                if way(visitor.getsockname(), listener.getsockname()) == os.geteuid():
                    return way
            except (OSError, AttributeError):  # No such table; no netlink in this Python; a sandbox says no.
                continue
    return None


def ask_kernel(end: Address, other_end: Address) -> int | None:
    """Ask for one socket over netlink: the same in microseconds however many connections the machine has."""
    identity = PORTS.pack(end[1], other_end[1])
    for host, _ in (end, other_end):
        identity += socket.inet_aton(host).ljust(16, b"\0")
    body = QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity + ANY_INTERFACE_AND_COOKIE
    header = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.sendto(header + body, (0, 0))
        answer = kernel.recv(4096)
    if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None  # An error message: there is no such socket.
    uid, inode = UID_AND_INODE.unpack_from(answer, BEFORE_UID)
    return int(uid) if inode else None


def read_table(end: Address, other_end: Address) -> int | None:
    """Look into /proc/net/tcp: slow on a busy machine, and there where netlink is not."""
    for _ in range(2):  # The kernel writes the table while it changes, and can skip a row.
        found = find_owner(TABLE.read_text(encoding="ascii"), end, other_end)
        if found is not None:
            return found
    return None


def find_owner(table: str, end: Address, other_end: Address) -> int | None:
    """Find ``end`` in the text of /proc/net/tcp. A row: its number, end, other end, state, …, uid, …, inode."""
    start = table.find(f" {_as_in_table(end)} {_as_in_table(other_end)} ")
    if start < 0:
        return None
    columns = table[start:].split("\n", 1)[0].split()
    uid, inode = columns[6], columns[8]
    return int(uid) if inode != "0" else None


def _as_in_table(address: Address) -> str:
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
