"""Trouble on the way to a server: a proxy that delays, throttles, cuts, swallows and refuses, on command."""

from tutorial_lib.faults.proxy import FaultProxy, behind_proxies
from tutorial_lib.faults.relay import Traffic
from tutorial_lib.faults.wire import Wire

__all__ = ["FaultProxy", "Traffic", "Wire", "behind_proxies"]
