# %% [markdown]
# # How do many parts of a program share a pool?
#
# A web shop has many parts: one greets customers, one counts page views, one takes orders. Each part needs Redis, but
# only now and then. In this lesson you'll see what happens when each part has a pool of its own, how the parts affect
# each other when they share one, whose settings apply, and what `close()` really closes.
#
# **You'll learn to**
# - say how many connections a program can open, and let one part use the connections that another leaves idle;
# - put `db`, `decode_responses` and the limit where they have an effect;
# - find a connection that is in the wrong database;
# - close a client without breaking the other parts.
#
# **You need** [lesson 03](03_when_the_pool_is_exhausted.ipynb): what an exhausted pool does. New: several clients on
# one pool, and the method `from_pool`. *15 minutes, plus 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import redis
from IPython.display import display

from tutorial_lib import PoolView, predict, run_threads, snapshot, start_server

server = start_server(keys=["greeting", "views:home", "orders"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Two parts, two pools

# %% [markdown]
# The module that greets customers creates a pool with a limit of four connections, and so does the module that counts
# views. The shop's documentation says: "At most four connections, see `max_connections`."
#
# `server.clients()` below is a helper of this course: it asks the server for its list of connections. The pools are
# plain redis-py.

# %% jupyter={"source_hidden": true}
guess_most = predict(
    "Both modules borrow as many connections as they can. How many does the server see?",
    {
        4: "Each pool counts only the connections that it has opened itself. It doesn't know about the other pool.",
        8: "Each pool opens up to four connections. Neither knows about the other, so the limits add up.",
        100: "That's the default limit of a pool. Both pools here have one of their own.",
    },
    answer=8,
)
guess_most

# %%
greetings = redis.ConnectionPool(**at, max_connections=4)
counters = redis.ConnectionPool(**at, max_connections=4)
borrowed = [(pool, pool.get_connection()) for pool in (greetings, counters) for _ in range(4)]
seen = len(server.clients())
for pool, connection in borrowed:
    pool.release(connection)

guess_most.reveal(seen)

# %% [markdown]
# **`max_connections` limits one pool, not your application.**
#
# To know how many connections your program can open, list its pools and add up their limits. Then multiply by the
# number of processes, because each process has its own copy of every pool. [Lesson 07](07_what_the_server_sees.ipynb)
# does the sum for many processes on many machines.

# %% [markdown]
# ## Eight requests for one part

# %% [markdown]
# Too many connections is one problem of two pools. Here is another. Eight requests arrive at the same moment, and all
# of them need a greeting. `borrow` below returns `None` if the pool refuses, and `PoolView`, this course's live
# picture of a pool, watches both pools.

# %% jupyter={"source_hidden": true}
guess_refused = predict(
    "The shop has eight open connections. How many of the eight requests are refused?",
    {
        0: "Four of the open connections belong to the other pool, and a request for a greeting can't borrow those.",
        4: "The pool for greetings has only four connections. The other pool's four stay idle.",
        8: "The pool for greetings has four idle connections, so four requests can borrow one.",
    },
    answer=4,
)
guess_refused


# %%
def borrow(pool):
    try:
        return pool.get_connection()
    except redis.MaxConnectionsError:
        return None


# %%
views = [
    PoolView(greetings, server, title="greetings"),
    PoolView(counters, server, title="counters"),
]
borrowed = run_threads(8, lambda: borrow(greetings))
print("greetings:", snapshot(greetings))
print("counters: ", snapshot(counters))
guess_refused.reveal(borrowed.count(None))

# %% [markdown]
# **A request can't use an idle connection of another pool.**
#
# In the first picture all four connections are in use, and in the second all four are idle:

# %% tags=["nbval-ignore-output"]
display(*[view.freeze() for view in views])

# %% [markdown]
# Now try one pool of eight for both modules, with the same eight requests. Then a ninth request comes, to count a
# view:

# %%
for connection in filter(None, borrowed):
    greetings.release(connection)

both = redis.ConnectionPool(**at, max_connections=8)
borrowed = run_threads(8, lambda: borrow(both))
print("refused:", borrowed.count(None))
print("the ninth is refused:", borrow(both) is None)
for connection in borrowed:
    both.release(connection)

# %% [markdown]
# **A shared pool uses its connections better, but one busy part can take them all.** If a part keeps a connection for
# a long time, give it a pool of its own. [Lesson 06](06_commands_that_keep_a_connection.ipynb) shows which commands
# keep one.

# %% [markdown]
# ## One client for twenty threads

# %% [markdown]
# The next pool is a `BlockingConnectionPool` with a limit of eight. There's one client on it, and twenty threads use
# that client.

# %% jupyter={"source_hidden": true}
guess_threads = predict(
    "Twenty threads count twenty views each, at the same time. How many connections do they open?",
    {
        1: "A client isn't a connection. It borrows one for each command, so several can be in use at once.",
        "8 at most": "A thread keeps a connection only while its command runs. A thread that finds none idle waits.",
        20: "A thread returns the connection after each command, so another thread can borrow it.",
    },
    answer="8 at most",
)
guess_threads

# %%
shop = redis.BlockingConnectionPool(**at, max_connections=8)
r = redis.Redis(connection_pool=shop)
r.set("greeting", "hello")
r.set("views:home", 0)

opened_before = server.opened()
run_threads(20, lambda: [r.incr("views:home") for _ in range(20)])
opened = server.opened() - opened_before
print("views:", r.get("views:home"))
guess_threads.reveal("8 at most" if opened <= 8 else opened)

# %% [markdown]
# **One client can be shared by all threads of a program.**
#
# No view was lost, and no thread needed a connection or a client of its own. redis-py documents its client as
# [thread-safe](https://redis.readthedocs.io/en/stable/advanced_features.html#a-note-about-threading). So create `r`
# in one module, and import it in the others. Its pipelines and its pub/sub listeners aren't thread-safe, so create
# one of those in the thread that uses it.

# %% [markdown]
# ## A client for each request

# %% [markdown]
# Another shop creates a client for each request, and keeps it together with the customer's session. It passes
# `client_name`, so that you can recognise its connections in the server's list.

# %% jupyter={"source_hidden": true}
guess_requests = predict(
    "Twenty requests have been answered. How many of their connections does the server still list?",
    {
        0: "After a command, the connection is returned to its pool, and the pool keeps it open for the next one.",
        1: "Each `redis.Redis(host=…)` creates a pool of its own, so no request can reuse the connection of another.",
        20: "Each client has its own pool with one idle connection in it, and no other client can reach it.",
    },
    answer=20,
)
guess_requests


# %%
def answer_request():
    client = redis.Redis(**at, client_name="request")
    client.get("greeting")
    return client


# %%
sessions = [answer_request() for _ in range(20)]
names = [client.name for client in server.clients()]
guess_requests.reveal(names.count("request"))

# %% [markdown]
# **Create as many clients as you like, but only one pool.**
#
# The server lists twenty idle connections, and none will be used again. Twenty clients on a pool that exists already
# don't open a single one:

# %%
opened_before = server.opened()
for client in [redis.Redis(connection_pool=shop) for _ in range(20)]:
    client.get("greeting")

server.opened() - opened_before

# %% [markdown]
# The same mistake can also build up slowly. Some programs keep their client in a cache and create a new one, with a new pool,
# when the entry expires. Other parts of the program still use the old client, so its pool stays open too. Here the
# entry has expired three times, and each of the four clients has used all five connections of its pool:

# %%
in_use_elsewhere = []
for _ in range(4):
    cached = redis.Redis(**at, max_connections=5, client_name="cached")
    connections = [cached.connection_pool.get_connection() for _ in range(5)]
    for connection in connections:
        cached.connection_pool.release(connection)
    in_use_elsewhere.append(cached)

print("planned: 5, open:", [client.name for client in server.clients()].count("cached"))

# %% [markdown]
# ## Whose settings apply?

# %% [markdown]
# A Redis server has numbered databases. The pool `shop` uses the default, database 0, where `greeting` is `hello`,
# and it doesn't decode replies. Now one part of the program asks for decoded text from database 5, which is empty.
# Another part even names another host. Both clients are given the pool `shop`:
#
# ```python
# reports = redis.Redis(connection_pool=shop, db=5, decode_responses=True)
# elsewhere = redis.Redis(connection_pool=shop, host="redis.example.com")
# ```

# %% jupyter={"source_hidden": true}
guess_settings = predict(
    'What does `reports.get("greeting")` return?',
    {
        "None": "Database 5 would reply that. But the connection comes from the pool, and the pool uses database 0.",
        "'hello'": "It does come from database 0. But decoding is a setting of the connection, too, and this one doesn't decode.",
        "b'hello'": "The pool opened the connection with its own settings: database 0, no decoding. The client borrows it as it is.",
    },
    answer="b'hello'",
)
guess_settings

# %%
reports = redis.Redis(connection_pool=shop, db=5, decode_responses=True)
elsewhere = redis.Redis(connection_pool=shop, host="redis.example.com")
print("from redis.example.com:", elsewhere.get("greeting"))
guess_settings.reveal(repr(reports.get("greeting")))

# %% [markdown]
# **A client that is given a pool ignores its own `db`, `host` and `decode_responses`, without a warning.**
#
# These settings belong to the connection, and the *pool* opens the connections. So put them on the pool, and create
# one pool for each combination of database and decoding:

# %%
for settings in ({}, {"decode_responses": True}, {"db": 1}):
    with redis.ConnectionPool(**at, max_connections=2, **settings) as pool:
        print(settings, repr(redis.Redis(connection_pool=pool).get("greeting")))

# %% [markdown]
# A setting can also get lost in a function of your own that doesn't pass it on. Print the limit once when your
# program starts, and you'll notice:


# %%
def make_client(url, **options):
    return redis.Redis.from_url(url)  # options are forgotten


client = make_client(server.url, max_connections=5)
print("asked for 5, got", client.connection_pool.max_connections)

# %% [markdown]
# > **redis-py 7 and older:** the default limit was 2,147,483,648 connections, so in practice there was none.

# %% [markdown]
# ## What does SELECT change?

# %% [markdown]
# There's one command that changes the database: `SELECT`. The part that writes reports now uses it, with a client on
# the shared pool.

# %% jupyter={"source_hidden": true}
guess_select = predict(
    "`reports.select(3)` has been called. What does `r`, another client on this pool, get for the greeting now?",
    {
        "b'hello'": "`r` itself hasn't changed, but the connection that it borrows has.",
        "None": "`SELECT` switched the connection to database 3, which is empty. The pool doesn't switch it back, "
        "and `r` borrowed it next.",
        "an error": "Database 3 exists and is empty. For Redis nothing is wrong here.",
    },
    answer="None",
)
guess_select

# %%
reports.select(3)  # "DB index is out of range"? Your own Redis has one database: skip this section
guess_select.reveal(repr(r.get("greeting")))

# %% [markdown]
# **`SELECT` changes one connection, and the next caller that borrows it gets the wrong database.**
#
# The pool hands out the connection that was returned last. So as long as requests come one at a time, every request
# gets the wrong database. When eight come at once, only one of them does, and there's no error to warn you. The
# server's list shows the databases that its connections use:


# %%
def greet_eight_at_once():
    connections = [shop.get_connection() for _ in range(8)]
    for connection in connections:
        connection.send_command("GET", "greeting")  # what r.get() does inside
    replies = [connection.read_response() for connection in connections]
    for connection in connections:
        shop.release(connection)
    return replies


# %%
print("one by one: ", [r.get("greeting") for _ in range(8)])
print("all at once:", greet_eight_at_once())
{client.db for client in server.clients()}

# %% [markdown]
# A new connection starts in the pool's own database, so disconnecting helps for now. The lasting fix is a pool for
# each database, as above. redis-py's [note about
# threads](https://redis.readthedocs.io/en/stable/advanced_features.html#a-note-about-threading) gives the same
# advice, although its statement that clients have no `SELECT` is out of date.

# %%
shop.disconnect()
r.get("greeting")

# %% [markdown]
# ## Who closes the pool?

# %% [markdown]
# A part of the program starts, asks for the greeting and ends. It closes its client properly: the `with` in
# `use_and_close` calls `close()` at the end of the block.

# %% jupyter={"source_hidden": true}
guess_close = predict(
    "The client is `Redis(connection_pool=shop)`. How many of the pool's eight connections does it close?",
    {
        0: "The client didn't create the pool, so it doesn't close it.",
        1: "The connection that it used was returned to the pool after the command, and stays open.",
        8: "It would if the client had created the pool itself, as `Redis(host=…)` does.",
    },
    answer=0,
)
guess_close


# %%
def use_and_close(make_client):
    with make_client(connection_pool=shop) as client:
        client.get("greeting")


# %%
greet_eight_at_once()  # now eight connections are open
opened_before = server.opened()
use_and_close(redis.Redis)
greet_eight_at_once()  # what was closed is opened again
guess_close.reveal(server.opened() - opened_before)

# %% [markdown]
# **A client closes only a pool that it created or was told to own.** `Redis(connection_pool=…)` does neither, so its
# `close()` leaves the pool open for the other parts.

# %% [markdown]
# ## What does from_pool do?

# %% [markdown]
# There's another way to create a client on a pool: `redis.Redis.from_pool(shop)`. This time, the part that asks for
# the greeting and ends creates its client that way. Meanwhile the kitchen (the shop sells pizza) waits for an order
# in a thread of its own, with a client on the same pool: `BLPOP` returns the next order, or `None` after four
# seconds.

# %% jupyter={"source_hidden": true}
guess_kitchen = predict(
    "What does the kitchen get, and would `except redis.RedisError` catch it?",
    {
        "nothing, after four seconds": "That's what `Redis(connection_pool=shop)` would lead to. A `from_pool` client owns the "
        "pool, so closing the client closes the pool.",
        "an error of redis-py": "redis-py turns errors of the network into its own. But this connection was closed by "
        "another thread of the same program, and redis-py doesn't expect that.",
        "an error of Python": "Closing the pool closed the connection on which the kitchen was waiting. "
        "redis-py doesn't handle that case, so Python's own error reaches the caller.",
    },
    answer="an error of Python",
)
guess_kitchen


# %%
def wait_for_order():
    try:
        return r.blpop("orders", timeout=4)
    except Exception as error:
        return error


# %%
with ThreadPoolExecutor() as kitchen:
    waiting = kitchen.submit(wait_for_order)
    while not (waiting.done() or any(client.blocked for client in server.clients())):
        sleep(0.05)  # until the server says that the kitchen waits
    use_and_close(redis.Redis.from_pool)

got = waiting.result()
whose = "redis-py" if isinstance(got, redis.RedisError) else "Python"
guess_kitchen.reveal(f"an error of {whose}" if got else "nothing, after four seconds")

# %% [markdown]
# **`from_pool` makes the client the owner of the pool, so the client's `close()` disconnects every connection, even
# those in use.**
#
# The error that the kitchen got isn't a `redis.RedisError`, so the usual `except` clause misses it:

# %% tags=["nbval-ignore-output"]
print(f"{type(got).__name__}: {got}")

# %% [markdown]
# You don't even have to call `close()`. The next client is created, used and dropped, and when Python frees it, it
# closes the pool. So `r` has to open a connection for its next command:

# %%
redis.Redis.from_pool(shop).get("greeting")
opened_before = server.opened()
r.get("greeting")
server.opened() - opened_before

# %% [markdown]
# So never create a `from_pool` client for each request, because each of them closes the pool while the others use it.
# redis-py's [source](https://github.com/redis/redis-py/blob/v8.1.0/redis/client.py) says so, too: look for
# `from_pool`. The rule is simple: **the code that creates a pool closes it, when all its clients are done.**
#
# | created with | `close()` closes |
# |---|---|
# | `Redis(host=…)` | its own pool, for all parts that share this client |
# | `Redis(connection_pool=pool)` | nothing |
# | `Redis.from_pool(pool)` | `pool`, for all its users |
#
# `with pool:` closes a pool where the block ends.
#
# > **redis-py 8.0 and older:** a pool can't be used in a `with` statement. Call `pool.close()`.

# %% [markdown]
# ## Going deeper: with on a shared client

# %% [markdown]
# A client also closes a pool that it created itself. Some programs do that by accident: they share a client between
# threads, and write `with r:` around each operation. The end of each block disconnects the connections of the other
# threads. You may see two errors, and both are Python's own:


# %% tags=["nbval-ignore-output"]
def use_shared(client):
    try:
        with client:
            client.get("greeting")
    except Exception as error:
        return f"{type(error).__name__}: {error}"


# %% tags=["nbval-ignore-output"]
shared = redis.Redis(**at)
opened_before = server.opened()
outcomes = run_threads(6, lambda: [use_shared(shared) for _ in range(200)])
texts = [text for outcome in outcomes for text in outcome if text]
for text in sorted(set(texts)):
    print(texts.count(text), "times", text)
print("connections opened:", server.opened() - opened_before)

# %% [markdown]
# **Don't use `with` on a client that other threads share.** Close it once, when the program ends. Nearly every
# command had to open a connection here, because another thread had closed the pool.

# %% [markdown]
# ## Going deeper: too many open files

# %% [markdown]
# What happens if a program keeps creating clients? For the operating system each open connection is an open file, and
# a program may have only a limited number of these. This cell starts another program, allows it 50 open files, and
# lets it create clients until it fails. It needs Linux or macOS.

# %% tags=["nbval-ignore-output"]
program = f"""
import redis, resource

resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))  # at most 50 open files
kept = []
try:
    while True:
        kept.append(redis.Redis(host="{server.host}", port={server.port}))
        kept[-1].get("greeting")
except OSError as error:
    print(f"{{len(kept)}} clients, then OSError: [Errno {{error.errno}}] {{error.strerror}}")
    print("a redis.RedisError:", isinstance(error, redis.RedisError))
"""
done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
print(done.stdout or done.stderr)

# %% [markdown]
# **`Too many open files` is an `OSError`, so `except redis.RedisError` misses it.**
#
# The error came before the fiftieth client, because a program's input and output are open files, too. Most programs
# may open many more than 50 files, so the error comes long after the mistake, and in whatever code opens the next
# file. That can be a new connection, or a log file.

# %% [markdown]
# ## Summary

# %% [markdown]
# - Create one pool per process, or one for each combination of database and decoding. A limit holds for one pool, so
#   add up the limits of all pools.
# - All threads can share one client. `db`, `decode_responses` and the host are settings of the pool; a client that is
#   given a pool ignores its own.
# - `SELECT` changes a connection for the next callers, too. Use a pool with `db=…` instead.
# - `Redis(connection_pool=pool)` uses a pool, `Redis.from_pool(pool)` owns it. When an owner is closed or dropped,
#   other parts may get `ValueError: I/O operation on closed file.`

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>A service has three modules, each with <code>ConnectionPool(max_connections=20)</code>, and runs in four
# processes. How many connections may it open?</summary>
#
# 240: three pools of 20 connections, in four processes. Each pool has its own limit, and each process has its own
# three pools.
#
# </details>
#
# <details><summary>You pass <code>decode_responses=True</code> to a client and still get bytes. Why?</summary>
#
# The client was given a pool, so its own settings are ignored. Put `decode_responses=True` on the pool.
#
# </details>
#
# <details><summary>A request handler runs <code>with redis.Redis.from_pool(pool) as r:</code>. What will the other requests see?</summary>
#
# Some get errors such as `I/O operation on closed file.`, because their connections are closed in the middle of a
# command. The others have to open a connection again. With `Redis(connection_pool=pool)` the pool stays open.
#
# </details>

# %% [markdown]
# Last, close the pools and stop the server:

# %% tags=["no-output"]
for pool in (greetings, counters, both, shop):
    pool.close()
for owner in (client, shared, *sessions, *in_use_elsewhere):
    owner.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: sharing a client, decoding, two databases, and who
# closes](../exercises/ex04_one_pool_for_many_parts.ipynb)
#
# **Next:** [Who still holds a connection?](05_who_still_holds_a_connection.ipynb)
