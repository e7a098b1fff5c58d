# %% [markdown]
# # Your first pool: what is in it, and when?
#
# A pool is one object, made in one line. When it opens a connection, which one it lends and whom it
# turns away is less obvious, and all of it can be watched.
#
# You will be able to
# - build a pool, and say what `host`, `port`, `db` and `max_connections` do when given and when left out;
# - say how many connections a pool has open, and which one it lends next;
# - take a pool's address from a URL without falling into its two traps.
#
# *20 minutes, and 20 for the exercises.*

# %% tags=["nbval-ignore-output"]
from timeit import timeit

import redis

from tutorial_lib import FaultProxy, PoolView, predict, snapshot, start_server

server = start_server()
server

# %% [markdown]
# ## One line, and nothing opens
#
# A **pool** keeps connections to Redis and lends them out. `redis.ConnectionPool` takes the address of a
# Redis, and a limit, each by its name:
#
# | argument | what it says | if left out |
# |---|---|---|
# | `host` | the machine on which Redis runs | `"localhost"`, this one |
# | `port` | the door on that machine | `6379`, Redis's own |
# | `db` | which of the server's numbered databases | `0` |
# | `max_connections` | the limit: how many connections this pool may hold | `100` |

# %% jupyter={"source_hidden": true}
guess_open = predict(
    "A pool with a limit of five is built. How many connections are open now?",
    {
        5: "Five is the most that it may hold. It opens none ahead.",
        1: "It does not even try whether the address is right.",
        0: None,
    },
)
guess_open

# %%
opened_before = server.opened()
pool = redis.ConnectionPool(
    host=server.host,
    port=server.port,
    db=0,
    max_connections=5,
)
guess_open.reveal(server.opened() - opened_before)

# %% [markdown]
# The server has seen nobody. A new pool is a plan; the first command carries it out. `redis.Redis`
# gives the commands their names, and takes its connections from the pool. `snapshot` counts them there:

# %%
r = redis.Redis(connection_pool=pool)
r.set("greeting", "hello")
print(r.get("greeting").decode())
print("opened:", server.opened() - opened_before)
print(snapshot(pool))

# %% [markdown]
# Two commands, one connection. `in_use` are lent now, `idle` wait in the pool, `limit` is the most it may
# hold.
#
# The table's last column, checked: 100 is new in redis-py 8.0; before, it was 2³¹, which no program
# reaches. And 0 does not mean "no limit". (`redis.Connection` is what a pool opens.)

# %%
plan = redis.Connection()
print("goes to", plan.host, plan.port, plan.db)
print("no limit given:", snapshot(redis.ConnectionPool()))
print("a limit of 0:", snapshot(redis.ConnectionPool(max_connections=0)))

# %% [markdown]
# ## Twenty visitors, one connection
#
# A shop greets each visitor with the words that it keeps in Redis. It asks through the pool, where one
# connection lies idle:


# %%
def greet():
    return r.get("greeting")


opened_before = server.opened()
for _ in range(20):
    greet()

server.opened() - opened_before

# %% [markdown]
# No new connection for twenty visitors. Another shop builds a client for each visitor, and closes it
# properly.

# %% jupyter={"source_hidden": true}
guess_afresh = predict(
    "Each of twenty visitors gets a new client. How many connections are opened?",
    {
        1: "Each new client builds a pool of its own, which has no idle connection to reuse.",
        5: "Five is the limit of our pool. Each new client has a pool of its own.",
        20: None,
    },
)
guess_afresh


# %%
def greet_afresh():
    with redis.Redis(host=server.host, port=server.port) as fresh:
        return fresh.get("greeting")


opened_before = server.opened()
for _ in range(20):
    greet_afresh()

guess_afresh.reveal(server.opened() - opened_before)

# %% [markdown]
# The difference is time: a newcomer has to be let in, and to introduce itself with `HELLO` and more,
# before its first command.

# %%
heard_before = server.commands()
greet_afresh()
newcomer = server.commands() - heard_before
newcomer["HELLO"], newcomer["GET"]

# %% tags=["nbval-ignore-output"]
pooled, afresh = timeit(greet, number=100), timeit(greet_afresh, number=100)
print(f"100 greetings: {pooled:.3f} s through the pool, {afresh:.3f} s afresh")

# %% [markdown]
# A pool pays when
# - many quick commands follow each other, and none should wait for a connection to open;
# - several users, or parts of a program, need Redis at once: they share one pool;
# - the server should spend its time on commands, not on newcomers.
#
# A script that sends one command a day gains nothing.

# %% [markdown]
# ## Five at once, and not a sixth
#
# Each command borrows a connection and gives it back. Here we borrow by hand, which programs hardly
# ever need, until a pool made for it has lent all it may. `PoolView` draws it live: a slot for each allowed
# connection, joined to the server's own entry for it.

# %%
small = redis.ConnectionPool(host=server.host, port=server.port, max_connections=5)
view = PoolView(small, server)
borrowed = [small.get_connection() for _ in range(5)]
try:
    small.get_connection()
except redis.MaxConnectionsError as error:
    print(f"{type(error).__name__}: {error}")

view.freeze()  # keep the picture of this moment

# %% [markdown]
# Five slots, all in use. The limit is a guard: whatever goes wrong in your program, this pool will not
# flood the server with connections. The sixth caller was refused at once; how to have it wait instead is
# the subject of [lesson 03](03_when_the_pool_is_exhausted.ipynb).

# %% jupyter={"source_hidden": true}
guess_next = predict(
    "All five are given back in order, 0 first and 4 last. Which one does the next caller get?",
    {
        0: "That would be taking turns: first in, first out. A pool is a stack.",
        4: None,
        "a new one": "A new one is opened only when none lies idle, and five do.",
    },
)
guess_next

# %%
for connection in borrowed:
    small.release(connection)

lent = small.get_connection()
small.release(lent)
guess_next.reveal(borrowed.index(lent))

# %% [markdown]
# Last in, first out, and the five slots above are idle. At quiet times one connection does all the work
# and the other four lie idle, for as long as the pool lives: nothing closes them. Twenty visitors later:

# %%
r_small = redis.Redis(connection_pool=small)
for _ in range(20):
    r_small.get("greeting")

snapshot(small)

# %% [markdown]
# ## One pool here, one far away
#
# Two examples to keep. The first is for a Redis on your own machine; the second is for database 1 of
# one elsewhere, used by a busier program.

# %%
here = redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)
far = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
print(snapshot(here))
print(snapshot(far))
{name: far.connection_kwargs[name] for name in ("host", "port", "db")}

# %% jupyter={"source_hidden": true}
guess_heard = predict(
    "No Redis lives at that address. When does a program hear of it?",
    {
        "when it builds the pool": "The cell above has built one, and nobody complained.",
        "at its first command": None,
        "never": "The first command needs a connection, and none can be opened.",
    },
)
guess_heard

# %%
heard = "when it builds the pool"
try:
    nowhere = redis.ConnectionPool(host="127.0.0.1", port=1)  # nobody listens there
    heard = "at its first command"
    redis.Redis(connection_pool=nowhere).ping()
    heard = "never"
except redis.ConnectionError as error:
    print(type(error).__name__)

guess_heard.reveal(heard)

# %% [markdown]
# So a program that wants to know early sends a `ping()` when it starts.
#
# A host far away can be had here: `FaultProxy` stands before our own server, and makes each question and
# its answer take 50 milliseconds longer. What does the first command cost there, and what the second?

# %% tags=["nbval-ignore-output"]
proxy = FaultProxy(server, round_trip=0.05)
db = 1 if server.owned else 0  # your own Redis may have only database 0
distant = redis.ConnectionPool(host=proxy.host, port=proxy.port, db=db, max_connections=20)
r_distant = redis.Redis(connection_pool=distant)
first, second = (timeit(lambda: r_distant.get("greeting"), number=1) for _ in range(2))
print(f"first GET: {first:.2f} s, second GET: {second:.2f} s")

# %% [markdown]
# The first had to open the connection: several messages to and fro before its own. The farther the
# server, the more a pool saves. And `db`? Databases are numbered drawers of one server. Our greeting lies
# in drawer 0, and this pool looks into drawer 1:

# %%
print(r_distant.get("greeting"))
snapshot(distant)

# %% [markdown]
# ## The address in one string
#
# Settings files often keep an address as a URL: `redis://host:port/db?max_connections=20`. It has two
# traps. The first: an argument says something else. It stands in your code, so does it win?

# %%
url = "redis://redis.example.com:6379/1?max_connections=20"
from_settings = redis.ConnectionPool.from_url(url, db=0, max_connections=5)
print({name: from_settings.connection_kwargs[name] for name in ("host", "port", "db")})
print(snapshot(from_settings))

# %% [markdown]
# The URL wins, each time. The second trap is about `decode_responses`, which makes a pool return text
# instead of bytes.

# %% jupyter={"source_hidden": true}
guess_type = predict(
    "The URL ends in `?decode_responses=False`. What does `get` return?",
    {
        "bytes": "So it reads. But what stands in a URL is text, and any text but the empty one is true.",
        "str": None,
    },
)
guess_type

# %%
with redis.ConnectionPool.from_url(f"{server.url}?decode_responses=False") as pool_from_url:
    answer = redis.Redis(connection_pool=pool_from_url).get("greeting")

print(answer, bool("False"))
guess_type.reveal(type(answer).__name__)

# %% [markdown]
# Nobody turns the word `False` into the value. Leave it out, for bytes are what you get without it; or
# say it in code, as `from_url(url, decode_responses=True)`.

# %% [markdown]
# ## How many, and how it ends
#
# Choose the limit between two sides: what your program needs at its busiest, and what the server
# allows, which counts all pools of all programs together. [Lesson 08](08_how_many_connections.ipynb) works out
# a number.
#
# Whoever built a pool closes it. Closing hangs up; it does not lock the door, so the next command opens
# a new connection:

# %%
opened_before = server.opened()
pool.close()
greet()
server.opened() - opened_before

# %% [markdown]
# ## Exercises
#
# [Four of them](../exercises/01_your_first_pool.ipynb): build a pool, run the greeting program and leave
# nothing lent, describe a remote pool without connecting, and read one from a URL.

# %% [markdown]
# ## Recap
#
# - A pool opens a connection when a command needs one and none is idle. At its limit it refuses.
# - It lends the one that came back last, and keeps the others open.
# - Host, port, database and decoding are settings of the pool. What the URL says wins.
#
# ## Questions to consider
#
# - What is `max_connections` in your own program, and who chose it?
# - At what hour does it need the most connections, and what happens to one caller more?
# - Five connections, nineteen quiet hours: what may happen to the four that lie idle?

# %% [markdown]
# Last, close the pools that have connected, and the server.
#
# **Next:** [What does a connection cost?](02_what_a_connection_costs.ipynb) Back to
# [Start here](00_start_here.ipynb).

# %% tags=["no-output"]
small.close()
pool.close()
distant.close()
proxy.close()
server.close()
