# %% [markdown]
# # What does the server see?
#
# A pool knows its own connections and nobody else's. The server has a list of everybody's, and at its own
# limit it asks no pool for an opinion.
#
# You will be able to
# - find your connections in the server's list, by name;
# - say what the server does when it is full, and with a connection that is silent;
# - work out the limit that each pool of a whole fleet may have.
#
# *25 minutes, and 35 for the exercises.*

# %% tags=["nbval-ignore-output"]
import socket
from collections import Counter
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep

import redis

from tutorial_lib import PoolView, hold, plot_fleet, predict, run_threads, snapshot, start_server

server = start_server(keys=["greeting"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## One program, two pools, one server
#
# Our shop has two modules, greetings and counters, each with a pool of four. `client_name` is what their
# connections are called at the server. For a moment each module borrows all that its pool may lend:


# %%
def open_all(pool):
    borrowed = []
    try:
        while len(borrowed) < pool.max_connections:
            borrowed.append(pool.get_connection())
    finally:
        for connection in borrowed:
            pool.release(connection)


greetings = redis.ConnectionPool(**at, max_connections=4, client_name="greetings")
counters = redis.ConnectionPool(**at, max_connections=4, client_name="counters")

# %% jupyter={"source_hidden": true}
guess_seen = predict(
    "The limit is four, and both modules are busy. How many connections has this one program at the server?",
    {
        4: "Four is the limit of a pool. Neither of the two knows that the other is there.",
        8: None,
        1: "A program has no connection of its own. Its pools have them, one for each borrower at a time.",
    },
)
guess_seen

# %%
for pool in (greetings, counters):
    open_all(pool)

seen = Counter(client.name for client in server.clients())
print(snapshot(greetings), seen)
guess_seen.reveal(seen["greetings"] + seen["counters"])

# %% [markdown]
# `max_connections` is the limit of *one pool*. The program has no limit at all, and no list of its pools. The
# server has: Redis answers `CLIENT LIST` with a line for each connection, whoever opened it.

# %% tags=["nbval-ignore-output"]
r = redis.Redis(connection_pool=greetings)
for line in r.client_list():
    print({key: line[key] for key in ("name", "addr", "age", "idle", "cmd")})

# %% [markdown]
# `addr` is the client's end, `age` and `idle` are seconds: since it came, since it last spoke. (A line without
# a name is this course's own; `server.clients()` leaves it out.)
#
# Beware of one word. In a pool, *idle* means not lent; in this list, silent for so long. Joined by `addr`, both
# views in one:

# %%
view = PoolView(counters, server)
view

# %% [markdown]
# No line says *borrowed*. Lending goes on inside your program, and the server cannot see it:

# %%
borrowed = counters.get_connection()
said_by_pool = snapshot(counters)
said_by_server = Counter(client.name for client in server.clients())["counters"]
counters.release(borrowed)
print(said_by_pool, "and the server:", said_by_server)

# %% [markdown]
# So it takes both: the pool says who *works*, the server says who is *there*. A name per module costs one
# argument, and tells at night whose connections they are.
#
# ## Which number shows the waste?
#
# Redis also counts, in `INFO`: `connected_clients` are there now, `total_connections_received` ever came.
# Our handle tells both without its own connection.

# %% jupyter={"source_hidden": true}
guess_grown = predict(
    "A hundred visitors each get a new client, closed properly. Which number has grown by a hundred afterwards?",
    {
        "connected_clients": "All hundred have left again. Whoever watches this number sees a calm line.",
        "total_connections_received": None,
        "both": "The first counts who is there now, and all hundred have left again.",
    },
)
guess_grown


# %%
def greet_afresh():
    with redis.Redis(**at) as fresh:
        return fresh.get("greeting")


there, came = len(server.clients()), server.opened()
for _ in range(100):
    greet_afresh()

names = {"connected_clients": len(server.clients()) - there, "total_connections_received": server.opened() - came}
guess_grown.reveal(next(name for name, grown in names.items() if grown >= 100))

# %% [markdown]
# A dashboard that draws only `connected_clients` never shows this. What does it cost the server? `INFO` knows
# its processor time too. (The fallback has no `INFO`: there you read `nan`, and no result.)


# %% tags=["nbval-ignore-output"]
def info(name):
    return r.info()[name] if server.is_real else float("nan")


def server_time(ask):
    begun, came = monotonic(), server.opened()
    before = info("used_cpu_user") + info("used_cpu_sys")
    for _ in range(200):
        ask()
    used = (info("used_cpu_user") + info("used_cpu_sys") - before) / 200
    rate = (server.opened() - came) / (monotonic() - begun)
    print(f"{used * 1e6:4.0f} µs of the server for a greeting, {rate:4.0f} connections opened per second")


server_time(lambda: r.get("greeting"))
server_time(greet_afresh)

# %% [markdown]
# The same greeting, ten times the work for Redis, which does all of it on one processor. A connection also
# takes memory while it is there:

# %% tags=["nbval-ignore-output"]
rush = redis.ConnectionPool(**at, max_connections=100, client_name="rush")
r_rush = redis.Redis(connection_pool=rush)
memory = info("used_memory")
open_all(rush)
print(f"{(info('used_memory') - memory) / 100 / 1024:.0f} kB for each of a hundred new connections")

# %% [markdown]
# ## Nothing shrinks
#
# That was a rush: a hundred connections were needed, for a moment. Now it is night, and one visitor after the
# other comes, two hundred in all.


# %%
def count(name):
    sleep(0.1)  # a connection that has been closed needs a moment to be gone
    return sum(client.name == name for client in server.clients())


# %% jupyter={"source_hidden": true}
guess_left = predict(
    "How many of the hundred are open after the night?",
    {
        1: "One is all that the night needed. But who would have closed the others?",
        100: None,
        0: "The last visitor's connection went back into the pool, open; and so did all the others.",
    },
)
guess_left

# %%
for _ in range(200):
    r_rush.get("greeting")

guess_left.reveal(count("rush"))

# %% tags=["nbval-ignore-output"]
print(f"{(info('used_memory') - memory) / 100 / 1024:.0f} kB for each of them now")

# %% [markdown]
# A pool has no clock, and redis-py no setting for it: a pool is as large as its busiest moment. (Redis has made
# the silent ones smaller meanwhile; it does so after some seconds.)
#
# `disconnect` closes a pool's connections, and with `inuse_connections=False` only those that are not lent.

# %% jupyter={"source_hidden": true}
guess_idle = predict(
    "One of the hundred is lent, and we trim the pool. How many does `snapshot` count as idle then?",
    {
        0: "The lines are cut, but the pool keeps its places: each can be opened again.",
        99: None,
        100: "The one that is lent is not in the pool.",
    },
)
guess_idle

# %%
busy = rush.get_connection()
rush.disconnect(inuse_connections=False)
trimmed = snapshot(rush)
print("the pool:", trimmed)
print("the server:", count("rush"))
rush.release(busy)
guess_idle.reveal(trimmed.idle)

# %% [markdown]
# Whoever works was not disturbed, and 99 are gone. The pool does not say so: it counts its places, open or not.
# Only the server knows how many are open.
#
# Nobody calls `disconnect` at night by hand. A thread with an `Event` for a clock does:

# %%
closing_time = Event()


def trim(pool, every):
    while not closing_time.wait(every):
        pool.disconnect(inuse_connections=False)


closing_time.clear()
open_all(rush)
trimmer = Thread(target=trim, args=(rush, 0.5), daemon=True)
trimmer.start()
while count("rush"):
    pass  # the shop is closed; nobody comes
closing_time.set()
trimmer.join()

# %%
opened_before = server.opened()
r_rush.get("greeting")
print("open:", count("rush"), "opened for the next visitor:", server.opened() - opened_before)

# %% [markdown]
# The price is one opening for whoever comes next. So trim every few minutes, not every few seconds.
#
# ## The server's own broom
#
# Redis can do it as well: `timeout` in its configuration closes whoever is silent for so many seconds. (This
# and the next section need a server of our own.)
#
# Many people believe that TCP keepalive protects from it. It is a sign of life that a connection sends.

# %% jupyter={"source_hidden": true}
guess_kept = predict(
    "The server closes after 1 s of silence. A connection sends TCP's sign of life each second. Is it kept?",
    {
        "kept": "One operating system answers the other's sign of life. Redis is not told of it.",
        "closed": None,
    },
)
guess_kept

# %%
first = getattr(socket, "TCP_KEEPIDLE", 0x10)  # macOS has the number, and another name
each_second = {first: 1, socket.TCP_KEEPINTVL: 1}
quiet = redis.ConnectionPool(
    **at, client_name="quiet", socket_keepalive=True, socket_keepalive_options=each_second
)
r_quiet = redis.Redis(connection_pool=quiet)

with redis.Redis(**at, client_name="listener") as r_listener, r_listener.pubsub() as listener:
    listener.subscribe("orders")
    r_quiet.ping()
    server.set_idle_timeout(1)
    begun = monotonic()
    while len(server.clients()) > 1 and monotonic() - begun < 10:
        sleep(0.1)
    server.set_idle_timeout(0)  # never
    left = [client.name for client in server.clients()]

print(left)
guess_kept.reveal("kept" if "quiet" in left else "closed")

# %% [markdown]
# Keepalive finds machines that are dead; `timeout` finds clients that are silent. Left is `listener`: a
# subscriber may be silent for as long as it likes.
#
# *Versions:* redis-py 8 turns keepalive on by itself; before, it was off. Neither changes the result.

# %%
print("keepalive:", redis.Connection().socket_keepalive)
opened_before = server.opened()
print(snapshot(quiet))
print("answered:", r_quiet.ping(), "opened:", server.opened() - opened_before)

# %% [markdown]
# Nobody told the pool. It noticed when it was about to lend the dead connection, and opened another.
# It does not always go so well; lesson 08 cuts connections at worse moments.
#
# ## Full is full
#
# A Redis lets in `maxclients` connections, 10,000 if it is told nothing. Ours shall have room for six:


# %%
@contextmanager
def room_for(clients):
    for pool in (greetings, counters, rush, quiet):
        pool.disconnect()
    server.set_limit(clients)
    yield
    server.set_limit(10_000)


# %% jupyter={"source_hidden": true}
guess_full = predict(
    "The two modules want four each. What do the last two callers get?",
    {
        "they wait": "The server has no line to stand in. Who finds it full is told so, and cut off.",
        "MaxConnectionsError": "It is what a pool says at its own limit. Neither pool has reached its limit.",
        "another error": None,
    },
)
guess_full

# %%
with room_for(6):
    open_all(greetings)
    try:
        open_all(counters)
    except redis.ConnectionError as error:
        print(f"{type(error).__name__}: {error}")
        is_the_pools = isinstance(error, redis.MaxConnectionsError)
    print("greetings:", count("greetings"), "counters:", count("counters"))

guess_full.reveal("MaxConnectionsError" if is_the_pools else "another error")

# %% [markdown]
# On the wire it is `ERR max number of clients reached`. Not even redis-cli gets in then. And look who was locked
# out: greetings had nothing left to do, its four lay idle, and counters found the house full.
#
# So does a pool that waits help?

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "The same with a `BlockingConnectionPool` of four, and 20 s of patience. What does its third caller get?",
    {
        "a connection, later": "It waits until one of its *own* comes back. Here it may open another, tries, and is refused.",
        "the same error": None,
    },
)
guess_waits

# %%
patient = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20, client_name="patient")
with room_for(6), patient:
    open_all(greetings)
    try:
        open_all(patient)
        got = "a connection, later"
    except redis.ConnectionError as error:
        print(error)
        got = "the same error"

guess_waits.reveal(got)

# %% [markdown]
# It waits at its own limit, not at the server's. Both cures are yours: limits whose *sum* fits, so that the
# pool's line is the only one to stand in; and trimming, so that nobody sits on what others need.

# %%
share = {"max_connections": 6 // 2, "timeout": 20}
ours, theirs = (redis.BlockingConnectionPool(**at, **share) for _ in range(2))
with room_for(6), ours, theirs:
    callers = run_threads(20, lambda: [hold(pool, seconds=0.01) for pool in (ours, theirs)])
    print("refused:", sum(isinstance(result, redis.RedisError) for result in callers))

with room_for(6):
    open_all(greetings)
    greetings.disconnect(inuse_connections=False)
    print("greetings:", count("greetings"))
    open_all(counters)
    print("counters:", count("counters"))

# %% [markdown]
# ## A fleet has one budget
#
# The shop has grown: 40 processes, in each 6 modules with a pool of their own, each with a limit of 1,000 "to be
# safe". Besides, each process has a pub/sub listener, and 80 workers wait in a `BLPOP`. The server lets in 10,000.

# %% jupyter={"source_hidden": true}
guess_budget = predict(
    "What is the largest limit for each pool with which nobody is ever refused?",
    {
        1000: "Ten pools at their limit would fill the server, and there are 240.",
        250: "10,000 / 40 is the share of a process. It has six pools.",
        41: None,
    },
)
guess_budget

# %%
processes, pools, limit, maxclients = 40, 6, 1000, 10_000
others = {"listeners": 40, "blocked": 80}
wanted = processes * pools * limit + sum(others.values())
largest = (maxclients - sum(others.values())) // (processes * pools)
print(f"they may open {wanted:,}; largest limit that fits: {largest}")
guess_budget.reveal(largest)

# %% tags=["nbval-ignore-output"]
plot_fleet(processes, pools, limit, maxclients, others)

# %% [markdown]
# Nine pools can be full, and then the server is. It goes well for years, since pools are seldom full, and ends
# on the busiest day, with an error that no module's own numbers explain. The same fleet within its budget:

# %% tags=["nbval-ignore-output"]
plot_fleet(processes, pools, largest, maxclients, others)

# %% [markdown]
# > processes × pools × limit + pub/sub + blocking < maxclients
#
# Keep some to spare: for redis-cli, for what watches the server, and for the minutes of a deployment in which
# old and new processes are both there.

# %% [markdown]
# ## Exercises
#
# [Five of them](../exercises/06_what_the_server_sees.ipynb): give connections a name, count a fleet's by name, work
# out its budget, trim a pool without disturbing anybody, and fit four workers on a server for ten.

# %% [markdown]
# ## Recap
#
# - A limit is one pool's; the server counts all pools of all programs. `client_name` says whose they are.
# - At `maxclients` the server refuses: `ConnectionError: max number of clients reached`. No pool waits for it.
# - Nothing shrinks by itself. Trim with `disconnect(inuse_connections=False)`, or let the server's `timeout`,
#   which no keepalive stops.
#
# ## Questions to consider
#
# - How many processes, pools and connections has your fleet, and what is `maxclients` of its Redis?
# - Which of your dashboards would show churn?
# - We know the most that a pool may have. How many does it *need*? That is the next lesson.

# %% [markdown]
# Last, close the pools that have connected, and the server.
#
# **Next:** [How big should a pool be?](07_how_big_a_pool.ipynb) Back to
# [Who still holds a connection?](05_who_still_holds_a_connection.ipynb)

# %% tags=["no-output"]
for pool in (greetings, counters, rush, quiet, patient):
    pool.close()
server.close()
