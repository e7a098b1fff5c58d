# %% [markdown]
# # What does a connection cost?
#
# In lesson 01 a hundred requests through a pool took a fraction of the time that a hundred new clients took. Where
# does that time go? In this lesson you'll see which commands redis-py sends before your first one, measure how long
# that takes when the server is far away, and find out when more open connections don't help.
#
# **You'll learn to**
# - say which commands a new connection sends before yours;
# - estimate how much time a pool saves, if you know how far away your server is;
# - recognise code that opens a connection for each request.
#
# **You need** [lesson 01](01_your_first_pool.ipynb): what a pool is, and how a command borrows a connection and
# returns it. New here are two helpers: one lists what a connection sends, and the other records what a pool does.
# *15 minutes, plus 25 for the exercises.*

# %% tags=["nbval-ignore-output"]
import socket
from contextlib import suppress
from timeit import repeat, timeit

import redis

from tutorial_lib import predict, record, sent_commands, snapshot, start_server

server = start_server()
address = {"host": server.host, "port": server.port}  # **address below passes host=… and port=…
server

# %% [markdown]
# ## What is sent before your GET?

# %% [markdown]
# A new pool has no connection, so its first GET has to open one. Before the GET, redis-py sends setup commands on the
# new connection, one after the other, and waits for each reply. That's the *handshake*.
#
# `sent_commands`, one of this course's helpers, lists what the pool's new connections send while the `with` block
# runs. The rest is redis-py with nothing configured.

# %% jupyter={"source_hidden": true}
guess_sent = predict(
    "You send one GET on a new connection. How many commands does redis-py send, your GET included?",
    {
        1: "GET is only the last one. Before it, redis-py sends the commands of the handshake.",
        2: "`HELLO` is one of the others, and there are three more.",
        5: "Four commands belong to the handshake, and the fifth is yours.",
    },
    answer=5,
)
guess_sent

# %%
with redis.ConnectionPool(**address) as new_pool, sent_commands(new_pool) as sent:
    redis.Redis(connection_pool=new_pool).get("greeting")

print(*sent, sep="\n")
guess_sent.reveal(len(sent))

# %% [markdown]
# **A GET on a new connection takes six round trips, and a GET on an open connection takes one.** Opening the TCP
# connection is one round trip, the handshake is four, and the GET is one. In a *round trip* a command goes to the
# server and its reply comes back.
#
# | command | what for |
# |---|---|
# | [`HELLO 3`](https://redis.io/docs/latest/commands/hello/) | choose version 3 of Redis's protocol, RESP3 |
# | `CLIENT MAINT_NOTIFICATIONS` | ask a Redis in the cloud to announce maintenance, such as a move to another machine |
# | [`CLIENT SETINFO`](https://redis.io/docs/latest/commands/client-setinfo/), twice | leave redis-py's name and version in the server's list of connections |
#
# An older server doesn't know `CLIENT MAINT_NOTIFICATIONS` or `CLIENT SETINFO` and answers with an error, which
# redis-py ignores. The command takes a round trip all the same. Some settings add commands to the handshake: `db=1`
# adds a SELECT, and `client_name` a CLIENT SETNAME.
#
# > **redis-py 7 and older:** protocol 2 is the default, so the handshake is only the two `CLIENT SETINFO`.

# %% [markdown]
# ## A hundred requests, three ways

# %% [markdown]
# The web shop of lesson 01 serves a hundred requests, one after the other, in three ways. The first creates a new
# client for each request and closes it. The second keeps one client on a pool with a limit of 3. The third keeps one
# plain client, created with `redis.Redis(...)` without mentioning a pool.


# %%
def get_with_new_client():
    with redis.Redis(**address) as client:
        return client.get("greeting")


pool = redis.ConnectionPool(**address, db=0, max_connections=3)
r = redis.Redis(connection_pool=pool)
plain = redis.Redis(**address)

# %% jupyter={"source_hidden": true}
guess_opened = predict(
    "How many connections do the new clients, the client on a pool and the plain client open, in this order?",
    {
        "100, 1, 100": "The plain client reuses its connection, too: `redis.Redis()` creates a pool for itself.",
        "100, 3, 1": "Three is the limit of the pool. One connection was idle each time a request came.",
        "100, 1, 1": "Each new client creates a new pool, which has no connection yet. The other two keep theirs.",
        "1, 1, 1": "Each new client creates a pool of its own, and that pool has no connection yet.",
    },
    answer="100, 1, 1",
)
guess_opened


# %%
def opened_by(ask):
    opened_before = server.opened()
    for _ in range(100):
        ask()
    return server.opened() - opened_before


ways = [get_with_new_client, lambda: r.get("greeting"), lambda: plain.get("greeting")]
guess_opened.reveal(", ".join(str(opened_by(ask)) for ask in ways))

# %% [markdown]
# **Keep the client: every `redis.Redis` has a pool, and a new client's pool has no connection yet.**
#
# The pool is in the attribute `connection_pool`. So benchmarks that reuse one `redis.Redis()` and call it "without
# pooling" are comparing one pool with another.

# %%
print(type(plain.connection_pool).__name__, snapshot(plain.connection_pool))

# %% tags=["nbval-ignore-output"]
new_time = timeit(get_with_new_client, number=100)
pooled_time = timeit(lambda: r.get("greeting"), number=100)
print(f"new clients: {new_time:.3f} s, through the pool: {pooled_time:.3f} s")
print(f"{new_time / pooled_time:.0f} times as long")

# %% [markdown]
# You measured this ratio on one machine, where a round trip takes almost no time. What you measured is mostly
# Python's work, such as creating a hundred clients. A real server is farther away.

# %% [markdown]
# ## How much does it cost at a distance?

# %% [markdown]
# `FaultProxy` stands between the pool and the server, and makes each round trip as long as you like. Twenty
# milliseconds is about what you get when the server is in a neighbouring country.
#
# `record`, one of this course's helpers, notes each borrow of a pool while its `with` block runs. Each borrow becomes
# a *lease* in `recording.leases`. Its `opening` is the time it took to open the connection, and its `held` is the
# time from then until the connection was returned, which is one GET here. First come four GETs on one connection.
# Then come four more, and the pool is disconnected before each of them, so each has to open a new connection.

# %% jupyter={"source_hidden": true}
guess_far = predict(
    "The server is 20 ms away. How many times as long does a GET take on a new connection as on an open one?",
    {
        "twice": "Opening takes more than one round trip: TCP takes one, and the handshake takes four.",
        "6 times": "Over this distance only round trips count, and six are six times as long as one.",
        "20 times": "On your own machine it can be that much, because there Python's work counts. Here round trips do.",
    },
    answer="6 times",
)
guess_far

# %%
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

# %% tags=["nbval-ignore-output"]
on_open, on_new = recording.leases[3], recording.leases[-1]
times = (on_new.opening + on_new.held) / on_open.held
guess_far.reveal("6 times" if 4 < times < 10 else f"{times:.0f} times")

# %% [markdown]
# **Far away, a new connection makes each GET six times as long.**
#
# You can see it in the timeline of the eight borrows: each narrow bar is a GET, and each wide bar is the opening of a
# connection, which takes five times as long. The first four GETs share one opening.

# %% tags=["nbval-ignore-output"]
plot_timeline(recording)

# %% [markdown]
# Is the ratio the same at every distance? The next cell measures both kinds of GET at five distances, six times each,
# and keeps the shortest time. The chart has the distance on one axis and the time on the other. With fakeredis, look
# at the shape of the lines and not at the numbers.


# %% tags=["nbval-ignore-output"]
def best_of_six(ask):
    return min(repeat(ask, number=1, repeat=6))


distances = [0, 0.001, 0.005, 0.01, 0.02]
new_costs, pooled_costs = [], []
for distance in distances:
    proxy.round_trip = distance
    new_costs.append(best_of_six(lambda: (far.disconnect(), r_far.get("greeting"))))
    pooled_costs.append(best_of_six(lambda: r_far.get("greeting")))

plot_rtt_curve(distances, new_costs, pooled_costs, server)

# %% [markdown]
# **The ratio stays at six, and the time saved grows with the distance.** Both lines are straight, because each cost
# is a fixed number of round trips: six, or one. At the far left, at no distance at all, you're mostly timing Python.
#
# So you can estimate how much time a pool saves without measuring it: five round trips for each command that would
# have opened a connection. With 20 ms, that's a tenth of a second.

# %% [markdown]
# ## Do more open connections help?

# %% [markdown]
# If one open connection is good, are twenty better? The next cell opens twenty in advance: it borrows twenty and
# returns them all. Then a hundred requests come, one after the other.

# %% jupyter={"source_hidden": true}
guess_worked = predict(
    "Twenty connections are idle. How many of them are used for the hundred GETs?",
    {
        20: "Connections don't take turns. The pool hands out the one that was returned last.",
        5: "Only one request comes at a time, so only one connection is in use at a time, and it's always the same one.",
        1: "Each GET returns its connection before the next GET comes, and the pool hands that one out again.",
    },
    answer=1,
)
guess_worked

# %%
crowded = redis.ConnectionPool(**address, max_connections=20)
handled_before = server.commands()
for connection in [crowded.get_connection() for _ in range(20)]:
    crowded.release(connection)

r_crowded = redis.Redis(connection_pool=crowded)
with record(crowded) as recording:
    for _ in range(100):
        r_crowded.get("greeting")

print("HELLO:", (server.commands() - handled_before)["HELLO"])
guess_worked.reveal(len({lease.connection for lease in recording.leases}))

# %% [markdown]
# **Requests that come one after the other use one connection, however many are open.**
#
# The server handled twenty HELLOs, nineteen of them for connections that did nothing. Each open connection takes
# memory, in the server and in your program. Only callers that need a connection *at the same moment* need more than
# one. Lessons [08](08_how_many_connections.ipynb) and [09](09_does_more_make_it_faster.ipynb) work out how many.

# %% [markdown]
# ## Going deeper: a shorter handshake

# %% [markdown]
# A cloud function that starts, sends one command and ends can't reuse a connection. It can still make the handshake
# shorter, with two arguments of the pool. `protocol=2` keeps the connection in version 2 of the protocol, in which
# every connection begins. `driver_info=None` leaves out redis-py's name and version.

# %% jupyter={"source_hidden": true}
guess_lean = predict(
    "With `protocol=2` and `driver_info=None`, how many commands does redis-py send before the GET?",
    {
        0: "HELLO and CLIENT MAINT_NOTIFICATIONS are for protocol 3, and both CLIENT SETINFO come from `driver_info`.",
        1: "`HELLO` switches to protocol 3. A connection begins in protocol 2, so there's nothing to switch.",
        3: "`driver_info=None` leaves out both `CLIENT SETINFO`, and the other two commands need protocol 3.",
    },
    answer=0,
)
guess_lean

# %%
lean = {"protocol": 2, "driver_info": None}
with redis.ConnectionPool(**address, **lean) as lean_pool, sent_commands(lean_pool) as sent:
    redis.Redis(connection_pool=lean_pool).get("greeting")

print(*sent, sep="\n")
guess_lean.reveal(len(sent) - 1)

# %% [markdown]
# **The shortest handshake has no commands at all, which leaves two round trips: TCP and your GET.** That's still
# twice the cost of reuse.
#
# In exchange you lose redis-py's name in the server's list, the announcements of maintenance, and everything that
# needs protocol 3. One example is client-side caching, where redis-py keeps replies in your program's memory:

# %%
try:
    redis.Redis(**address, protocol=2, cache_config=redis.cache.CacheConfig())
except redis.RedisError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# An encrypted connection takes longer to open. With TLS, both sides have to agree on keys first, which takes one more
# round trip with TLS 1.3 and two more with TLS 1.2. The next cell only calculates how long one GET takes in each
# case, 20 ms away:

# %%
trips = {"open connection": 1, "shortest handshake": 2, "default handshake": 6}
trips |= {"with TLS 1.3": 7, "with TLS 1.2": 8}
for name, round_trips in trips.items():
    print(f"{name:18} {round_trips * 20:4} ms")

# %% [markdown]
# ## Going deeper: what a closed connection leaves behind

# %% [markdown]
# Each TCP connection has two ends, and each end has an address with a port number in it. The operating system picks a
# free port for your program's end. What happens to that port when you close the connection?
#
# `connect_from` below opens a bare connection to Redis, without redis-py, from an address that you choose; port 0
# means any free port. `is_free` asks the operating system whether an address can be used. You don't need to follow
# their code.


# %%
def connect_from(end):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # insist on this address
    connection.bind(end)
    connection.connect((server.host, server.port))
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")  # a PING as redis-py would send it
    connection.recv(7)  # +PONG: the server has accepted the connection
    return connection


def is_free(end):
    with suppress(OSError), socket.socket() as probe:
        probe.bind(end)
        return True
    return False


# %% jupyter={"source_hidden": true}
guess_free = predict(
    "A hundred connections are opened and closed, one after the other. How many of their addresses are free now?",
    {
        100: "Your program no longer uses them, but the operating system doesn't free them at once.",
        99: "Not only the last one has to wait. The operating system keeps each of them for a while.",
        0: "The side that closes keeps its address for a while, so that late packets can't reach a new connection.",
    },
    answer=0,
)
guess_free

# %%
used = []
for _ in range(100):
    with connect_from((server.host, 0)) as connection:
        used.append(connection.getsockname())

guess_free.reveal(sum(is_free(end) for end in used))

# %% [markdown]
# **A closed connection keeps its address for a while, in the state `TIME_WAIT`.** On Linux that's 60 seconds.
#
# Linux has 28,232 ports for this by default, so a program can't open more than about 470 connections a second to one
# server for long. After that there's no free address. The next cell causes the same error faster: it asks for an
# address that an open connection is using:

# %% tags=["nbval-ignore-output"]
with connect_from((server.host, 0)) as connection:
    try:
        connect_from(connection.getsockname()).close()
    except OSError as error:
        print(error)

# %% [markdown]
# redis-py reports this error as `Error 99 connecting to …. Cannot assign requested address.` You're unlikely to see
# it with a server on your own machine, because there Linux reuses ports sooner. A pool avoids the problem altogether:
# a hundred more requests through the pool open no connection.

# %%
opened_before = server.opened()
for _ in range(100):
    r.get("greeting")

server.opened() - opened_before

# %% [markdown]
# ## Summary

# %% [markdown]
# A GET on a new connection takes six round trips: one for TCP, four for redis-py's handshake, one for the GET. On an
# open connection it takes one. The ratio is the same at every distance, so the farther away your server is, the more
# time a pool saves. Every `redis.Redis` has a pool, so keep the client; a new client's pool has no connection yet.
# Opening more connections than are needed at the same moment gains nothing.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your server is 10 ms away. To build a web page, your program opens a connection and sends three commands. How long
# does that take?</summary>
#
# About 80 ms: five round trips to open the connection, and three for the commands. With a pool it's 30 ms.
#
# </details>
#
# <details><summary>A colleague writes <code>redis.Redis(host=…)</code> inside the function that handles a request. What do you
# say?</summary>
#
# Each request gets a new client with a new pool, which has no connection yet. So each request opens a connection.
# Create the client once, when the program starts.
#
# </details>
#
# <details><summary>Would it help that function to open twenty connections in advance?</summary>
#
# No. If requests come one at a time, they use one connection. Each of the other nineteen costs a handshake and
# memory.
#
# </details>

# %% [markdown]
# Last, close the pools and stop the server:

# %% tags=["no-output"]
pool.close()
plain.close()
far.close()
crowded.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: what does a connection cost?](../exercises/ex02_what_a_connection_costs.ipynb)
#
# **Next:** [What happens when the pool is exhausted?](03_when_the_pool_is_exhausted.ipynb)
