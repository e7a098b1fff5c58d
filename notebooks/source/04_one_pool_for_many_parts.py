# %% [markdown]
# # How do many parts share one pool?
#
# A shop is made of parts: one greets, one counts, one takes orders. Each needs Redis, none needs it all the
# time. What they share, whose settings hold and who hangs up: one line of code decides each.
#
# You will be able to
# - say how many connections a program can open, and let one part use what another leaves idle;
# - give a pool its database and its decoding, and find a connection that is in the wrong database;
# - close a client without cutting off its neighbours.
#
# *25 minutes, and 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import redis
from ipywidgets import GridBox

from tutorial_lib import PoolView, predict, run_threads, start_server

server = start_server(keys=["greeting", "views:home", "orders"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Two parts, two pools
#
# The module that greets has made a pool of four, and so has the module that counts. The shop's manual says: "At
# most four connections, see `max_connections`."

# %% jupyter={"source_hidden": true}
guess_most = predict(
    "Both parts borrow all they can. How many connections does the server see?",
    {
        4: "Each pool counts what it has opened itself, and knows of no other.",
        8: None,
        100: "That is the limit of a pool that is told none. These two were told.",
    },
)
guess_most

# %%
greetings = redis.ConnectionPool(**at, max_connections=4)
counters = redis.ConnectionPool(**at, max_connections=4)
lent = [(greetings, greetings.get_connection()) for _ in range(4)]
lent += [(counters, counters.get_connection()) for _ in range(4)]
seen = len(server.clients())  # clients() asks the server for its own list of them
for pool, connection in lent:
    pool.release(connection)

guess_most.reveal(seen)

# %% [markdown]
# `max_connections` is the limit of one pool, not of the application: count the pools, and add. That is one
# trouble with two pools. Here is another: eight visitors come at the same moment, all to be greeted. Two views
# watch, on the left the pool for greetings, on the right the pool for counters.

# %% jupyter={"source_hidden": true}
guess_away = predict(
    "The shop has eight connections open. How many of its eight visitors are turned away?",
    {
        0: "Four of the eight belong to a pool that no greeting asks.",
        4: None,
        8: "The pool for greetings has four idle ones to lend.",
    },
)
guess_away


# %%
def visit(pool):
    try:
        return pool.get_connection()
    except redis.MaxConnectionsError:
        return None  # turned away


views = [PoolView(greetings, server, title="greetings"), PoolView(counters, server, title="counters")]
visitors = run_threads(8, lambda: visit(greetings))
guess_away.reveal(visitors.count(None))

# %%
GridBox([view.freeze() for view in views], layout={"grid_template_columns": "1fr 1fr"})  # side by side

# %% [markdown]
# A full house, and next door four seats that nobody may take. Now one pool of eight for
# both parts, and the same eight visitors; then a ninth, whose view is to be counted:

# %%
for connection in [visitor for visitor in visitors if visitor]:
    greetings.release(connection)

both = redis.ConnectionPool(**at, max_connections=8)
visitors = run_threads(8, lambda: visit(both))
print("turned away:", visitors.count(None))
print("the ninth is turned away:", visit(both) is None)
for connection in visitors:
    both.release(connection)

# %% [markdown]
# What one part leaves idle, another may borrow. The price is what was printed last: greetings can take all there is.
# (A part that keeps one for long gets a pool of its own, in the [next lesson](05_who_still_holds_a_connection.ipynb).)
#
# ## One client for twenty threads
#
# The next shop has one `BlockingConnectionPool` with a limit of eight, and one client, made once. Twenty threads
# use it.

# %% jupyter={"source_hidden": true}
guess_threads = predict(
    "Twenty threads count twenty views each, at the same time. How many connections do they open?",
    {
        1: "One client is not one connection: it borrows one for each command, and eight may be lent at once.",
        "8 at most": None,
        20: "A thread needs one while its command is on the way; then another thread can have it.",
    },
)
guess_threads

# %%
shop = redis.BlockingConnectionPool(**at, max_connections=8)
r = redis.Redis(connection_pool=shop)
opened_before = server.opened()
r.set("greeting", "hello")
r.set("views:home", 0)
run_threads(20, lambda: [r.incr("views:home") for _ in range(20)])
opened = server.opened() - opened_before
print("views:", r.get("views:home"))
guess_threads.reveal("8 at most" if opened <= 8 else opened)

# %% [markdown]
# No view is lost, and no thread needs a connection or a client of its own. In a program, `r` stands at the top
# of one module, and the others import it.
#
# ## A client for each request
#
# Another shop makes a client for each request, and keeps it, say in a list of sessions. (`client_name` is
# their name in CLIENT LIST, the server's own list.)

# %% jupyter={"source_hidden": true}
guess_requests = predict(
    "Twenty requests have been answered. How many of their connections are in CLIENT LIST?",
    {
        0: "After a command its connection goes back to the pool, and the pool keeps it open.",
        1: "Each `redis.Redis(...)` has made a pool of its own. Nobody else can use what lies in it.",
        20: None,
    },
)
guess_requests


# %%
def answer_request():
    client = redis.Redis(**at, client_name="request")
    client.get("greeting")
    return client


kept = [answer_request() for _ in range(20)]
names = [client.name for client in server.clients()]
guess_requests.reveal(names.count("request"))

# %% [markdown]
# Twenty idle connections that nobody will use again. Twenty clients on a pool that is there already open none:

# %%
opened_before = server.opened()
for client in [redis.Redis(connection_pool=shop) for _ in range(20)]:
    client.get("greeting")

server.opened() - opened_before

# %% [markdown]
# Clients are cheap; it is the pool that there should be one of.
#
# How does it end, if the clients are kept? An open connection counts as an open file, and the operating system
# allows a program only so many. We start another program, allow it 50, and let it make clients until it hits
# the wall. (Not on Windows.)

# %% tags=["nbval-ignore-output"]
program = f"""
import redis, resource

resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))  # this program may open 50 files
kept = []
try:
    while True:
        kept.append(redis.Redis(host="{server.host}", port={server.port}))
        kept[-1].get("greeting")
except OSError as error:
    print(len(kept), "clients, then OSError: [Errno %d] %s" % (error.errno, error.strerror))
    print("a redis.RedisError:", isinstance(error, redis.RedisError))
"""
done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
print(done.stdout or done.stderr)

# %% [markdown]
# 47 and not 50, for input, output and errors are open files too. Most programs may open more, so this comes long
# after the mistake, to whatever opens a file next: a connection, a log. Here `except redis.RedisError` misses it.
#
# That program could not have used our pool. Each *process*, which is a running program, needs its own.

# %% [markdown]
# ## Whose settings hold?
#
# A database is a numbered drawer of the server. The shop's pool was told of none, so it opens drawer 0, where
# `greeting` is `hello`; nor was it told to decode. One part wants text, from drawer 5, which is empty. Another even
# names another host:
#
#     picky = redis.Redis(connection_pool=shop, db=5, decode_responses=True)
#     elsewhere = redis.Redis(connection_pool=shop, host="redis.example.com")

# %% jupyter={"source_hidden": true}
guess_settings = predict(
    'What does `picky.get("greeting")` return?',
    {
        "None": "So drawer 5 would answer. But the connection is the pool's, and looks into drawer 0.",
        "'hello'": "Text comes from a connection that decodes. This one's pool was not told to.",
        "b'hello'": None,
    },
)
guess_settings

# %%
picky = redis.Redis(connection_pool=shop, db=5, decode_responses=True)
elsewhere = redis.Redis(connection_pool=shop, host="redis.example.com")
print("from redis.example.com:", elsewhere.get("greeting"))
guess_settings.reveal(repr(picky.get("greeting")))

# %% [markdown]
# Not even the host counts: that greeting was ours. And nobody warns. Where a connection leads, and whether it
# decodes, is settled when the *pool* opens it. A client that is given a pool drops such settings of its own.
#
# One command does change the drawer: `SELECT`. A part that writes reports uses it.

# %% jupyter={"source_hidden": true}
guess_select = predict(
    "`reports.select(3)` has been called. What does `r`, another client on this pool, now get for the greeting?",
    {
        "b'hello'": "`r` has not moved. A connection has, and `r` was lent that one.",
        "None": None,
        "an error": "Drawer 3 is a drawer like any other, only empty. Nothing looks wrong to Redis.",
    },
)
guess_select

# %%
reports = redis.Redis(connection_pool=shop)
reports.select(3)  # "DB index is out of range"? Your own Redis has one drawer: go on with the next cell
guess_select.reveal(repr(r.get("greeting")))

# %% [markdown]
# `SELECT` moves one connection, and the pool takes it back as it is. Whoever borrows it next looks into drawer 3.
# Eight visitors come one by one, then eight at once. And the server's list names the drawer of every connection:


# %%
def greet_eight_at_once():
    lent = [shop.get_connection() for _ in range(8)]
    for connection in lent:
        connection.send_command("GET", "greeting")
    answers = [connection.read_response() for connection in lent]
    for connection in lent:
        shop.release(connection)
    return answers


print("one by one: ", [r.get("greeting") for _ in range(8)])
print("all at once:", greet_eight_at_once())
{client.db for client in server.clients()}

# %% [markdown]
# The pool lends last in, first out: so at a quiet moment nobody is greeted, and at a busy one all but one are. No
# error tells of it. A connection opened anew begins in the pool's own drawer. The lasting cure is a pool for each
# combination of database and decoding:

# %%
shop.disconnect()
print("opened anew:", r.get("greeting"))
for settings in ({}, {"decode_responses": True}, {"db": 1}):
    with redis.ConnectionPool(**at, max_connections=2, **settings) as pool:
        print(settings, repr(redis.Redis(connection_pool=pool).get("greeting")))

# %% [markdown]
# ## Who closes the pool?
#
# A part comes, greets, and is done. It closes its client, as it has learnt to: `with` calls `close()` at the end.

# %% jupyter={"source_hidden": true}
guess_close = predict(
    "The client was `Redis(connection_pool=shop)`. How many of the pool's eight connections has it closed?",
    {
        0: None,
        1: "A client that was given a pool does not own it. It closes nothing, not even the one that it used.",
        8: "A client that was given a pool does not own it, and leaves the whole pool as it is.",
    },
)
guess_close


# %%
def come_and_go(make_client):  # there are two ways to make one
    with make_client(connection_pool=shop) as part:
        part.get("greeting")


greet_eight_at_once()  # now eight are open
opened_before = server.opened()
come_and_go(redis.Redis)
greet_eight_at_once()  # whatever was closed is opened anew
guess_close.reveal(server.opened() - opened_before)

# %% [markdown]
# The other way to make a client of a pool reads even better: `redis.Redis.from_pool(shop)`.
#
# This time the part that comes and goes is made that way. Meanwhile the kitchen, in a thread of its own, waits on the
# shared pool: `BLPOP` returns the next order, or nothing after four seconds.

# %% jupyter={"source_hidden": true}
guess_kitchen = predict(
    "What does the kitchen get, and would `except redis.RedisError` catch it?",
    {
        "nothing, after four seconds": "So it would be with `Redis(connection_pool=shop)`. This client owns the pool.",
        "an error of redis-py": "It translates what the network reports, and nothing else. A buffer was closed here.",
        "an error of Python": None,
    },
)
guess_kitchen


# %%
def wait_for_order():
    try:
        return r.blpop("orders", timeout=4)
    except Exception as error:
        return error


with ThreadPoolExecutor() as kitchen:
    waiting = kitchen.submit(wait_for_order)
    # Until the server knows that it waits:
    while not (waiting.done() or any(client.blocked for client in server.clients())):
        sleep(0.05)
    come_and_go(redis.Redis.from_pool)
got = waiting.result()
whose = "redis-py" if isinstance(got, redis.RedisError) else "Python"
guess_kitchen.reveal(f"an error of {whose}" if got else "nothing, after four seconds")

# %% tags=["nbval-ignore-output"]
print(f"{type(got).__name__}: {got}")

# %% [markdown]
# `from_pool` makes the client the pool's owner. Its `close()` hangs up every connection, those in use too. What
# comes of it is an error of Python's own, which `except redis.RedisError` misses.
#
# It does not even take a `close()`. This client is dropped as soon as it has answered:

# %%
redis.Redis.from_pool(shop).get("greeting")
opened_before = server.opened()
r.get("greeting")
server.opened() - opened_before

# %% [markdown]
# A client that is thrown away closes itself: made `from_pool` for each request, it cuts off all others.
#
# The rule: whoever makes a pool closes it, after its clients are done. A `with` does so where its block ends
# (for pools since redis-py 8.1).
#
# | made with | its `close()` hangs up |
# |---|---|
# | `Redis(host=…)` | its own pool, for all who share this client |
# | `Redis(connection_pool=p)` | nothing |
# | `Redis.from_pool(p)` | `p`, for everybody |
#
# ## Exercises
#
# [Four of them](../exercises/04_one_pool_for_many_parts.ipynb): twenty who ask first, text beside bytes,
# orders in drawers, parts that leave.

# %% [markdown]
# ## Recap
#
# - One pool for each process, database and decoding, made once. A limit holds for one pool: add up those of all pools.
# - Database and decoding belong to the pool. `SELECT` reaches the next borrower.
# - `Redis(connection_pool=pool)` borrows a pool, `from_pool` owns it: closing or dropping that client cuts the
#   others, with an error such as `ValueError: I/O operation on closed file.`
#
# ## Questions to consider
#
# - How many pools does your program make, and on which lines? What do their limits add up to?
# - Which part of your program would you give a pool of its own, and why?
# - It is night, the shop is empty, and the shared pool says `in_use=1`. Who has it? That is the next lesson.

# %% [markdown]
# Last, close the pools that have connected, and the server.
#
# **Next:** [Who still holds a connection?](05_who_still_holds_a_connection.ipynb) Back to
# [What happens when the pool is exhausted?](03_when_the_pool_is_exhausted.ipynb).

# %% tags=["no-output"]
for owner in (greetings, counters, both, shop, *kept):
    owner.close()
server.close()
