# %% [markdown]
# # What is a connection pool, and how do you make one?
#
# Every command that your program sends to Redis travels over a TCP connection, and opening a connection takes longer
# than the command itself. A connection pool keeps connections open so that your commands can reuse them. In this
# lesson you make one, run your first program on it, and see what it does at its limit.
#
# **You'll learn to**
# - create a pool, and say what `host`, `port`, `db` and `max_connections` do;
# - predict when a pool opens a connection, and which one a command gets;
# - decide whether your program needs a pool, and what its limit depends on;
# - take a pool's settings from a URL, and avoid two surprises on the way.
#
# **You need** Python, and a rough idea of Redis: it stores values under keys. You don't need to know anything about
# pools. *20 minutes, plus 25 for the exercises.*

# %% tags=["nbval-ignore-output"]
from timeit import timeit

import redis

from tutorial_lib import FaultProxy, PoolView, playground, predict, snapshot, start_server

server = start_server()
server

# %% [markdown]
# ## A new connection for each request?

# %% [markdown]
# Imagine a web shop. Its home page shows a greeting, and the text is stored in Redis under the key `greeting`, so
# each request reads that key. The code below does that in the most obvious way: it creates a client, reads the key,
# and closes the client again. `redis.Redis` is redis-py's client, the object that has a method for each command.
#
# `server` is this course's object for the Redis that this page uses. `server.opened()` returns how many connections
# that Redis has accepted so far. The difference between two of these numbers is how many were opened in between.

# %% jupyter={"source_hidden": true}
guess_new = predict(
    "Twenty requests call `greet_with_new_client()`, one after the other. How many connections does the server accept?",
    {
        1: "A new client has no open connection to reuse, not even one that another client used a moment ago.",
        20: "Each client opens a connection when it sends its command, and closes it at the end of the `with` block.",
        40: "Creating the client opens nothing. Only the `get` opens a connection, so there's one for each request.",
    },
    answer=20,
)
guess_new


# %%
def greet_with_new_client():
    with redis.Redis(host=server.host, port=server.port) as client:
        return client.get("greeting")


opened_before = server.opened()
for _ in range(20):
    greet_with_new_client()

guess_new.reveal(server.opened() - opened_before)

# %% [markdown]
# **A new client for each request means a new connection for each request.**
#
# Opening a connection is work for both sides. TCP has to connect first. Then redis-py and Redis agree on how they'll
# talk, which is called the *handshake*. Only after that can redis-py send the GET. Here all of that is repeated for
# each request. It's better to leave the connection open and use it for the next request, too, and that's what a pool
# does.

# %% [markdown]
# ## Creating a pool

# %% [markdown]
# A **connection pool** is an object that keeps connections to Redis. A command *borrows* a connection from the pool,
# and *returns* it as soon as the reply has arrived. Then the next command can borrow it.
#
# In redis-py, `redis.ConnectionPool` makes a pool. Four arguments matter now, and each is given by its name:
#
# | argument | what it says | if you leave it out |
# |---|---|---|
# | `host` | the name or address of the machine on which Redis runs | `"localhost"`, this machine |
# | `port` | the TCP port that Redis listens on | `6379`, Redis's usual port |
# | `db` | which of the server's numbered databases to use | `0` |
# | `max_connections` | the limit: how many connections this pool may have | `100` |

# %% jupyter={"source_hidden": true}
guess_open = predict(
    "You create a pool with a limit of five. How many connections does that open?",
    {
        5: "Five is the most that this pool may open. It opens none in advance.",
        1: "The pool doesn't even check the address. It connects when a command needs a connection.",
        0: "A new pool only stores its settings. It opens a connection when a command needs one and none is idle.",
    },
    answer=0,
)
guess_open

# %%
opened_before = server.opened()
pool_of_five = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=5)

guess_open.reveal(server.opened() - opened_before)

# %% [markdown]
# **Creating a pool opens no connections.** The first command opens one.
#
# So your program can create its pool at the top of a module, before Redis is even running. redis-py's documentation
# lists [all the other arguments](https://redis.readthedocs.io/en/stable/connections.html), for passwords, timeouts
# and more. You won't need them in this lesson.

# %% [markdown]
# ## The greeting program

# %% [markdown]
# Here's a complete program with a pool. It creates a pool with a limit of three and gives it to a client with
# `connection_pool=`. Then it sets the key `greeting` to `hello`, reads the key back, and prints the value.
#
# Redis stores bytes, so `get` returns `b"hello"`. The method `decode()` turns the bytes into text.

# %% jupyter={"source_hidden": true}
guess_greeting = predict(
    "The program sends SET, and then GET. How many connections does it open?",
    {
        3: "Three is the limit. The pool opens another connection only when a command needs one and none is idle.",
        2: "Before GET asks for a connection, SET has returned the one that it borrowed. So GET borrows that one.",
        1: "SET opened a connection and returned it. GET found it idle in the pool and borrowed it again.",
    },
    answer=1,
)
guess_greeting

# %%
opened_before = server.opened()

pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)
r = redis.Redis(connection_pool=pool)
r.set("greeting", "hello")
answer = r.get("greeting")
print(answer.decode())

# %%
guess_greeting.reveal(server.opened() - opened_before)

# %% [markdown]
# **Commands that run one after the other share one connection.**
#
# Each command borrowed the connection for as long as it took, and then returned it. You didn't have to ask for that:
# the client borrows and returns for you. Where is the connection now? `snapshot`, one of this course's helpers,
# counts what a pool has:

# %%
snapshot(pool)

# %% [markdown]
# The connection is *idle*: open, and ready to be borrowed. While a command runs, its connection is *in use*. The
# limit is what you passed as `max_connections`.

# %% [markdown]
# ## When does a pool pay off?

# %% [markdown]
# Now the shop's requests read the greeting through the pool. `timeit` is Python's own stopwatch: it calls a function
# a hundred times and returns how many seconds that took. Redis runs on your own machine here, so the network adds
# almost nothing.

# %% jupyter={"source_hidden": true}
guess_time = predict(
    "A hundred requests, each with a new client: how long do they take, compared with a hundred through the pool?",
    {
        "about as long": "Opening isn't free: each new connection needs TCP and a handshake before its GET.",
        "twice as long": "That would be one more message for each GET. Opening a connection takes several.",
        "many times as long": "For each GET, a new client also connects, sends a handshake and disconnects.",
    },
    answer="many times as long",
)
guess_time


# %%
def greet():
    return r.get("greeting")


opened_before = server.opened()
for _ in range(100):
    greet()

server.opened() - opened_before

# %% tags=["nbval-ignore-output"]
pooled, with_new_clients = timeit(greet, number=100), timeit(greet_with_new_client, number=100)
print(f"through the pool: {pooled:.3f} s, with new clients: {with_new_clients:.3f} s")

ratio = with_new_clients / pooled
guess_time.reveal("many times as long" if ratio > 3 else f"{ratio:.1f} times as long")

# %% [markdown]
# **With a pool, a request pays for its command and not for opening a connection.** A hundred requests opened no
# connection at all, because one was idle.
#
# New connections keep the server busy, too. `server.commands()` returns how many commands of each kind the server has
# handled. One greeting with a new client makes it handle a HELLO, the beginning of the handshake, as well as the GET:

# %%
handled_before = server.commands()
greet_with_new_client()
handled = server.commands() - handled_before
handled["HELLO"], handled["GET"]

# %% [markdown]
# So a pool pays off when
# - your program sends many quick commands, and none of them should wait while a connection opens;
# - several users, threads or parts of your program need Redis at the same time, and can share one pool;
# - the server should spend its time on commands, not on new connections.
#
# A script that sends one command a day gains nothing. Redis's own documentation compares [connection pools with other
# ways to share connections](https://redis.io/docs/latest/develop/clients/pools-muxing/).

# %% [markdown]
# ## What happens at the limit?

# %% [markdown]
# So far one connection was enough, because one request came after the other. Now use up a pool by hand: borrow all
# five of its connections, and ask for one more. `get_connection()` borrows one and `release()` returns it. The client
# calls both for you, so real code rarely does. Code that needs a connection, such as a request, is called a *caller*.
#
# `PoolView`, one of this course's helpers, draws a pool: a slot for each connection it may open, with the name of the
# thread that has borrowed it. Your cells run in a thread called `MainThread`. When you run this page, each slot also
# shows the number by which the server knows that connection. `view.freeze()` keeps the picture as it is at that
# moment.

# %% jupyter={"source_hidden": true}
guess_sixth = predict(
    "The limit is five, and five connections are borrowed. What happens to the sixth caller?",
    {
        "it gets a sixth connection": "Then `max_connections` wouldn't be a limit. This pool never has more than five.",
        "it waits for one": "A plain `ConnectionPool` never waits. Lesson 03 shows a pool that does.",
        "it gets an error": "The pool may not open another connection and doesn't wait for one, so it raises.",
    },
    answer="it gets an error",
)
guess_sixth

# %%
small = redis.ConnectionPool(host=server.host, port=server.port, max_connections=5)
view = PoolView(small, server)
borrowed = [small.get_connection() for _ in range(5)]
try:
    borrowed.append(small.get_connection())
except redis.MaxConnectionsError as error:
    print(f"{type(error).__name__}: {error}")

view.freeze()

# %%
guess_sixth.reveal("it gets an error" if len(borrowed) == 5 else "it gets a sixth connection")

# %% [markdown]
# **At its limit, a `ConnectionPool` raises `MaxConnectionsError: Too many connections`.** All five slots in the
# picture are in use, so the pool is *exhausted*.
#
# The limit guards your server: whatever goes wrong in your program, this pool never opens more than five connections
# at once. If you'd rather have the sixth caller wait for a connection, there's another class for that, and [lesson
# 03](03_when_the_pool_is_exhausted.ipynb) compares the two.

# %% [markdown]
# ## Which connection comes next?

# %% [markdown]
# Return all five, in the order in which they were borrowed: connection 1 first, connection 5 last. Then borrow one
# again.

# %% jupyter={"source_hidden": true}
guess_next = predict(
    "Five connections are idle. Which one does the next caller get?",
    {
        "connection 1": "That would be a queue, where the first one in comes out first. A pool is a stack.",
        "connection 5": "It was returned last. A pool is a stack: the connection that was put on top last comes off first.",
        "a new one": "The pool opens a new connection only when none is idle. Five are.",
    },
    answer="connection 5",
)
guess_next

# %%
for connection in borrowed:
    small.release(connection)

next_one = small.get_connection()
small.release(next_one)
guess_next.reveal(f"connection {borrowed.index(next_one) + 1}")

# %% [markdown]
# **A pool hands out the connection that was returned last.**
#
# So at quiet times one connection does all the work, and the other four stay idle. The pool doesn't close them: it
# keeps the connections that it has opened until you close the pool. Twenty requests later, all five are still there:

# %%
r_small = redis.Redis(connection_pool=small)
for _ in range(20):
    r_small.get("greeting")

snapshot(small)

# %% [markdown]
# ## A pool under load

# %% [markdown]
# Real requests don't come one after the other. They overlap. `playground`, one of this course's helpers, lets you
# watch that: it starts callers, each in a thread of its own, and all of them share one real pool. Each caller borrows
# a connection, holds it for a while, sends a PING, returns the connection, and comes again after a short pause.
#
# Run the next cell and press **Start**. The picture is a `PoolView` again, live this time. Then move the sliders:
#
# 1. Six callers share three connections, so some callers are refused: all three connections are in use when they ask.
# 2. Move **limit** to 6. Now there's a connection for each caller.
# 3. Move **limit** back to 3, and **hold** to 0.05 s. Three connections are nearly always enough.

# %% tags=["nbval-ignore-output"]
playground(limit=3, callers=6, hold=0.5)

# %% [markdown]
# **How many connections you need depends on how many callers need one at the same moment.** More callers raise that
# number, and so does a longer hold.
#
# So you adjust `max_connections` to your program, because no number fits all programs.

# %% [markdown]
# ## What if you leave the limit out?

# %% [markdown]
# Many programs never mention `max_connections`. Others pass 0, because in many libraries 0 stands for "no limit".

# %% jupyter={"source_hidden": true}
guess_zero = predict(
    "What's the limit of `redis.ConnectionPool(max_connections=0)`?",
    {
        "no limit": "For redis-py, 0 means that you gave no limit. Then it uses its own, which is 100.",
        "0 connections": "A pool without connections couldn't send a command. redis-py uses its default limit instead.",
        "100 connections": "redis-py treats 0 like an argument that was left out, and uses its default.",
    },
    answer="100 connections",
)
guess_zero

# %%
no_limit_given = redis.ConnectionPool()
limit_of_zero = redis.ConnectionPool(max_connections=0)

print(snapshot(no_limit_given))
guess_zero.reveal(f"{snapshot(limit_of_zero).limit} connections")

# %% [markdown]
# **If you give no limit, or 0, a `ConnectionPool` may open 100 connections.** For a small program that's a lot, and
# if many programs use the same server, it may be too much. So always give a limit.
#
# > **redis-py 7 and older:** the default limit is 2³¹ connections, so in practice there is none.

# %% [markdown]
# ## One pool here, one on a remote host

# %% [markdown]
# Here are two examples to copy. The first is for a Redis on your own machine, with a limit of 5. The second is for
# database 1 of a Redis on a remote host, with a limit of 20 because a busier program uses it. Its address is made up,
# so no Redis runs there.

# %% jupyter={"source_hidden": true}
guess_wrong = predict(
    "A pool is given an address at which no Redis runs. When does the program get an error?",
    {
        "when it creates the pool": "Creating a pool connects to nothing, so nothing can fail.",
        "at the first command": "The first command borrows a connection. The pool has to open one, and that fails.",
        "never": "The first command needs a connection, and there's no way to open one.",
    },
    answer="at the first command",
)
guess_wrong

# %%
here = redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)
far = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
print("here:", snapshot(here))
print("far: ", snapshot(far))

# %%
failed = "when it creates the pool"
try:
    wrong = redis.ConnectionPool(host="127.0.0.1", port=1)  # no program listens on this port
    failed = "at the first command"
    redis.Redis(connection_pool=wrong).ping()
except redis.ConnectionError as error:
    print(type(error).__name__)

guess_wrong.reveal(failed)

# %% [markdown]
# **A wrong address shows up at the first command, not when you create the pool.** If you want to know early, send a
# `ping()` when your program starts.
#
# What's a remote host like? `FaultProxy`, one of this course's helpers, stands between your pool and the server, and
# can make each round trip longer. In a *round trip* a command goes to the server and its reply comes back. If that
# takes 50 milliseconds, the server could be in another country:

# %% tags=["nbval-ignore-output"]
proxy = FaultProxy(server, round_trip=0.05)
db = 1 if server.owned else 0  # a Redis of your own may have only database 0
remote = redis.ConnectionPool(host=proxy.host, port=proxy.port, db=db, max_connections=20)
r_remote = redis.Redis(connection_pool=remote)
first, second = (timeit(lambda: r_remote.get("greeting"), number=1) for _ in range(2))
print(f"first GET: {first:.2f} s, second GET: {second:.2f} s")

# %% [markdown]
# The first GET had to open the connection, which takes several round trips. The second reused it. So the farther away
# your server is, the more time a pool saves; [lesson 02](02_what_a_connection_costs.ipynb) counts the round trips.
#
# And what did the GET return? Each database has its own keys. The greeting is in database 0, and this pool uses
# database 1:

# %%
print(r_remote.get("greeting"))

# %% [markdown]
# ## The address as a URL

# %% [markdown]
# Programs often read the address from their settings, as one URL: `redis://host:port/db`. The method
# `ConnectionPool.from_url` takes it, and more settings can follow after a `?`. You can also pass arguments next to
# the URL. If both give a value for the same setting, the URL wins:

# %%
url = "redis://redis.example.com:6379/1?max_connections=20"
from_settings = redis.ConnectionPool.from_url(url, db=0, max_connections=5)
print(snapshot(from_settings), "database", from_settings.connection_kwargs["db"])

# %% [markdown]
# That's the first surprise. The second is about `decode_responses`. With `decode_responses=True` a pool's connections
# decode replies, so `get` returns text instead of bytes.

# %% jupyter={"source_hidden": true}
guess_type = predict(
    "The URL ends in `?decode_responses=False`. What does `get` return?",
    {
        "bytes": "You'd expect that, but redis-py keeps this `False` as text. In Python, text that isn't empty counts as true.",
        "str": "Everything in a URL is text. redis-py doesn't convert this setting, and the text `False` counts as true.",
    },
    answer="str",
)
guess_type

# %%
with redis.ConnectionPool.from_url(f"{server.url}?decode_responses=False") as pool_from_url:
    answer = redis.Redis(connection_pool=pool_from_url).get("greeting")

print(answer, bool("False"))
guess_type.reveal(type(answer).__name__)

# %% [markdown]
# **In a URL, `decode_responses=False` turns decoding on.** redis-py converts the settings that it knows to be numbers
# or switches, but this one isn't on [its
# list](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py#L2310). So leave it out, since bytes are the
# default, or set it in your code: `from_url(url, decode_responses=True)`.

# %% [markdown]
# ## Closing a pool

# %% [markdown]
# If your code creates a pool, it should close it. Python closes the connections when it exits, but a service that
# runs for weeks has to do it itself when it no longer needs the pool. `pool` from the greeting program has one idle
# connection.

# %% jupyter={"source_hidden": true}
guess_closed = predict(
    "You call `pool.close()`, and then the client sends a GET through that pool. What happens?",
    {
        "an error": "You can still use a closed pool. Like a new pool, it has no connections and opens one when asked.",
        "a new connection": "`close()` disconnects what the pool has. The next command finds none idle and opens one.",
        "it reuses the idle one": "`close()` did disconnect the idle connection, so the GET couldn't reuse it.",
    },
    answer="a new connection",
)
guess_closed

# %%
opened_before = server.opened()
pool.close()
greet()

opened = server.opened() - opened_before
guess_closed.reveal("a new connection" if opened == 1 else "it reuses the idle one")

# %% [markdown]
# **`close()` disconnects the pool's connections, and the pool can still be used.**
#
# So a command that comes after `close()` doesn't fail. It opens a connection again, which stays open because
# `close()` isn't called a second time. Let the part of your program that created the pool close it, at the very end.

# %% [markdown]
# ## Summary

# %% [markdown]
# A pool keeps connections open, so that a command doesn't have to wait while one opens. It opens a connection when a
# command needs one and none is idle, up to `max_connections`. At that limit a plain `ConnectionPool` raises
# `MaxConnectionsError`. It hands out the connection that was returned last, and closes none until you close the pool.
#
# The right limit depends on two things: what your program needs at its busiest moment, and how many connections the
# server allows for all programs together. [Lesson 08](08_how_many_connections.ipynb) works out a number for your
# program. The [glossary](../docs/glossary.md) explains the words of this lesson.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>You create a pool with a limit of 10. How many connections are open?</summary>
#
# None. The first command opens one.
#
# </details>
#
# <details><summary>A program sends a thousand commands through this pool, one after the other. How many connections are open now?</summary>
#
# One. Each command returns the connection before the next command borrows it.
#
# </details>
#
# <details><summary>At noon ten requests run at once, and later only one at a time. How many connections are open at three o'clock?</summary>
#
# Ten. The pool closes none of them. One does all the work, and nine are idle.
#
# </details>
#
# <details><summary>What would have happened to an eleventh request at noon?</summary>
#
# It would have got `MaxConnectionsError: Too many connections` at once. If that happens on an ordinary day, the limit
# is too low.
#
# </details>

# %% [markdown]
# Last, close the pools and stop the server:

# %% tags=["no-output"]
small.close()
pool.close()
remote.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: your first pool](../exercises/ex01_your_first_pool.ipynb)
#
# **Next:** [What does a connection cost?](02_what_a_connection_costs.ipynb)
