# %% [markdown]
# # Who still holds a connection?
#
# It's three in the morning and your web shop is idle, but its pool reports one connection in use. Some code borrowed
# that connection and never returned it. This is called a leak. Each leak leaves one connection fewer for the rest of
# the program, until the pool is exhausted and every request fails.
#
# **You'll learn to**
# - say what returns a connection that you borrowed by hand, and what doesn't;
# - borrow by hand so that the connection is always returned, and no caller reads another caller's reply;
# - find the line of code that leaks in a running program.
#
# **You need** [lesson 03](03_when_the_pool_is_exhausted.ipynb) (what an exhausted pool does), `try`/`finally`, and a
# rough idea of Python threads. Context managers and generators are explained where they're used.
# *15 minutes, plus 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
import gc
from contextlib import closing, contextmanager, suppress
from threading import Thread
from time import sleep

import redis

from tutorial_lib import PoolView, plot_timeline, predict, record, snapshot, start_server

server = start_server(keys=["greeting", "views:home", "checkout"])
at = {"host": server.host, "port": server.port}  # **at below means host=…, port=…
shop = redis.ConnectionPool(**at, max_connections=5)
r = redis.Redis(connection_pool=shop)
r.mset({"greeting": "hello", "views:home": 41})
server

# %% [markdown]
# ## Does Python return what you borrowed?

# %% [markdown]
# A command such as `r.get` borrows a connection from the pool and returns it before the call ends. You can also
# borrow one yourself, for example to do something else while Redis works on your command. `get_connection()` borrows
# a connection, `send_command()` sends a command on it, `read_response()` waits for the reply, and `release()` returns
# the connection.
#
# The function below leaves out the last step. When it ends, its variable `connection` is gone. `gc.collect()` then
# makes Python's garbage collector run at once.
#
# Two names are this course's: `snapshot(shop)` counts the pool's connections at that moment, and `record(shop)` notes
# every borrow and every return while its `with` block runs. The rest is redis-py and Python.


# %%
def greet_by_hand():
    connection = shop.get_connection()
    connection.send_command("GET", "greeting")
    return connection.read_response()


# %% jupyter={"source_hidden": true}
guess_dropped = predict(
    "`r.get` and `greet_by_hand` have each run once, and the garbage collector too. How many connections are in use?",
    {
        0: "Python does close a file that nothing refers to. But the pool still refers to this connection.",
        1: "The pool keeps a reference to each connection that it hands out, so the garbage collector leaves it alone.",
        2: "`r.get` returned its connection before it ended. Only the one that was borrowed by hand is still in use.",
    },
    answer=1,
)
guess_dropped

# %%
with record(shop) as recording:
    print(r.get("greeting"), greet_by_hand())
gc.collect()
guess_dropped.reveal(snapshot(shop).in_use)

# %% [markdown]
# **Only `release()` returns a connection that you borrowed by hand.**
#
# The pool keeps every connection that is in use in a set, `_in_use_connections` in [redis-py's
# source](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py), so that `close()` can reach it. Python
# frees an object only when nothing refers to it any more, and this set still does. redis-py's own commands don't
# leak, because [the client](https://github.com/redis/redis-py/blob/v8.1.0/redis/client.py) releases the connection in
# a `finally` block.

# %% [markdown]
# ## Does closing the pool fix a leak?

# %% [markdown]
# After four more calls of `greet_by_hand`, all five connections have leaked. `shop.close()` disconnects every
# connection of the pool, including the borrowed ones, and a closed pool opens a new connection when a command needs
# one.
#
# `PoolView` is this course's picture of a pool and of its server; `freeze()` keeps the picture as it is now.

# %% jupyter={"source_hidden": true}
guess_closed = predict(
    "All five connections have leaked, and then the pool is closed. What does the next `r.get` return or raise?",
    {
        "the greeting": "A closed pool can open new connections up to its limit, but the five that leaked still count.",
        "MaxConnectionsError": "`close()` disconnected five sockets, but returned no connection. Five are still in use.",
        "None": "`get` returns `None` for a key that doesn't exist. Here no command could be sent at all.",
    },
    answer="MaxConnectionsError",
)
guess_closed

# %% tags=["no-output"]
view = PoolView(shop, server)  # shown below
for _ in range(4):
    greet_by_hand()
shop.close()

# %%
try:
    outcome = "the greeting" if r.get("greeting") else "None"
except redis.MaxConnectionsError as error:
    print(f"MaxConnectionsError: {error}")
    outcome = "MaxConnectionsError"

guess_closed.reveal(outcome)

# %%
view.freeze()

# %% [markdown]
# **`close()` disconnects the sockets, and the pool still counts the leaked connections as in use.**
#
# Look at the five slots: all are in use, although no connection is open any more. When you run this page, the
# server's part of each slot shows a `?`, because there's no open connection to look up. The first slot says *borrowed
# earlier*, because the first section borrowed its connection, before `PoolView` began to watch.
#
# The limit counts the connections that the pool has created, whether they're open or not. All five of them are in
# use, so the pool refuses the next caller. Restarting the program does help, because it begins with a new pool.
# That's why a slow leak can stay unnoticed for as long as you deploy every week.

# %% [markdown]
# ## Which line borrowed it?

# %% [markdown]
# To fix a leak, you have to find the line that borrowed the connection. The recording from the first section contains
# two borrows, the one by `r.get` and the one by hand. Its method `still_held()` lists those that weren't returned by
# the end of the `with` block. This course calls such an entry a *lease*: one borrow of one connection, from
# `get_connection()` to `release()`.

# %% jupyter={"source_hidden": true}
guess_line = predict(
    "Which line does the recording name?",
    {
        "the line in redis-py that opened the connection": "Every borrow passes through redis-py's own lines, so they "
        "would tell you nothing. The recording skips them.",
        "`connection = shop.get_connection()`": "This line of your code called redis-py to borrow the connection, and "
        "the fix belongs next to it.",
        '`print(r.get("greeting"), greet_by_hand())`': "That line called both functions. The recording "
        "goes deeper, to the line that asked the pool for a connection.",
    },
    answer="`connection = shop.get_connection()`",
)
guess_line

# %%
(leak,) = recording.still_held()  # one lease, and no other
print(leak)
guess_line.reveal(f"`{leak.line.text}`")

# %% [markdown]
# **Record the pool while the suspicious code runs, and `still_held()` names the line that leaks.**
#
# Of the two borrows one wasn't returned: the main thread (`MainThread`) made it in `greet_by_hand()`. The error of an
# exhausted pool can't tell you this. `MaxConnectionsError` is raised in the code that found no connection, and that
# code often isn't the code that leaks.

# %% [markdown]
# ## What does an interrupted caller leave behind?

# %% [markdown]
# You could now put the `release()` into a `finally` block, which runs however the function ends. That's necessary,
# but it isn't enough: the state in which you return the connection matters, too.
#
# Suppose a caller sends a command and is interrupted before it reads the reply, because the user pressed Stop or a
# timeout fired. Its `finally` releases the connection. The cell below does the same step by step. Redis replies to
# `ECHO` with the word that it was sent, and `can_read(timeout=5)` waits until that reply has arrived, but doesn't
# read it.

# %% jupyter={"source_hidden": true}
guess_answer = predict(
    "The next caller borrows that connection and asks for the greeting. What does `get` return?",
    {
        "b'hello'": "Redis sends this reply too, but the unread one comes first.",
        "b'SECRET'": "A reply doesn't say which command it answers, so the client takes the first one on the connection.",
        "an error": "An error would be safer. But `SECRET` is a valid reply to `get`, so redis-py can't tell.",
    },
    answer="b'SECRET'",
)
guess_answer

# %% tags=["no-output"]
small = redis.ConnectionPool(**at, max_connections=1)
connection = small.get_connection()
connection.send_command("ECHO", "SECRET")
connection.can_read(timeout=5)  # the reply has arrived, and nothing reads it
small.release(connection)

# %%
client = redis.Redis(connection_pool=small)
replies = [client.get("greeting"), client.get("views:home")]
print("greeting:", replies[0], "views:home:", replies[1])
guess_answer.reveal(repr(replies[0]))

# %% [markdown]
# **After an unread reply, each caller gets the reply to the command before its own, and no error is raised.**
#
# Redis replies to commands in the order in which they arrive. When one reply is left unread, every later command on
# that connection reads the reply to the command before it. In March 2023 a bug of this kind in redis-py's asyncio
# client ([issue 2624](https://github.com/redis/redis-py/issues/2624)) showed users of a well-known chat service the
# titles of other users' chats. The section *Going deeper* shows when a pool can notice an unread reply.

# %% [markdown]
# ## How do you borrow by hand safely?

# %% [markdown]
# When you disconnect, an unread reply is discarded. So if anything goes wrong between the command and its reply,
# disconnect first and then release. The pool reconnects for the next caller.
#
# The function `borrowed` does both. `@contextmanager` lets you use it in a `with` statement: the code before `yield`
# runs at the start of the block, and the code after `yield` runs at its end. If the block raises an exception,
# `yield` raises it again inside `borrowed`. The parameter `disconnect_on` says for which exceptions `borrowed`
# disconnects.


# %%
@contextmanager
def borrowed(pool, disconnect_on=BaseException):
    connection = pool.get_connection()
    try:
        yield connection  # the block of the with statement runs here
    except disconnect_on:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


# %% [markdown]
# Pressing Stop in a notebook, or Ctrl+C in a terminal, raises a `KeyboardInterrupt`. The next function raises one
# between a command and its reply, and then asks for the greeting. Python's `suppress(KeyboardInterrupt)` catches the
# exception and ignores it, so that the function can go on.


# %%
def greeting_after_interrupt(disconnect_on):
    small.disconnect()  # begin without unread replies
    with suppress(KeyboardInterrupt), borrowed(small, disconnect_on) as connection:
        connection.send_command("ECHO", "SECRET")
        connection.can_read(timeout=5)
        raise KeyboardInterrupt
    return client.get("greeting")


# %% jupyter={"source_hidden": true}
guess_exception = predict(
    "With `disconnect_on=Exception`, what does the next caller get?",
    {
        "b'hello'": "Only a disconnect gets rid of the unread reply, and `except Exception` doesn't catch a "
        "`KeyboardInterrupt`.",
        "b'SECRET'": "`KeyboardInterrupt` isn't an `Exception`. The `except` block is skipped, and `finally` releases "
        "the connection with its unread reply.",
        "MaxConnectionsError": "The connection hasn't leaked: `finally` runs after every exception, and releases it.",
    },
    answer="b'SECRET'",
)
guess_exception

# %%
wrong = greeting_after_interrupt(disconnect_on=Exception)
right = greeting_after_interrupt(disconnect_on=BaseException)
print("with BaseException:", right, "in use:", snapshot(small).in_use)
guess_exception.reveal(repr(wrong))

# %% [markdown]
# **Release in `finally`, and disconnect first on every `BaseException`.**
#
# `BaseException` is the class of all exceptions. `KeyboardInterrupt`, `SystemExit` and asyncio's `CancelledError`
# belong to it, and none of them is an `Exception`. Each can arrive in the middle of a command. Because you
# disconnected, the next caller has to wait for a new connection, which is cheap compared with a wrong reply.
# redis-py's own commands do the same when they're interrupted.

# %% [markdown]
# ## Which of five programs leak?

# %% [markdown]
# Five programs share the shop's pool at night, each in a thread of its own. Read them, and decide which of them still
# hold a connection in the morning. Some use features of redis-py that you may not know. [Lesson
# 06](06_commands_that_keep_a_connection.ipynb) explains those, and you can find the leaks without knowing them.
#
# `banner` reads a key. `cashier` locks the checkout for a minute, so that only one program can use it, and never
# unlocks it. `bookkeeper` asks for the length of a list, but `views:home` holds a number, so Redis replies with an
# error, which `suppress` catches.

# %%
shop.close()  # the leaked pool is replaced by a new one
shop = redis.ConnectionPool(**at, max_connections=5)
r = redis.Redis(connection_pool=shop)


# %%
def banner():
    for _ in range(5):
        r.get("greeting")
        sleep(0.05)


def cashier():
    r.lock("checkout", timeout=60).acquire(blocking=False)


# %%
def bookkeeper():
    with suppress(redis.ResponseError):
        connection = shop.get_connection()
        connection.send_command("LLEN", "views:home")
        connection.read_response()
        shop.release(connection)


# %% [markdown]
# `newsletter` subscribes to a channel, unsubscribes a little later, and keeps its listener in a list for the next
# day. `feed` reads keys through a generator: `read_keys` pauses at `yield` until the caller asks for the next value.
# `feed` asks for one value, and keeps the generator in the same list.


# %%
kept = []


def newsletter():
    news = r.pubsub()
    kept.append(news)
    news.subscribe("offers")
    sleep(0.1)
    news.unsubscribe()


# %%
def read_keys(*keys):
    with borrowed(shop) as connection:
        for key in keys:
            connection.send_command("GET", key)
            yield connection.read_response()


def feed():
    stream = read_keys("greeting", "views:home")
    kept.append(stream)
    return next(stream)


# %% jupyter={"source_hidden": true}
guess_culprits = predict(
    "Which programs still hold a connection in the morning?",
    {
        "bookkeeper, newsletter": "These two do. But `feed` stopped in the middle of a `with` block, and the end of "
        "that block hasn't run.",
        "bookkeeper, cashier": "`bookkeeper` does. The checkout stays locked, but a lock is a key in Redis, and a key "
        "keeps no connection.",
        "bookkeeper, feed": "Both do, and so does `newsletter`: unsubscribing doesn't return the listener's connection.",
        "bookkeeper, feed, newsletter": "An error skipped the `release()`, a generator is paused inside its `with`, "
        "and unsubscribing doesn't return a connection.",
    },
    answer="bookkeeper, feed, newsletter",
)
guess_culprits

# %%
programs = [banner, bookkeeper, cashier, feed, newsletter]
night = [Thread(target=program, name=program.__name__) for program in programs]
with record(shop) as night_recording:
    for thread in night:
        thread.start()
    for thread in night:
        thread.join()

# %%
leaks = sorted(night_recording.still_held(), key=lambda lease: lease.who)
for lease in leaks:
    print(f"{lease.who}: {lease.line.text}  in {lease.line.function}()")
guess_culprits.reveal(", ".join(lease.who for lease in leaks))

# %% [markdown]
# **Three of the five still hold a connection, and the recording names the thread and the line of each.**
#
# `lease.who` is the name of the thread, which here is also the name of the program, and `lease.line` is the line that
# borrowed. For `feed` that line is in `borrowed`, which borrowed the connection for it. You wouldn't have found any
# of the three by searching the code for a `get_connection()` without a `release()`:
#
# | program | why it still holds a connection |
# |---|---|
# | `bookkeeper` | `read_response()` raised, so the `release()` below it never ran |
# | `feed` | its generator is paused inside `with borrowed(…)`, until it is finished or closed |
# | `newsletter` | `unsubscribe()` ends the subscription; only `close()` returns the connection |
#
# The same mistake as in `newsletter` leaked the connections of a [gateway in
# 2026](https://github.com/IBM/mcp-context-forge/issues/5918). `cashier` doesn't leak: a lock is a key in Redis, and
# the command that sets the key returned its connection.

# %% tags=["nbval-ignore-output"]
plot_timeline(night_recording)

# %% [markdown]
# Each row is a thread, and each bar a lease. An arrow at the right edge marks a lease that hadn't ended when the
# night was over.
#
# Here are the three programs again, fixed: `newsletter` closes its listener at the end of a `with`, `feed` closes the
# generator, and `bookkeeper` uses `borrowed`. Listener and generator are still kept in the list, but now that does no
# harm:


# %%
def newsletter():
    with r.pubsub() as news:
        kept.append(news)
        news.subscribe("offers")


def feed():
    with closing(read_keys("greeting", "views:home")) as stream:
        kept.append(stream)
        return next(stream)


# %%
def bookkeeper():
    with suppress(redis.ResponseError), borrowed(shop) as connection:
        connection.send_command("LLEN", "views:home")
        connection.read_response()


# %%
with record(shop) as last_recording:
    for program in (newsletter, feed, bookkeeper):
        program()
last_recording.still_held()

# %% [markdown]
# ## Going deeper: can a pool notice an unread reply?

# %% [markdown]
# When a pool hands out a connection, it can check whether there is something to read on it. There shouldn't be, so
# the pool reconnects if there is. redis-py 8 doesn't do that by default. It uses version 3 of Redis's protocol, and
# with that a server may announce its maintenance on a connection at any time, so something to read is no longer a
# sign of trouble. You can switch these announcements off, or use version 2 of the protocol, which has none.
#
# `server.opened()` is this course's: it returns how many connections the server has accepted so far.

# %% jupyter={"source_hidden": true}
guess_guard = predict(
    "With announcements switched off, what does the next caller get after an unread `SECRET`?",
    {
        "b'SECRET'": "Without announcements there should be nothing to read on an idle connection, so the pool can "
        "tell that something is wrong.",
        "b'hello'": "The pool finds something to read when it hands the connection out, and reconnects first.",
        "an error": "The pool raises one internally (`Connection has data`), catches it, and reconnects.",
    },
    answer="b'hello'",
)
guess_guard

# %%
from redis.maint_notifications import MaintNotificationsConfig


def greeting_after_unread(**settings):
    with redis.ConnectionPool(**at, max_connections=1, **settings) as pool:
        connection = pool.get_connection()
        connection.send_command("ECHO", "SECRET")
        connection.can_read(timeout=5)
        pool.release(connection)
        opened_before = server.opened()
        reply = redis.Redis(connection_pool=pool).get("greeting")
        return reply, server.opened() - opened_before


# %%
off = MaintNotificationsConfig(enabled=False)
reply, opened = greeting_after_unread(maint_notifications_config=off)
print("announcements off:", reply, "opened:", opened)
print("protocol 2:", *greeting_after_unread(protocol=2))
guess_guard.reveal(repr(reply))

# %% [markdown]
# **With announcements off, or with protocol 2, the pool notices the unread reply and reconnects.**
#
# The check misses a reply that arrives a moment later. So always disconnect after an interruption. The check is in
# `get_connection()` in [redis-py's source](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py).

# %% [markdown]
# > **redis-py 7 and older:** redis-py 5 and 6 always check. redis-py 7 skips the check with `protocol=3` only, which
# > is the default since redis-py 8.

# %% [markdown]
# ## Now your own program

# %% [markdown]
# `record(pool)` needs a pool that you have in your hands. For a whole program there is a command, which records every
# pool that the program creates:
#
# ```console
# redis-pool-tutorial examine python app.py
# ```
#
# When the program ends, the report names the lines that borrowed what was never returned. [Examine your own
# program](../docs/examine.md) shows it on a script, a web service and a test suite.

# %% [markdown]
# ## Summary

# %% [markdown]
# Only `release()` returns a connection that you borrowed by hand. Neither the garbage collector nor `pool.close()`
# returns it. Release in `finally`, and disconnect first on any `BaseException`, because otherwise the next caller may
# get an unread reply, without an error. `record(pool)` and `still_held()` name the line that borrowed a connection
# and didn't return it. The error of an exhausted pool only names the code that found no connection.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>A function ends without releasing what it borrowed. When does the connection become idle?</summary>
#
# Never, as long as the pool exists. The pool still refers to the connection, so Python doesn't free it, and `close()`
# only disconnects it.
#
# </details>
#
# <details><summary>A log names the function that got <code>MaxConnectionsError</code>. Is that the function that leaks?</summary>
#
# Not necessarily. It found no connection, because other code may have kept them all. Record the pool and look at
# `still_held()`.
#
# </details>
#
# <details><summary>Why isn't <code>finally: pool.release(connection)</code> enough?</summary>
#
# If the caller is interrupted between a command and its reply, the connection is returned with an unread reply, and
# the next caller reads it. Disconnect before you release.
#
# </details>
#
# <details><summary>Your program leaks one connection a day, and its limit is 100. What happens, and when?</summary>
#
# For about 100 days you may notice nothing. Then every command raises `MaxConnectionsError` until the program is
# restarted.
#
# </details>

# %% [markdown]
# Last, close the pools and stop the server:

# %% tags=["no-output"]
for pool in (shop, small):
    pool.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: Who still holds a connection?](../exercises/ex05_who_still_holds_a_connection.ipynb)
#
# **Next:** [Which commands keep a connection?](06_commands_that_keep_a_connection.ipynb)
