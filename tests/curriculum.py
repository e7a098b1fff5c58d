"""What the course promises to show: what people run into, what is believed and false, and where the course began.

Each lesson says in ``tests/shown/lesson_NN.py`` which of its cells, or which exercise, shows which of these;
``tests/test_curriculum.py`` fails on what nobody shows, and on a cell that is not there.
"""

from __future__ import annotations

CENSUS = {
    1: "a plain pool is exhausted: MaxConnectionsError",
    2: "an idle connection is closed by the other side, and noticed at the next command",
    3: "a client or a pool per request",
    4: "Celery and prefork servers open more than one pool's limit",
    5: "the server refuses: max number of clients reached",
    6: "pub/sub keeps its connection until close",
    7: "a blocking command outlives socket_timeout, and is sent again",
    8: "an asyncio client used in two event loops: Event loop is closed",
    9: "a shared pool is closed under its other users",
    10: "arguments of a client that is given a pool are ignored",
    11: "a reply that was left unread reaches the next borrower",
    12: "a connection borrowed by hand and lost",
    13: "a fork: pools notice it, borrowed connections do not",
    14: "a blocking pool gives up: No connection available.",
    15: "churn, and addresses in TIME_WAIT",
    16: "WATCH keeps its connection",
    17: "SELECT reaches the next borrower",
    18: "idle connections are never closed by the pool",
    19: "a synchronous Retry in an asyncio pool does nothing",
    20: "a bad argument uses up the pool",
    21: "a client cannot be pickled",
    22: "nobody can see the pool",
    23: "a cluster has a pool for each node",
    24: "each call of master_for builds a pool",
    25: "what the handshake costs, and TLS",
}
"""By the census's own numbers, which lessons and issues name too. What is missing belongs to lessons to come."""

BELIEFS = {
    "opens-when-created": "A pool opens its connections when it is created.",
    "full-pool-waits": "A full pool waits.",
    "retry-waits": "Retry waits for a free connection.",
    "pool-timeout-limits-command": "BlockingConnectionPool(timeout=) limits the command.",
    "one-except-fits": "One except clause fits both pools.",
    "connection-error-is-down": "except ConnectionError means that Redis is down.",
    "client-overrides-pool": "decode_responses or db on the client overrides the pool.",
    "from-url-equals-host": "from_url equals Redis(host=...).",
    "zero-is-unlimited": "max_connections=0 is unlimited.",
    "limit-per-application": "max_connections is per application.",
    "health-check-in-background": "health_check_interval is a background keepalive.",
    "tcp-keepalive-stops-timeout": "TCP keepalive stops the server's timeout.",
    "unsubscribe-gives-back": "unsubscribe gives the connection back.",
    "lock-holds-connection": "Holding a Lock holds a connection.",
    "dropping-returns": "Dropping a borrowed connection returns it.",
    "close-is-final": "close() makes the client unusable.",
    "pool-close-cures-leaks": "pool.close() cures leaks.",
    "closing-from-pool-is-safe": "Closing a from_pool client is safe.",
    "threads-need-as-many": "N threads need N connections.",
    "connections-rotate": "Connections take turns.",
    "pool-shrinks": "The pool shrinks after a burst.",
    "url-false-is-false": "?decode_responses=False turns decoding off.",
    "plain-redis-has-no-pool": "A plain redis.Redis() has no pool.",
    "socket-timeout-limits-command": "socket_timeout limits how long a command takes.",
    "error-means-not-done": "A command that raised an error was not carried out.",
    "new-password-reaches-all": "A new password is asked of connections that are open, too.",
    "finally-is-enough": "finally: pool.release(connection) is enough.",
    "error-names-the-leak": "The code that gets MaxConnectionsError is the code that leaks.",
    "with-always-returns": "A with block in a generator returns its connection when the caller leaves the loop.",
    "viewer-needs-connection": "Each viewer of a channel needs a connection.",
    "unwatch-gives-back": "unwatch returns the connection.",
    "loops-share-a-client": "One asyncio client serves several asyncio.run.",
    "one-thread-one-connection": "A program with one thread needs one connection.",
    "cancel-stops-command": "A command whose task was cancelled was not carried out.",
    "fork-always-unsafe": "A pool of the parent must not be used after a fork.",
    "fork-always-safe": "A pool makes everything safe after a fork.",
    "setstate-once": "__setstate__ that creates a client costs one connection for each process.",
    "more-is-faster": "More connections are faster.",
}

ORIGINS = {
    "what-pooling-is": "what pooling is, and why it saves time",
    "when-quick-commands": "when to use it: many quick commands, no delay from opening",
    "when-several-users": "when to use it: several users or parts at once",
    "when-server-load": "when to use it: less load on the server, speed and resources",
    "syntax-pool": "pool = redis.ConnectionPool(host=, port=, db=, max_connections=)",
    "syntax-client": "r = redis.Redis(connection_pool=pool)",
    "meaning-of-arguments": "what host and max_connections mean",
    "pool-of-five-here": "a pool of 5 on this machine",
    "pool-of-twenty-remote": "a pool of 20, db 1, on a remote host",
    "greeting-program": "limit 3: set greeting to hello, get it, decode it, print it",
    "close-by-hand": "close by hand what you opened",
    "guards-against-too-many": "a pool guards against too many connections at once",
    "adjust-the-limit": "adjust max_connections to the application's needs and the server's limits",
}
"""The lines of the short course that this one grew from."""
