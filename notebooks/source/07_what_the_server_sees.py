# %% [markdown]
# # What does the server see?
#
# In our own process we know every borrower. The server has a list of its own, of everybody who is connected, and
# a limit of its own.
#
# You will be able to
# - find your connections in the server's list, by name;
# - say what the server does when it is full, and with a connection that is silent;
# - work out the limit that each pool of a whole fleet may have.
#
# *25 minutes, and 35 for the exercises.*

# %% tags=["nbval-ignore-output"]
import socket
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
# connections are called at the server. On a busy day each module borrows, for a moment, all that its pool may lend.
# Then we ask the server who is there, with `server.clients()`.


# %%
def open_all(pool):
    borrowed = []
    try:
        while snapshot(pool).in_use < pool.max_connections:
            borrowed.append(pool.get_connection())
    finally:
        for connection in borrowed:
            pool.release(connection)


def who_is_there():
    sleep(0.1)  # a moment, for the server to notice who has hung up
    server.clients()  # a busy one may need another
    return sorted(client.name for client in server.clients())


# %% jupyter={"source_hidden": true}
guess_seen = predict(
    "Each pool has `max_connections=4`. How many connections does the server get from this one program?",
    {
        1: "A program has no connection of its own. Its pools have them, one for each borrower at a time.",
        4: "Four is the limit of a pool. Neither of the two knows that the other is there.",
        8: None,
    },
)
guess_seen

# %%
greetings = redis.ConnectionPool(**at, max_connections=4, client_name="greetings")
counters = redis.ConnectionPool(**at, max_connections=4, client_name="counters")
open_all(greetings)
open_all(counters)
names = who_is_there()
print(names)
guess_seen.reveal(len(names))

# %% [markdown]
# `max_connections` is the limit of *one pool*. The program as a whole has no limit, and no list. The server has
# one: Redis answers the command `CLIENT LIST` with an entry for each connection.

# %% tags=["nbval-ignore-output"]
r = redis.Redis(connection_pool=greetings)
sleep(2)  # nobody says a word
for entry in r.client_list():
    print({key: entry[key] for key in ("name", "addr", "age", "idle")})

# %% [markdown]
# `addr` is the client's end. `age` and `idle` are seconds: since it came, since it last spoke; one of them asked
# for this list. (The entry without a name, if there is one, is this course's watcher.)
#
# Beware: in a pool, *idle* means not lent. And no entry says *borrowed*, for lending goes on inside your
# program. One is lent:

# %%
lent = counters.get_connection()
print("the pool:", snapshot(counters))
print("the server:", who_is_there().count("counters"), "called counters")
view = PoolView(counters, server)
view

# %% [markdown]
# So it takes both: the pool says who *works*, the server who is *there*. `PoolView` joins the two lists by `addr`.
#
# ## Which number shows the waste?
#
# Redis also counts, and tells in `INFO`: `connected_clients` is who is there now, `total_connections_received` who
# ever came. Here we take them from `server.clients()` and `server.opened()`, which leave out this course's own.

# %% jupyter={"source_hidden": true}
guess_grown = predict(
    "A hundred visitors each get a new client, closed properly. Which number has grown by a hundred afterwards?",
    {
        "connected_clients": "All hundred have left again. Whoever watches this number sees a flat curve.",
        "total_connections_received": None,
        "both": "The first counts who is there now, and all hundred have left again.",
    },
)
guess_grown


# %%
counters.release(lent)  # watch the view above


def greet_afresh():
    with redis.Redis(**at) as fresh:
        return fresh.get("greeting")


there_before, came_before = len(who_is_there()), server.opened()
for _ in range(100):
    greet_afresh()

there, came = len(who_is_there()) - there_before, server.opened() - came_before
print(f"there now: {there} more, ever came: {came} more")
grown = {"connected_clients": there >= 100, "total_connections_received": came >= 100}
guess_grown.reveal(" and ".join(name for name, has in grown.items() if has))

# %% [markdown]
# A dashboard that draws `connected_clients` alone never shows this. What do newcomers cost the server? `INFO` also
# tells the processor time that Redis has used. (fakeredis has no `INFO`: you read `nan`.)


# %% tags=["nbval-ignore-output"]
def info(name):
    return r.info()[name] if server.is_real else float("nan")


def server_time(ask):
    begun, came_before = monotonic(), server.opened()
    before = info("used_cpu_user") + info("used_cpu_sys")
    for _ in range(200):
        ask()
    used = (info("used_cpu_user") + info("used_cpu_sys") - before) / 200
    rate = (server.opened() - came_before) / (monotonic() - begun)
    print(f"{used * 1e6:4.0f} µs of Redis's time for a greeting; {rate:4.0f} connections opened per second")
    return used


reused, afresh = server_time(lambda: r.get("greeting")), server_time(greet_afresh)
print(f"{afresh / reused:.0f} times the work")

# %% [markdown]
# The same greeting, many times the work, for a server that runs all commands on one processor. So draw the second
# count as a rate: connections opened per second.
#
# ## Nothing shrinks
#
# One day there is a rush: for a moment the shop needs a hundred connections. Then night falls, and one visitor
# after the other comes, two hundred in all.

# %% tags=["nbval-ignore-output"]
rush = redis.ConnectionPool(**at, max_connections=100, client_name="rush")
memory = info("used_memory")
open_all(rush)
print(f"{(info('used_memory') - memory) / 100 / 1024:.0f} kB for each of a hundred new connections")

# %% jupyter={"source_hidden": true}
guess_left = predict(
    "How many of the hundred are open after the night?",
    {
        0: "Each visitor's connection went back into the pool, and it went back open.",
        1: "One is all that the night needed. But who would have closed the others?",
        100: None,
    },
)
guess_left

# %%
r_rush = redis.Redis(connection_pool=rush)
for _ in range(200):
    r_rush.get("greeting")

guess_left.reveal(who_is_there().count("rush"))

# %% [markdown]
# A pool has no clock, and redis-py no setting for it: a pool stays as large as its busiest moment was. (Redis takes
# memory back from the silent: ask for `info("used_memory") - memory` ten seconds later.)
#
# `disconnect` closes a pool's connections; with `inuse_connections=False`, only those that are not lent. That
# *trims* the pool.

# %% jupyter={"source_hidden": true}
guess_idle = predict(
    "One of the hundred is lent, and we trim the pool. How many does `snapshot` count as idle then?",
    {
        0: "The lines are cut, but the pool keeps their places: each can be opened again.",
        99: None,
        100: "The one that is lent is not in the pool.",
    },
)
guess_idle


# %%
def wait_until(happened):  # for the next cell; ten seconds at most
    begun = monotonic()
    while not happened() and monotonic() - begun < 10:
        sleep(0.1)


busy = rush.get_connection()
rush.disconnect(inuse_connections=False)
trimmed = snapshot(rush)
print("the pool:", trimmed)
print("the server:", who_is_there().count("rush"), "called rush")
rush.release(busy)
guess_idle.reveal(trimmed.idle)

# %% [markdown]
# Whoever works was not disturbed, and 99 are gone. The pool does not say so: it counts places, open or not. Only
# the server knows how many are open.
#
# Nobody trims by hand each night. A thread does, with an `Event` for its clock:

# %%
closing_time = Event()


def trim(pool, every):
    while not closing_time.wait(every):  # waits; True once it is set
        pool.disconnect(inuse_connections=False)


open_all(rush)
trimmer = Thread(target=trim, args=(rush, 0.5), daemon=True)
trimmer.start()
wait_until(lambda: "rush" not in who_is_there())
closing_time.set()
trimmer.join()
left, opened_before = who_is_there().count("rush"), server.opened()
r_rush.get("greeting")
print("called rush:", left, "opened for the next visitor:", server.opened() - opened_before)

# %% [markdown]
# That is the price: trim seldom, every few minutes.
#
# ## Does a sign of life help?
#
# Redis can trim, too: its setting `timeout` (not the pool's argument) closes whoever was silent so many seconds; 0,
# its default, is never. Does TCP keepalive, a sign of life between operating systems, protect a connection from that?
# Ours is sent every second. (Not on your own Redis: unset `REDIS_URL`, restart.)

# %%
after = getattr(socket, "TCP_KEEPIDLE", 0x10)  # macOS has another name for it
each_second = {after: 1, socket.TCP_KEEPINTVL: 1}  # after 1 s of silence, then every 1 s
quiet = redis.ConnectionPool(**at, client_name="quiet", socket_keepalive_options=each_second)
print("keepalive is on:", redis.Connection().socket_keepalive)

# %% jupyter={"source_hidden": true}
guess_kept = predict(
    "The server closes after a second of silence. What happens to a silent connection that has keepalive?",
    {
        "it is kept": "One operating system answers the other's sign of life. Redis is not told of it.",
        "it is closed": None,
    },
)
guess_kept

# %%
server.set_idle_timeout(1)
with redis.Redis(**at, client_name="listener") as r_listener, r_listener.pubsub() as listener:
    listener.subscribe("news")
    worker = redis.Connection(**at, client_name="worker")
    worker.send_command("BLPOP", "orders", 30)  # waits for an order
    redis.Redis(connection_pool=quiet).ping()
    wait_until(lambda: len(who_is_there()) == 2)  # of all our pools, nobody is left
    server.set_idle_timeout(0)  # never
    left = who_is_there()
    worker.disconnect()

opened_before = server.opened()
answered = redis.Redis(connection_pool=quiet).ping()
print("left:", left, "answered:", answered, "opened:", server.opened() - opened_before)
guess_kept.reveal("it is kept" if "quiet" in left else "it is closed")

# %% [markdown]
# `timeout` spares those who wait for the server to speak: subscribers, and callers in a `BLPOP`. The pool noticed
# when it lent again, and opened another; lesson 10 cuts one in the middle of a command. (Keepalive is on by default
# since redis-py 8.)
#
# ## The server is full
#
# A Redis lets in `maxclients` connections, 10,000 if told nothing. Ours shall have room for six:


# %%
@contextmanager
def room_for(clients):
    server.set_limit(10_000)  # a Redis that is not ours refuses here
    for pool in (greetings, counters, rush, quiet):
        pool.disconnect()
    wait_until(lambda: not who_is_there())  # everybody leaves first
    server.set_limit(clients)
    try:
        yield  # here the indented lines run
    finally:
        server.set_limit(10_000)


# %% jupyter={"source_hidden": true}
guess_full = predict(
    "Greetings opens its four connections, then counters wants four. What does its third caller get?",
    {
        "a connection, later": "The server has no queue to stand in. Who finds it full is told so, and cut off.",
        "MaxConnectionsError": "That is what a pool says at its own limit. No pool has reached its limit here.",
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
        refused_by_pool = isinstance(error, redis.MaxConnectionsError)
    print(who_is_there())

guess_full.reveal("MaxConnectionsError" if refused_by_pool else "another error")

# %% [markdown]
# The server says `ERR max number of clients reached` and hangs up (redis-py drops the `ERR`). So lesson 03's table
# needs a row: `ConnectionError` may mean *busy*, *down* or *full*. And look who was locked out. Greetings had
# nothing left to do, its four lay idle, and counters found the house full.
#
# Would a pool that waits have helped?

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "Let counters have a `BlockingConnectionPool` of four, with 20 s of patience. What does its third caller get?",
    {
        "a connection, later": "It waits when its *own* are all lent. Here it may open another, tries, and is refused.",
        "the same error": None,
    },
)
guess_waits

# %%
patient = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20)
with room_for(6), patient:
    open_all(greetings)
    try:
        open_all(patient)
        got = "a connection, later"
    except redis.ConnectionError as error:
        got = "the same error" if str(error) == "max number of clients reached" else str(error)

guess_waits.reveal(got)

# %% [markdown]
# A pool waits at its own limit, never at the server's. The cure is a sum that fits. With three for each pool the
# server refuses nobody, and whoever must wait does so at his own pool. Or the idle ones are closed before others need
# the room:

# %%
ours = redis.BlockingConnectionPool(**at, max_connections=3, timeout=20)
theirs = redis.BlockingConnectionPool(**at, max_connections=3, timeout=20)
with room_for(6), ours, theirs:
    results = run_threads(20, lambda: [hold(pool, seconds=0.01) for pool in (ours, theirs)])

print("refused:", sum(isinstance(result, redis.RedisError) for result in results))

# %%
with room_for(6):
    open_all(greetings)
    greetings.disconnect(inuse_connections=False)  # before others need the room
    print(who_is_there())
    open_all(counters)
    print(who_is_there())

# %% [markdown]
# ## A fleet has one budget
#
# The shop has grown: 40 processes, in each 6 modules with a pool, each pool with a limit of 1,000 "to be safe".
# There are 40 pub/sub listeners, and 160 workers wait in a `BLPOP`. The server lets in 10,000. It may go well for
# years, since pools are seldom full, and end on the busiest day:

# %% tags=["nbval-ignore-output"]
processes, pools, limit, maxclients = 40, 6, 1000, 10_000
others = {"listeners": 40, "blocked": 160}
plot_fleet(processes, pools, limit, maxclients, others)

# %% jupyter={"source_hidden": true}
guess_budget = predict(
    "What is the largest limit for each pool with which the server refuses nobody, even if all pools are full?",
    {
        1000: "Ten pools at their limit would fill the server, and there are 240.",
        250: "10,000 / 40 is the share of a process. It has six pools.",
        41: "So it would be for the pools alone. Listeners and blocked workers are connections, too.",
        40: None,
    },
)
guess_budget

# %%
largest = (maxclients - sum(others.values())) // (processes * pools)
guess_budget.reveal(largest)

# %% tags=["nbval-ignore-output"]
plot_fleet(processes, pools, largest, maxclients, others)

# %% [markdown]
# `processes * pools * limit + listeners + blocked <= maxclients`
#
# Keep some to spare: for redis-cli, for whatever watches the server, and for a deployment, when old and new
# processes are there together.
#
# ## Exercises
#
# [Five of them](../exercises/07_what_the_server_sees.ipynb): the last fits four workers on a server for ten.
#
# ## Recap
#
# - A limit is one pool's; the server counts all pools of all programs. `client_name` says whose they are.
# - At `maxclients` the server refuses: `ConnectionError: max number of clients reached`. No pool waits for it.
# - Nothing shrinks by itself. Trim with `disconnect(inuse_connections=False)`, or let the server's `timeout`
#   do it, which no keepalive stops.
#
# ## Questions to consider
#
# - How many processes, pools and connections has your fleet, and what is `maxclients` of its Redis?
# - Which of your dashboards would show a client that is made for each visitor?
# - We know the most that a pool may have. How many does it *need*? That is the next lesson.
#
# Last, close the pools that have connected, and the server.
#
# **Next:** [How many connections do you need?](08_how_many_connections.ipynb) Back to
# [Who still holds a connection?](05_who_still_holds_a_connection.ipynb)

# %% tags=["no-output"]
for pool in (greetings, counters, rush, quiet):
    pool.close()
server.close()
