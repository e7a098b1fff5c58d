# %% [markdown]
# # What does a connection cost?
#
# A web shop greets each visitor with words that it keeps in Redis. Asking for them takes one short
# command; getting a line on which to ask takes more. This lesson counts it, times it, and looks at what is
# left when the line is cut.
#
# You will be able to
# - name what a new connection says before your first command, and leave some of it out;
# - estimate what reuse saves, from the distance to your server alone;
# - say what happens to a program that reuses none.
#
# *20 minutes, and 25 for the exercises.*

# %% tags=["nbval-ignore-output"]
import socket
from contextlib import suppress
from timeit import repeat, timeit

import redis

from tutorial_lib import predict, record, snapshot, start_server

server = start_server()
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Before your GET
#
# A new connection opens, and the shop asks for its greeting with one GET. Redis-py has things to say
# first: whoever opens a connection introduces himself, waits for the answer, and goes on to the next.

# %% jupyter={"source_hidden": true}
guess_said = predict(
    "One GET on a new connection, with nothing configured. How many commands does redis-py send in all?",
    {
        1: "The GET is the last. A connection first agrees with the server on how they will talk.",
        2: "`HELLO` is one of the others. There are three more.",
        5: None,
    },
)
guess_said

# %% [markdown]
# To hear it we tell a pool to open connections of our own class: redis-py's, which also writes down the
# beginning of each command that it sends. (Programs need no such class; it is our ear at the wire.)

# %%
said = []


class Aloud(redis.Connection):
    def send_command(self, *words, **options):
        said.append(f"{words[0]} {words[1]}")
        return super().send_command(*words, **options)


with redis.ConnectionPool(connection_class=Aloud, **at) as pool_aloud:
    redis.Redis(connection_pool=pool_aloud).get("greeting")

print(*said, sep="\n")
guess_said.reveal(len(said))

# %% [markdown]
# | it says | to |
# |---|---|
# | `HELLO 3` | choose version 3 of Redis's protocol, RESP3 |
# | `CLIENT MAINT_NOTIFICATIONS` | be told before a managed server moves |
# | `CLIENT SETINFO`, twice | leave redis-py's name and version in CLIENT LIST |
#
# Each waits for its answer. With the opening of the line itself, which TCP does, that is **six round
# trips** for one greeting; on an open connection it is one.

# %% tags=["nbval-ignore-output"]
heard_before = server.commands()
with redis.Redis(**at) as newcomer:
    newcomer.get("greeting")

server.commands() - heard_before

# %% [markdown]
# The server counts what it knows. `SETINFO` is known from Redis 7.2 on; an older one answers with an error,
# which redis-py accepts in silence. The round trip is made all the same.
#
# Before redis-py 8.0, protocol 2 was the default, and a new connection said only the two `SETINFO`. What can
# be left out today?

# %% jupyter={"source_hidden": true}
guess_lean = predict(
    "With `protocol=2` and `driver_info=None`: how many commands are sent before the GET?",
    {
        0: None,
        1: "`HELLO` is how a client asks for protocol 3. Protocol 2 is what a server speaks unasked.",
        3: "Both `SETINFO` are gone with `driver_info=None`, and the other two belong to protocol 3.",
    },
)
guess_lean

# %%
said.clear()
lean = {"protocol": 2, "driver_info": None}
with redis.ConnectionPool(connection_class=Aloud, **at, **lean) as pool_aloud:
    redis.Redis(connection_pool=pool_aloud).get("greeting")

print(*said, sep="\n")
guess_lean.reveal(len(said) - 1)

# %% [markdown]
# Two round trips are left, and they are still twice what reuse costs. Given up are the name in CLIENT
# LIST, the notice before a server moves, and all that needs protocol 3:

# %%
try:
    redis.Redis(**at, protocol=2, cache_config=redis.cache.CacheConfig())
except redis.RedisError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## A hundred visitors, three times
#
# The shop serves a hundred visitors, in three ways: with a new client for each, closed properly; with one
# client on a pool; and with one plain client, without a word about a pool.


# %%
def greet_afresh():
    with redis.Redis(**at) as fresh:
        return fresh.get("greeting")


pool = redis.ConnectionPool(**at, db=0, max_connections=3)
r = redis.Redis(connection_pool=pool)
plain = redis.Redis(**at)

# %% jupyter={"source_hidden": true}
guess_opened = predict(
    "How many connections does each way open, in this order?",
    {
        "100, 1, 100": "A plain client reuses too: `redis.Redis()` makes a pool of its own and keeps it.",
        "100, 3, 1": "Three is the most that the pool may open. One was idle whenever a visitor came.",
        "100, 1, 1": None,
        "1, 1, 1": "Each new client makes a pool of its own, which is empty.",
    },
)
guess_opened


# %%
def opened_by(ask):
    opened_before = server.opened()
    for _ in range(100):
        ask()
    return server.opened() - opened_before


ways = [greet_afresh, lambda: r.get("greeting"), lambda: plain.get("greeting")]
guess_opened.reveal(", ".join(str(opened_by(ask)) for ask in ways))

# %% [markdown]
# So `redis.Redis()` has a pool, and it is the client that must be kept. A measurement that calls a kept
# `Redis()` "without pooling" compares one pool with another.

# %%
print(type(plain.connection_pool).__name__, snapshot(plain.connection_pool))

# %% tags=["nbval-ignore-output"]
fresh_time = timeit(greet_afresh, number=100)
pooled_time = timeit(lambda: r.get("greeting"), number=100)
print(f"100 greetings: {fresh_time:.3f} s afresh, {pooled_time:.3f} s pooled")
print(f"{fresh_time / pooled_time:.0f} times as long")

# %% [markdown]
# That is on one machine, where a round trip costs next to nothing: what was timed is Python's work, the
# making of each client included. Real servers are farther away.

# %% [markdown]
# ## The farther, the dearer
#
# `FaultProxy` stands before our server and makes a round trip as long as we like. Twenty milliseconds are
# the way to another country and back.

# %% jupyter={"source_hidden": true}
guess_far = predict(
    "20 ms away: how many times as long as on an open connection does a GET on a new one take?",
    {
        "twice": "Opening takes more than one round trip: count what was said above.",
        "6 times": None,
        "20 times": "Near by, it may be. Far away only round trips count: six against one.",
    },
)
guess_far

# %% tags=["nbval-ignore-output"]
from tutorial_lib import FaultProxy, plot_rtt_curve, plot_timeline

proxy = FaultProxy(server, round_trip=0.02)
far = redis.ConnectionPool(host=proxy.host, port=proxy.port, max_connections=1)
r_far = redis.Redis(connection_pool=far)

with record(far) as recording:
    for _ in range(4):
        r_far.get("greeting")
    for _ in range(4):
        far.disconnect()
        r_far.get("greeting")
afresh, reused = recording.leases[-1], recording.leases[3]
times = (afresh.opening + afresh.held) / reused.held
guess_far.reveal("6 times" if 4 < times < 10 else f"{times:.0f} times")

# %% tags=["nbval-ignore-output"]
plot_timeline(recording)

# %% [markdown]
# Four greetings on one connection, then four that hang up before each. Dark is a connection in use, pale is one
# being opened: the greeting waits for it, five times as long as it takes itself.
#
# Now at five distances, the best of six tries each. (On fakeredis read the shape, not the figures.)


# %% tags=["nbval-ignore-output"]
def best_of_six(ask):
    return min(repeat(ask, number=1, repeat=6))


distances = [0, 0.001, 0.005, 0.01, 0.02]
fresh_costs, pooled_costs = [], []
for distance in distances:
    proxy.round_trip = distance
    fresh_costs.append(best_of_six(lambda: (far.disconnect(), r_far.get("greeting"))))
    pooled_costs.append(best_of_six(lambda: r_far.get("greeting")))

plot_rtt_curve(distances, fresh_costs, pooled_costs, server)

# %% [markdown]
# Both lines are straight, since both are made of round trips: one, or six. So the ratio stays (far left, it
# compares Python's own work), and what reuse saves grows with the distance.
#
# An encrypted connection has to agree on keys first: one round trip more with TLS 1.3, two with 1.2. Worked
# out, not measured:

# %%
trips = {"pooled": 1, "lean": 2, "redis-py's own": 6, "TLS 1.3": 7, "TLS 1.2": 8}
for name, round_trips in trips.items():
    print(f"{name:15} {round_trips * 20:4} ms for one GET, 20 ms away")

# %% [markdown]
# ## What closing leaves behind
#
# A connection is known by its two ends, and the client's end has an address of its own, a number called *port*
# in it. Below, a bare line to Redis from an address that we choose (port 0: any that is free), and a test
# whether an address is free. Their details do not matter here.


# %%
def line_from(address):
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # insist on it
    line.bind(address)
    line.connect((server.host, server.port))
    line.sendall(b"*1\r\n$4\r\nPING\r\n")  # as a client writes PING
    line.recv(7)  # +PONG: the server has let us in
    return line


def is_free(address):
    with suppress(OSError), socket.socket() as probe:
        probe.bind(address)
        return True
    return False


# %% jupyter={"source_hidden": true}
guess_free = predict(
    "A hundred lines are opened and closed, one after the other. How many of their addresses are free again?",
    {
        100: "The program has let go of them. The operating system has not.",
        99: "The one closed last is no exception: all of them are kept, for a while.",
        0: None,
    },
)
guess_free

# %%
used = []
for _ in range(100):
    with line_from((server.host, 0)) as line:
        used.append(line.getsockname())

guess_free.reveal(sum(is_free(address) for address in used))

# %% tags=["nbval-ignore-output"]
with line_from((server.host, 0)) as line:
    try:
        line_from(line.getsockname()).close()
    except OSError as error:
        print(error)

# %% [markdown]
# So speaks Linux when an address is taken, here by a line still open; redis-py says `Error 99 connecting to ….
# Cannot assign requested address.` After closing, `TIME_WAIT` takes it for 60 seconds more. 28,232 addresses
# make 470 connections a second to one server. (Within one machine Linux is milder.) The cure is reuse:

# %%
opened_before = server.opened()
for _ in range(100):
    r.get("greeting")

server.opened() - opened_before

# %% [markdown]
# ## Twenty open, one at work
#
# If one open connection is good, are twenty better? We open them all beforehand, and greet a hundred
# visitors, one after the other.

# %% jupyter={"source_hidden": true}
guess_worked = predict(
    "Twenty connections lie open. How many of them carry the hundred GETs?",
    {
        20: "They do not take turns. The one that came back last is lent next.",
        5: "There is one visitor at a time, so one is lent at a time: the one that came back last.",
        1: None,
    },
)
guess_worked

# %%
crowded = redis.ConnectionPool(**at, max_connections=20)
heard_before = server.commands()
for connection in [crowded.get_connection() for _ in range(20)]:
    crowded.release(connection)

r_crowded = redis.Redis(connection_pool=crowded)
with record(crowded) as recording:
    for _ in range(100):
        r_crowded.get("greeting")

print("HELLO:", (server.commands() - heard_before)["HELLO"])
guess_worked.reveal(len({lease.connection for lease in recording.leases}))

# %% [markdown]
# The other nineteen said their hellos for nothing, and each takes memory of the server and of us. One caller
# uses one connection; only callers *at the same moment* need more. How many more, and where the gain ends,
# is measured in [lesson 08](08_how_many_connections.ipynb).

# %% [markdown]
# ## Exercises
#
# [Three of them](../exercises/ex02_what_a_connection_costs.ipynb): make a hundred calls share one connection,
# work out what reuse saves, and open a connection in few words that still has a name and a database.

# %% [markdown]
# ## Recap
#
# - A new connection costs six round trips where an open one costs one, near and far.
# - Keep the client: `redis.Redis()` has a pool, and a new client has a new, empty one.
# - Closing leaves an address taken for a while; opening more than are used gains nothing.
#
# ## Questions to consider
#
# - How long is the round trip from your program to its Redis, and how many connections does it open in a
#   minute?
# - Where in your code is `redis.Redis(...)` written, and how often does that line run?
# - A function that runs once and ends, as in the cloud: what would you leave out of its introduction?

# %% [markdown]
# Last, close what was opened.
#
# **Next:** [What happens when the pool is exhausted?](03_when_the_pool_is_exhausted.ipynb) Back to
# [Your first pool](01_your_first_pool.ipynb).

# %% tags=["no-output"]
pool.close()
plain.close()
far.close()
crowded.close()
proxy.close()
server.close()
