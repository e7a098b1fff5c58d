"""What stands between a client and a server: the only TCP relay there is.

A FaultProxy, the port of a borrowed Redis and the fallback are three uses of it. The way of a byte: ``relay`` accepts a
client and asks whether it is this user's (``owner``); ``upstream`` or ``signed_in`` opens the other side; a ``link``
holds both ``end``s and a ``flow`` each way; a flow reads, has the bytes counted (``counts``), delays them as its
``direction`` says, and writes. A CannedServer is no relay: it replies by itself.
"""
