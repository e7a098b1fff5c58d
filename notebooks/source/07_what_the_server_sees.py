# %% [markdown]
# # What does the server see?
#
# A pool knows only its own connections. The server has a list of all connections, from every pool of every program,
# and one limit for all of them together. When something goes wrong in production, that list is often the first place
# to look.
#
# **You'll learn to**
# - find your connections in the server's list, by name;
# - choose the number for your dashboard that reveals a client per request;
# - say what the server does at its limit, and with connections that are silent;
# - calculate the limit for each pool when many processes share a server.
#
# **You need** [lesson 04](04_one_pool_for_many_parts.ipynb) (several pools in one program) and, for two sections,
# pub/sub and `BLPOP` from [lesson 06](06_commands_that_keep_a_connection.ipynb). New here: `CLIENT LIST`, `INFO`,
# `maxclients` and the server's `timeout`.
# *20 minutes, plus 35 for the exercises.*

# %% tags=["nbval-ignore-output"]
from time import monotonic, sleep

import redis

from tutorial_lib import PoolView, hold, plot_budget, predict, run_threads, snapshot, start_server

server = start_server(keys=["greeting"])  # the key that this page uses
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Your connections in the server's list

# %% [markdown]
# A web shop has two modules, greetings and counters, each with its own pool of four connections. `client_name` is an
# argument of redis-py: every connection that the pool opens tells the server this name. On a busy day both pools open
# all the connections that they may.
#
# The next cell defines two helpers for this lesson. `open_all(pool)` borrows connections up to the pool's limit, and
# returns them all. `names_on_the_server()` asks the server for its connections with this course's `server.clients()`,
# which leaves out the course's own, and returns their names. It waits for 0.1 s first, because the server may
# need a moment to notice that a client has disconnected.


# %%
def open_all(pool):
    borrowed = []
    try:
        while snapshot(pool).in_use < pool.max_connections:
            borrowed.append(pool.get_connection())
    finally:
        for connection in borrowed:
            pool.release(connection)


def names_on_the_server():
    sleep(0.1)
    server.clients()  # a busy server may take a second request to notice
    return sorted(client.name for client in server.clients())


# %%
greetings = redis.ConnectionPool(**at, max_connections=4, client_name="greetings")
counters = redis.ConnectionPool(**at, max_connections=4, client_name="counters")
open_all(greetings)
open_all(counters)
print(names_on_the_server())

# %% [markdown]
# Those are eight connections from one program, because `max_connections` is the limit of *one pool*. You don't need
# this course to see them: Redis answers [`CLIENT LIST`](https://redis.io/docs/latest/commands/client-list/) with an
# entry for each connection, and `client_list()` is redis-py's method for it.

# %% tags=["nbval-ignore-output"]
r = redis.Redis(connection_pool=greetings)
sleep(2)  # two seconds of silence
for entry in r.client_list():
    print(f"{entry['name']:9} {entry['addr']:15} open {entry['age']} s, silent {entry['idle']} s")

# %% [markdown]
# `addr` is the address of the client's end of the connection. `age` is the number of seconds since the connection was
# opened, and `idle` the number of seconds since its last command. One connection has sent a command a moment ago:
# `CLIENT LIST` itself. If you see an entry without a name, it belongs to this course.

# %% [markdown]
# ## A borrowed connection in that list

# %% [markdown]
# Now the counters module borrows one of its four connections and keeps it. The pool has one connection in use and
# three idle.

# %% jupyter={"source_hidden": true}
guess_listed = predict(
    "What does `CLIENT LIST` say about the connections of the counters module?",
    {
        "one in use, three idle": "Borrowing is bookkeeping inside your program. No command tells the server about it.",
        "three connections": "A borrowed connection is as open as the others, so it is listed.",
        "four connections, all alike": "To the server, a connection is open or it isn't. Borrowing and returning send "
        "nothing, so it can't know about them.",
    },
    answer="four connections, all alike",
)
guess_listed

# %%
borrowed = counters.get_connection()
listed = [entry for entry in r.client_list() if entry["name"] == "counters"]
kinds = {(entry["flags"], entry["cmd"]) for entry in listed}  # the state and the last command
print("the pool:", snapshot(counters))
print("the server:", len(listed), "connections called counters")
all_alike = len(listed) == 4 and len(kinds) == 1
guess_listed.reveal("four connections, all alike" if all_alike else f"{kinds}")

# %%
view = PoolView(counters, server)
view.freeze()  # keep the picture of this moment

# %% [markdown]
# **You need both views: the pool knows which connections are in use, and the server knows which are open.**
#
# `PoolView`, a helper of this course, combines them. In the picture, each connection of the pool stands beside the
# server's entry for it, and the two are matched by `addr`. Beware of the word *idle*. In a pool it means that a
# connection isn't borrowed. In `CLIENT LIST` it's the number of seconds since the last command, borrowed or not.

# %% [markdown]
# ## A new client for each request

# %% [markdown]
# Lesson 04 had a program that creates a client for each request. Which number on a dashboard would show that? Redis
# has two, in the reply to [`INFO`](https://redis.io/docs/latest/commands/info/). `connected_clients` says how many
# connections are open now, and `total_connections_received` how many the server has ever accepted.
#
# One hundred requests each create a client, use it, and close it properly.

# %% jupyter={"source_hidden": true}
guess_grown = predict(
    "Which of the two numbers is higher by one hundred afterwards?",
    {
        "connected_clients": "All one hundred have been closed again, so on a chart this number stays flat.",
        "total_connections_received": "It counts every connection that the server has ever accepted, even one that "
        "lasted for a millisecond.",
        "both": "The first one counts what is open now, and all one hundred have been closed again.",
    },
    answer="total_connections_received",
)
guess_grown


# %%
counters.release(borrowed)


def greet_with_a_new_client():
    with redis.Redis(**at) as r_new:
        return r_new.get("greeting")


open_before, accepted_before = len(names_on_the_server()), server.opened()
for _ in range(100):
    greet_with_a_new_client()

# %% [markdown]
# Here the same two counts come from `server.clients()` and `server.opened()`, because those leave out this course's
# own connections.

# %%
more_open = len(names_on_the_server()) - open_before
more_accepted = server.opened() - accepted_before
print(f"open now: {more_open} more, accepted: {more_accepted} more")
grown = {"connected_clients": more_open >= 100, "total_connections_received": more_accepted >= 100}
guess_grown.reveal(" and ".join(name for name, has_grown in grown.items() if has_grown))

# %% [markdown]
# **A client per request shows up in `total_connections_received`, not in `connected_clients`.**
#
# So put `total_connections_received` on your dashboard, as a rate: connections opened per second. With pools that
# rate is close to zero.
#
# Opening a connection isn't only slow for the client. It's work for the server, too, and Redis does it in the thread
# that runs all commands. The next cell measures it: `INFO` says how much processor time Redis has used, and the cell
# divides that by the number of requests. fakeredis has no `INFO`, so there you get `nan`.


# %% tags=["nbval-ignore-output"]
def info(name):
    return r.info()[name] if server.is_real else float("nan")


def processor_time(request):
    before = info("used_cpu_user") + info("used_cpu_sys")
    for _ in range(200):
        request()
    return (info("used_cpu_user") + info("used_cpu_sys") - before) / 200


reused = processor_time(lambda: r.get("greeting"))
opened_each_time = processor_time(greet_with_a_new_client)
print(f"Redis works for {reused * 1e6:.0f} µs with a pool,", end=" ")
print(f"{opened_each_time * 1e6:.0f} µs with a new client,", end=" ")
print(f"{opened_each_time / reused:.0f} times the work")

# %% [markdown]
# **The same greeting costs the server ten times the work or more when each request opens its own connection.**
#
# So a server that could easily answer your requests may spend most of its time on handshakes.

# %% [markdown]
# ## After a rush

# %% [markdown]
# One evening there is a rush, and for a moment the shop needs one hundred connections. During the night, two hundred
# requests arrive one after the other, so one connection would be enough for them.

# %% tags=["nbval-ignore-output"]
rush = redis.ConnectionPool(**at, max_connections=100, client_name="rush")
memory_before = info("used_memory")
open_all(rush)
kilobytes = (info("used_memory") - memory_before) / 1024
print(f"{kilobytes / 100:.0f} kB of Redis's memory for each connection")

# %% jupyter={"source_hidden": true}
guess_left = predict(
    "How many of the one hundred connections are open after the night?",
    {
        0: "Each request returned its connection to the pool, and the pool keeps returned connections open.",
        1: "One would have been enough for the night, but nothing has closed the other 99.",
        100: "A pool closes nothing by itself. It has no clock, and redis-py has no setting for it.",
    },
    answer=100,
)
guess_left

# %%
r_rush = redis.Redis(connection_pool=rush)
for _ in range(200):
    r_rush.get("greeting")

guess_left.reveal(names_on_the_server().count("rush"))

# %% [markdown]
# **A pool never shrinks by itself: it stays as large as its busiest moment was.**
#
# The pool hands out the connection that was returned last, so all two hundred requests used the same connection, and 99
# were silent all night. Each of them takes memory on the server, although Redis frees part of it when a connection has
# been silent for a few seconds. Each of them also counts towards the server's limit, which you'll meet below.

# %% [markdown]
# ## Closing what is idle

# %% [markdown]
# [`pool.disconnect()`](https://redis.readthedocs.io/en/stable/connections.html) closes all connections of a pool. With
# `inuse_connections=False` it closes only those that aren't borrowed, so you can *trim* a pool while it's in use. Here
# one of the one hundred connections is borrowed, and you trim the pool.

# %% jupyter={"source_hidden": true}
guess_idle = predict(
    "One connection is in use, 99 are idle, and you trim the pool. How many does `snapshot` count as idle afterwards?",
    {
        0: "The sockets are closed, but the pool keeps the 99 connection objects, and it can open each of them again.",
        99: "The pool counts connection objects. It still has 99 to hand out, although their sockets are closed.",
        100: "The one in use is still borrowed, so it isn't among the idle ones.",
    },
    answer=99,
)
guess_idle

# %%
busy = rush.get_connection()
rush.disconnect(inuse_connections=False)
trimmed = snapshot(rush)
print("the pool:", trimmed)
print("the server: connections called rush:", names_on_the_server().count("rush"))
rush.release(busy)
guess_idle.reveal(trimmed.idle)

# %% [markdown]
# **`disconnect(inuse_connections=False)` closes the idle connections and leaves those in use alone.**
#
# Only the server's list shows that, because a pool counts connection objects, open or not. When such an object is
# borrowed again, the pool reconnects it, and that request has to wait for the opening. So don't trim often: every few
# minutes, or once after a rush.

# %% [markdown]
# ## Silence, and TCP keepalive

# %% [markdown]
# Redis can close connections, too. If its setting `timeout` is 300, Redis closes a connection that has sent no command
# for 300 seconds. The default is 0, which means never. It has nothing to do with the pool's argument of the same name.
#
# Operating systems have *TCP keepalive*: when a connection has been silent for a while, one side's operating system
# sends a packet, and the other side's operating system answers it. redis-py turns keepalive on. Below, a packet is
# sent after each second of silence, and the server's `timeout` is one second, too.
#
# > **On a Redis of your own** the cells of this section and of the next two raise `NotAllowed`, because they change
# > the server's settings. Unset `REDIS_URL` and restart the kernel to run them on a private server.
#
# > **redis-py 7 and older:** keepalive is off by default.

# %%
import socket

after = getattr(socket, "TCP_KEEPIDLE", 0x10)  # macOS has another name for it
each_second = {after: 1, socket.TCP_KEEPINTVL: 1}  # after 1 s of silence, then every 1 s
quiet = redis.ConnectionPool(**at, client_name="quiet", socket_keepalive_options=each_second)
print("keepalive is on:", redis.Connection(**at).socket_keepalive)

# %% jupyter={"source_hidden": true}
guess_kept = predict(
    "What happens to a connection that has keepalive, but sends no command for more than a second?",
    {
        "it stays open": "The operating system answers the keepalive packets, and Redis never learns of them.",
        "the server closes it": "Redis counts the seconds since the last command. Keepalive packets go from one "
        "operating system to the other, so they aren't commands.",
    },
    answer="the server closes it",
)
guess_kept

# %% [markdown]
# For comparison, two other clients are silent, too: a subscriber, and a worker whose `BLPOP` waits for an order.
# `wait_until` checks ten times a second whether something has happened, for ten seconds at most.


# %%
def wait_until(happened):
    begun = monotonic()
    while not happened() and monotonic() - begun < 10:
        sleep(0.1)


# %%
server.set_idle_timeout(1)
with redis.Redis(**at, client_name="subscriber") as r_news, r_news.pubsub() as subscriber:
    subscriber.subscribe("news")
    worker = redis.Connection(**at, client_name="worker")
    worker.send_command("BLPOP", "orders", 30)  # Redis waits for an order; this line doesn't
    redis.Redis(connection_pool=quiet).ping()
    wait_until(lambda: len(names_on_the_server()) == 2)  # until the silent ones are gone
    left = names_on_the_server()
    server.set_idle_timeout(0)  # never, as before
    worker.disconnect()

print("still open:", left)
guess_kept.reveal("it stays open" if "quiet" in left else "the server closes it")

# %% [markdown]
# **TCP keepalive doesn't protect a connection from the server's `timeout`.**
#
# Keepalive has another purpose: it notices when the other *machine* is gone. The server spared the subscriber and the
# worker, because those are silent for a good reason: they wait for the server to send something. Redis's page on
# [client handling](https://redis.io/docs/latest/develop/reference/clients/) has the details. A closed connection does
# the pool no harm. The pool notices it when it hands that connection out, and reconnects:

# %%
opened_before = server.opened()
answered = redis.Redis(connection_pool=quiet).ping()
print("answered:", answered, "opened:", server.opened() - opened_before)

# %% [markdown]
# ## When the server is at its limit

# %% [markdown]
# A Redis accepts at most `maxclients` connections, 10,000 by default. Give your server a limit of six: `room_for(6)`
# closes the connections of all pools above, sets the limit, and puts it back at the end of the `with` block.


# %%
from contextlib import contextmanager


@contextmanager
def room_for(clients):
    server.set_limit(10_000)
    for pool in (greetings, counters, rush, quiet):
        pool.disconnect()
    wait_until(lambda: not names_on_the_server())
    server.set_limit(clients)
    try:
        yield  # here the indented lines run
    finally:
        server.set_limit(10_000)


# %% jupyter={"source_hidden": true}
guess_refused = predict(
    "There is room for six. Greetings opens its four connections, then counters wants four. What does its third "
    "caller get?",
    {
        "a connection, a little later": "The server has no queue for connections. At its limit it refuses at once.",
        "MaxConnectionsError": "That's what a pool raises at its own limit, and counters has only two of its four.",
        "a ConnectionError": "The server answers the new connection with an error and closes it, and redis-py raises "
        "that as a plain `ConnectionError`.",
    },
    answer="a ConnectionError",
)
guess_refused

# %%
with room_for(6):
    open_all(greetings)
    try:
        open_all(counters)
    except redis.ConnectionError as error:
        print(f"{type(error).__name__}: {error}")
        raised = type(error).__name__
    print(names_on_the_server())

guess_refused.reveal(f"a {raised}" if raised == "ConnectionError" else raised)

# %% [markdown]
# **At `maxclients` the server refuses at once: `ConnectionError: max number of clients reached`.**
#
# Redis's own text begins with `ERR`, which redis-py leaves out. Redis has [a page on this
# error](https://redis.io/docs/latest/develop/reference/errors/common/err-max-clients/). So when you catch
# `redis.ConnectionError`, it may mean that a blocking pool timed out, that Redis is down, *or* that Redis is at its
# limit. Also look at which pool was refused: greetings had nothing left to do and its four connections were idle, but
# counters got only two.

# %% [markdown]
# ## Does a pool that waits help?

# %% [markdown]
# Lesson 03's answer to "too many connections" was a `BlockingConnectionPool`. Now the counters module gets one, again
# with a limit of four. Its callers may wait for 20 s.

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "The server has room for six, and greetings has four. What does the third caller of the blocking pool get?",
    {
        "a connection, a little later": "The pool waits when its own four are in use. It has two, so it tries to open "
        "a third, and the server refuses.",
        "the same error": "The pool is below its own limit, so it doesn't wait. It opens a connection, and the server "
        "refuses.",
        "No connection available.": "That's the error after a wait of 20 s. The pool doesn't wait here, because it's "
        "below its own limit.",
    },
    answer="the same error",
)
guess_waits

# %%
waiting = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20)
got = "a connection, a little later"
with room_for(6), waiting:
    open_all(greetings)
    try:
        open_all(waiting)
    except redis.ConnectionError as error:
        got = str(error)

guess_waits.reveal("the same error" if got == "max number of clients reached" else got)

# %% [markdown]
# **A blocking pool waits at its own limit, never at the server's.**
#
# So choose limits whose sum fits the server. With a limit of three for each of the two pools, the server never has to
# refuse, and a caller that has to wait waits for its own pool. Here twenty threads use both pools:

# %%
first = redis.BlockingConnectionPool(**at, max_connections=3, timeout=20)
second = redis.BlockingConnectionPool(**at, max_connections=3, timeout=20)
with room_for(6), first, second:
    results = run_threads(20, lambda: [hold(pool, seconds=0.01) for pool in (first, second)])

print("refused:", sum(isinstance(result, redis.RedisError) for result in results))

# %% [markdown]
# ## A limit for a whole fleet

# %% [markdown]
# All the processes that share a server are called a *fleet*. In 2026 the fleet of an API gateway [grew from 3 replicas
# to 10](https://github.com/IBM/mcp-context-forge/issues/4630). A replica is a copy of the service. Each replica has 24
# worker processes, each process has a pool, and each pool may open 100 connections. The server accepts 10,000.
#
# With 3 replicas, all pools together may open 7,200 connections, so even on the busiest day the server has room for
# them. The plot shows how many they may open with 10 replicas. Pools seldom reach their limits at the same time, so
# such a fleet can run for years, and then fail on its busiest day.

# %% tags=["nbval-ignore-output"]
replicas, workers, limit, maxclients = 10, 24, 100, 10_000
plot_budget(replicas * workers, 1, limit, maxclients)

# %% jupyter={"source_hidden": true}
guess_budget = predict(
    "What is the largest limit for each pool with which the server never refuses, even if all pools are exhausted?",
    {
        1000: "10,000 / 10 is what each replica may open, but a replica has 24 pools.",
        416: "10,000 / 24 would be right for one replica, but there are ten.",
        100: "With 100 the pools may open 10 * 24 * 100, so 24,000 connections.",
        41: "There are 240 pools, and 240 * 41 is 9,840. With 42 it would be 10,080, which is too many.",
    },
    answer=41,
)
guess_budget

# %%
largest = maxclients // (replicas * workers)
guess_budget.reveal(largest)

# %% [markdown]
# **`processes * pools in each * limit`, and all other connections, must fit into `maxclients`.**
#
# The other connections are those of subscribers, workers that wait in `BLPOP`, `redis-cli`, and programs that monitor
# the server. During a deployment, old and new processes run at the same time, so count both. `fleet_budget`, a helper
# of this course, does the division. `reserve` is for the other connections:

# %%
from tutorial_lib import fleet_budget

print("the pools alone:", fleet_budget(maxclients=10_000, processes=240))
print("and 200 for others:", fleet_budget(maxclients=10_000, processes=240, reserve=200))
print("and a deployment:", fleet_budget(maxclients=10_000, processes=480, reserve=200))

# %% [markdown]
# ## Going deeper: trimming on a timer

# %% [markdown]
# If a service has rare rushes and the server is close to its limit, a thread in your program can trim the pool every
# few minutes. The thread waits with an `Event` from the standard library: `wait(seconds)` returns `False` after that
# time, and `True` as soon as the event is set, so the thread stops quickly when you want it to.

# %%
from threading import Event, Thread

stop = Event()


def trim(pool, every):
    while not stop.wait(every):
        pool.disconnect(inuse_connections=False)


open_all(rush)
trimmer = Thread(target=trim, args=(rush, 0.5), daemon=True)
trimmer.start()
wait_until(lambda: "rush" not in names_on_the_server())
print("open after the trimming:", names_on_the_server().count("rush"))

# %%
stop.set()
trimmer.join()
opened_before = server.opened()
r_rush.get("greeting")
print("opened for the next request:", server.opened() - opened_before)

# %% [markdown]
# **Trimming on a timer is safe while the pool is in use, and the next request has to open a connection.**
#
# The server's own `timeout` has the same effect without any code of yours, but it applies to all programs that use the
# server.

# %% [markdown]
# ## Summary

# %% [markdown]
# | question | where to look |
# |---|---|
# | which connections are in use? | the pool: `snapshot` in this course, `pool.get_connection_count()` in redis-py |
# | which connections are open, and whose are they? | the server: `CLIENT LIST`, with a `client_name` for each pool |
# | does something open a connection per request? | `total_connections_received`, as a rate |
# | who closes idle connections? | your code, with `disconnect(inuse_connections=False)`, or the server's `timeout` |
# | how large may each pool be? | `(maxclients - others) // (processes * pools in each)` |

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your dashboard shows <code>connected_clients</code> at a steady 40, and Redis is busy although the
# traffic is low. What do you look at next?</summary>
#
# Look at connections opened per second, which is the rate of `total_connections_received`. If it's as high as the rate
# of requests, some code creates a client for each request.
#
# </details>
#
# <details><summary>A pool says 3 idle, and <code>CLIENT LIST</code> has none of its connections. Is that possible,
# and does it do harm?</summary>
#
# It's possible: they were trimmed, or the server closed them. The pool counts its connection objects. It reconnects
# one when it hands it out, so only that one request takes longer.
#
# </details>
#
# <details><summary>You have 20 processes with two pools each, and 50 subscribers, on a server with
# <code>maxclients</code> 1,000. What is the largest safe limit?</summary>
#
# `(1000 - 50) // (20 * 2)` is 23. If a deployment doubles the processes for a while, it's 11.
#
# </details>

# %% [markdown]
# Close the pools that have connected, and the server:

# %% tags=["no-output"]
for pool in (greetings, counters, rush, quiet):
    pool.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: What does the server see?](../exercises/ex07_what_the_server_sees.ipynb)
#
# **Next:** [How many connections do you need?](08_how_many_connections.ipynb)
