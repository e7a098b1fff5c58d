# %% [markdown]
# # How do you use a pool with asyncio?
#
# An asyncio program handles thousands of requests in one thread. While a request waits for Redis it still needs a
# connection of its own, so asyncio programs exhaust their pools too, often sooner than programs with threads. They
# also run into errors that other programs never see, such as `Event loop is closed`. In this lesson you cause these
# errors, find out why they happen, and fix them.
#
# **You'll learn to**
# - predict how many connections a burst of tasks needs, and keep it within a limit;
# - create and close a client where it belongs: inside its event loop;
# - say what a cancelled command leaves behind, and give a command a deadline;
# - return connections from async generators, and share one subscription among many tasks;
# - make retries work, and recover from connections that died while idle.
#
# **You need** lessons 03, 06 and 10, and you've written `async def` and `await` before. New: `redis.asyncio`, and what
# event loops and cancellation mean for a pool. *20 minutes, plus 40 for the exercises.*

# %%
import asyncio
import gc
from contextlib import aclosing

import redis.asyncio
import redis.retry
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# %% tags=["nbval-ignore-output"]
from tutorial_lib import (
    FaultProxy,
    PoolView,
    playground,
    predict,
    run_threads,
    snapshot,
    start_server,
)

server = start_server(keys=["greeting", "views:home", "jobs"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## How many connections does one thread need?

# %% [markdown]
# `redis.asyncio` has the classes that you know: `Redis`, `ConnectionPool` and `BlockingConnectionPool`. Each method
# that talks to Redis is a coroutine, so you write `await r.get("greeting")`. redis-py's documentation has [a page of
# examples](https://redis.readthedocs.io/en/stable/examples/asyncio_examples.html).
#
# Coroutines run in *tasks*, and an *event loop* runs the tasks of a thread, one at a time. When a task awaits something
# that isn't there yet, such as a reply, the loop goes on with another task. Jupyter already runs an event loop, so you
# can write `await` directly in a cell. `asyncio.gather(…)` makes a task of each coroutine and waits for them all.
#
# Below, a client sends ten PINGs one after the other, and then ten more with `gather`. `server.opened()`, a helper of
# this course, returns how many connections the server has accepted.

# %% jupyter={"source_hidden": true}
guess_gather = predict(
    "How many connections has the client opened after the first ten PINGs, and how many after the other ten?",
    {
        "1, then 1": "All ten tasks run in one thread. But each of them waits for its own reply, and meanwhile the others "
        "can't use its connection.",
        "1, then 10": "One after the other, they reuse one connection. With `gather`, all ten are waiting for a reply at "
        "the same time.",
        "10, then 10": "The first ten don't overlap: each returns its connection before the next one asks for it.",
    },
    answer="1, then 10",
)
guess_gather

# %%
r = redis.asyncio.Redis(**at, decode_responses=True)
opened_before = server.opened()
for _ in range(10):
    await r.ping()
one_by_one = server.opened() - opened_before

await asyncio.gather(*[r.ping() for _ in range(10)])
guess_gather.reveal(f"{one_by_one}, then {server.opened() - opened_before}")

# %% [markdown]
# **Each task that waits for Redis needs a connection of its own, although all tasks share one thread.**
#
# A task borrows a connection, sends its command and awaits the reply. Meanwhile the loop runs the next task, which
# finds no idle connection and opens another. So don't count threads. Count the tasks that may wait for Redis at the
# same time.
#
# You close an asyncio client with `await r.aclose()`, or by leaving an `async with`. As in [lesson
# 04](04_one_pool_for_many_parts.ipynb), a closed client can still be used:

# %%
opened_before = server.opened()
async with redis.asyncio.Redis(**at, decode_responses=True) as closed:
    await closed.set("greeting", "hello")
greeting = await closed.get("greeting")
print(f"{greeting}, and the server has accepted {server.opened() - opened_before} connections")

# %% [markdown]
# The `get` after the block raised no error. It opened a second connection, which stays open until you call `aclose()`
# again. That happens easily: if a function returns an object from inside the `async with` that owns the object's
# client, its caller gets a client that has already been closed. [This happened in a
# real program](https://github.com/redis-developer/langgraph-redis/issues/109).

# %% [markdown]
# ## A burst of tasks

# %% [markdown]
# The web shop's cache has expired, and 150 tasks ask Redis at the same moment. The client has default settings, so
# since redis-py 8 the limit of its pool is 100. With `return_exceptions=True`, `gather` returns errors together with
# the results.

# %% jupyter={"source_hidden": true}
guess_burst = predict(
    "How many of the 150 tasks get an error?",
    {
        0: "Fifty tasks would have to wait for a connection, and a plain pool never lets a caller wait, whether it's a "
        "thread or a task.",
        50: "All 150 tasks ask before the first reply is there. A hundred get a connection, and the pool refuses the rest.",
        149: "One thread runs all the tasks, but while one task awaits its reply, the others run and borrow as well.",
    },
    answer=50,
)
guess_burst


# %%
async def burst(r):
    commands = [r.get("greeting") for _ in range(150)]
    results = await asyncio.gather(*commands, return_exceptions=True)
    return [error for error in results if isinstance(error, Exception)]


# %%
async with redis.asyncio.Redis(**at) as default:
    errors = await burst(default)
print(f"{type(errors[0]).__name__}: {errors[0]}")
guess_burst.reveal(len(errors))

# %% [markdown]
# **A default client serves a hundred tasks at a time, and its pool refuses all the others immediately.**
#
# A task needs little memory and no thread, so an asyncio program easily starts more tasks than it has connections.
# [Programs that never set a limit](https://github.com/hopeit-git/hopeit.engine/issues/222) met this error when they
# upgraded to redis-py 8.
#
# > **redis-py 7 and older:** there was practically no limit, so the pool never refused a task.
#
# There are two fixes. The first is a `BlockingConnectionPool`, which lets tasks wait for up to `timeout` seconds:

# %%
blocking = redis.asyncio.BlockingConnectionPool(**at, max_connections=10, timeout=5)
opened_before = server.opened()
errors = await burst(redis.asyncio.Redis(connection_pool=blocking))
print(f"{len(errors)} errors, {server.opened() - opened_before} connections")

# %% [markdown]
# The second fix is a semaphore in front of the client. asyncio's
# [`Semaphore(10)`](https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore) lets ten tasks into its
# `async with` and makes the others wait. That also works with a client that a framework has created for you. And the
# `async with` may contain more than the Redis command, for example a whole request:

# %%
ten_at_a_time = asyncio.Semaphore(10)


async def get_greeting(r):
    async with ten_at_a_time:
        return await r.get("greeting")


opened_before = server.opened()
async with redis.asyncio.Redis(**at) as limited:
    greetings = await asyncio.gather(*[get_greeting(limited) for _ in range(150)])
print(f"{len(greetings)} replies, {server.opened() - opened_before} connections")

# %% [markdown]
# ## Which task has a connection?

# %% [markdown]
# To borrow by hand, await `get_connection()` and `release()`. As with threads, `release` belongs in a `finally`. Below,
# six tasks share two connections, and each keeps one for a second.
#
# `PoolView` from lesson 01 shows the names of tasks, so give your tasks names. In the picture, look for the two orders
# that have a connection, and for the four that are waiting.


# %%
async def checkout(pool):
    connection = await pool.get_connection()
    try:
        await asyncio.sleep(1)  # a slow command
    finally:
        await pool.release(connection)


# %% tags=["nbval-ignore-output"]
small = redis.asyncio.BlockingConnectionPool(**at, max_connections=2, timeout=5)
view = PoolView(small, server)
orders = [asyncio.create_task(checkout(small), name=f"order {n}") for n in range(1, 7)]
await asyncio.sleep(0.5)  # now two orders have a connection, and four wait
view.freeze()

# %%
await asyncio.gather(*orders)
snapshot(small)

# %% [markdown]
# **A task keeps its connection from `get_connection()` to `release()`, whatever it awaits in between.**
#
# So return the connection before you await something else that's slow, such as another service. `record` and
# `PoolReplay` show the names of tasks, too.
#
# With `tasks=True`, the `playground` from lesson 03 uses a pool of `redis.asyncio`, and its callers are tasks of one
# event loop. Press **Start**: the pool refuses callers, as it did with threads. Then choose **waits**.

# %% tags=["nbval-ignore-output"]
playground(limit=4, callers=10, hold=0.5, tasks=True)

# %% [markdown]
# ## One client in several event loops

# %% [markdown]
# Scripts, tests and Celery jobs often call `asyncio.run(…)`. Each call makes a new event loop, and closes it at the
# end. What if all of them use one client?
#
# Your cells already run in Jupyter's loop, and a thread can't run two loops at once. So the function `in_a_new_loop`
# calls `asyncio.run` in another thread, with `run_threads(1, …)` from lesson 03. `outcome` returns a command's reply,
# or its error as text.


# %%
async def outcome(command):
    try:
        return await command
    except (redis.RedisError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"


def in_a_new_loop(coroutine):
    return run_threads(1, lambda: asyncio.run(outcome(coroutine)))[0]


# %% jupyter={"source_hidden": true}
guess_loops = predict(
    "Three new loops, one after the other, use the same client to get the greeting. What do they get?",
    {
        "hello, hello, hello": "The second loop borrows the connection that the first one opened, and the first loop is "
        "closed by then.",
        "hello, error, error": "After the error, the pool disconnects. So the third loop opens a connection of its own.",
        "hello, error, hello": "The second loop gets the first one's connection and fails. Then redis-py disconnects, so "
        "the third loop opens a new one.",
    },
    answer="hello, error, hello",
)
guess_loops

# %%
shared = redis.asyncio.Redis(**at, decode_responses=True)
replies = [in_a_new_loop(shared.get("greeting")) for _ in range(3)]
print(*replies, sep="\n")
guess_loops.reveal(", ".join("hello" if reply == "hello" else "error" for reply in replies))

# %% [markdown]
# **A connection belongs to the event loop that opened it, and other loops can't use it reliably.**
#
# `asyncio.run` closes its loop, but the connection stays idle in the pool. The next loop borrows it, and sending a
# command on it needs the closed loop: `Event loop is closed`. redis-py then disconnects, so the run after that opens a
# new connection and works. That's why every second run fails.
#
# If the first loop is still running, you get a different error. Below, Jupyter's loop opens the connection, and
# another loop uses it to wait for a job that never comes. The error describes the task at length, so the cell prints
# "…" instead of that part.

# %%
ours = redis.asyncio.Redis(**at)
await ours.ping()
reply = in_a_new_loop(ours.blpop("jobs", timeout=1))
print(reply.partition("<")[0] + "…", reply[reply.index("got Future") :])

# %% [markdown]
# An exhausted `BlockingConnectionPool` raises a third error. Its tasks wait on an `asyncio.Condition`, which belongs
# to one loop, so tasks of two loops can't wait for the same pool. Below, both connections of `small`, the pool from
# above, are in use, and a task of Jupyter's loop is already waiting when a task of another loop asks:

# %%
borrowed = [await small.get_connection() for _ in range(2)]
waiting = asyncio.create_task(small.get_connection())
await asyncio.sleep(0.1)  # now it's waiting
reply = in_a_new_loop(small.get_connection())
print(reply.partition("<")[0] + "…", reply[reply.index("is bound") :])

waiting.cancel()
await asyncio.wait([waiting])
for connection in borrowed:
    await small.release(connection)

# %% [markdown]
# The fix is always the same: create the client inside the loop that uses it, and close it before that loop ends:


# %%
async def get_with_own_client():
    async with redis.asyncio.Redis(**at, decode_responses=True) as r:
        return await r.get("greeting")


print(*[in_a_new_loop(get_with_own_client()) for _ in range(3)])

# %% [markdown]
# That means one client for each loop, not one for each request. Each process of a web server usually has one loop, so
# create the client when the process starts. In FastAPI that's the
# [lifespan](https://fastapi.tiangolo.com/advanced/events/):
#
# ```python
# @asynccontextmanager
# async def lifespan(app):
#     async with redis.asyncio.Redis(host="redis.example.com") as r:
#         app.state.redis = r
#         yield  # requests are served here
# ```

# %% [markdown]
# ## What does a cancelled command leave behind?

# %% [markdown]
# Some web frameworks cancel a request's task when the browser disconnects, and `asyncio.wait_for` cancels a task when
# its time is up. If the task is waiting for a reply at that moment, the reply still arrives.
#
# `cancel_when_received` cancels a task at exactly that moment. It uses `FaultProxy` from lesson 10:
# `proxy.downstream.latency = 5` delays every reply by five seconds. `server.commands()`, another helper, counts the
# commands that the server has received, so the function can wait until the command is there.

# %%
proxy = FaultProxy(server)
via_proxy = {"host": proxy.host, "port": proxy.port}
single = redis.asyncio.ConnectionPool(**via_proxy, max_connections=1, decode_responses=True)
r_single = redis.asyncio.Redis(connection_pool=single)
await r_single.set("views:home", 0)


# %%
async def cancel_when_received(coroutine, command):
    received = server.commands()[command]
    proxy.downstream.latency = 5
    task = asyncio.create_task(coroutine)
    while server.commands()[command] == received:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    proxy.heal()


# %% jupyter={"source_hidden": true}
guess_cancelled = predict(
    "The pool has one connection. A task sends `INCR` on it and is cancelled before the reply arrives. What happens to "
    "the connection?",
    {
        "it stays in use": "redis-py returns the connection in a `finally`, which also runs when a task is cancelled.",
        "it's returned, and the next caller reads the late reply": "redis-py had this bug until 2023. Since then, if "
        "a reply is unread, redis-py disconnects before it returns the connection to the pool.",
        "it's closed and returned": "The reply can still arrive, so redis-py disconnects. The next caller reconnects.",
    },
    answer="it's closed and returned",
)
guess_cancelled

# %%
opened_before = server.opened()
await cancel_when_received(r_single.incr("views:home"), "INCRBY")  # that's what incr() sends
in_use = snapshot(single).in_use
views = await r_single.get("views:home")
opened = server.opened() - opened_before
print(f"{in_use} in use, {opened} opened for the next caller, {views} view counted")
closed_and_returned = (in_use, opened) == (0, 1)
guess_cancelled.reveal("it's closed and returned" if closed_and_returned else "it stays in use")

# %% [markdown]
# **redis-py closes the connection of a cancelled command and returns it, so no connection leaks and no caller gets
# another caller's reply.**
#
# The method `read_response` in [redis-py's
# connection.py](https://github.com/redis/redis-py/blob/v8.1.0/redis/asyncio/connection.py) disconnects on every
# exception, and a cancellation is one. It has done so since [a bug in
# 2023](https://github.com/redis/redis-py/issues/2665). That isn't free, though: the next caller has to reconnect, so
# many cancelled tasks cost many new connections. And Redis counted the view, because cancelling a task doesn't stop a
# command that has been sent.
#
# If you borrow by hand, you have to disconnect the connection yourself. The next function is cancelled after it has
# sent its command and before it reads the reply. Then another caller asks for the greeting:


# %%
async def get_by_hand(pool, careful):
    connection = await pool.get_connection()
    try:
        await connection.send_command("GET", "views:home")
        await asyncio.sleep(60)  # cancelled here, before read_response()
    finally:
        if careful:
            await connection.disconnect()
        await pool.release(connection)


# %%
for careful in (False, True):
    await single.disconnect()
    await r_single.ping()  # each begins with a new connection
    await cancel_when_received(get_by_hand(single, careful), "GET")
    print(f"careful={careful}: the greeting is", await r_single.get("greeting"))

# %% [markdown]
# **A connection that you release with a reply unread gives the next caller that reply.**
#
# That's the bug from [lesson 05](05_who_still_holds_a_connection.ipynb#What-does-an-interrupted-caller-leave-behind?).
# With asyncio, each `await` between a command and its reply is a place where it can happen. Call `disconnect()` before
# `release()` unless you're sure that the reply has been read.

# %% [markdown]
# ## A deadline for a command

# %% [markdown]
# In lesson 11 you saw that no argument of redis-py is a deadline for a whole command. asyncio has one:
# `asyncio.wait_for(command, seconds)` cancels the command when its time is up. Below, `proxy.blackhole()` keeps every
# reply back, as in lesson 11, and the client has a `socket_timeout` of 0.2 s and three retries. You send one command
# without a deadline, and one with a deadline of 0.3 s. `time_of` returns how long a command took to fail, and whether
# its error is one of redis-py's.

# %%
r_deadline = redis.asyncio.Redis(**via_proxy, socket_timeout=0.2, retry=Retry(NoBackoff(), 3))
await r_deadline.ping()
loop = asyncio.get_running_loop()


async def time_of(command):
    begin = loop.time()
    try:
        await command
    except (redis.TimeoutError, asyncio.TimeoutError) as error:
        return loop.time() - begin, isinstance(error, redis.RedisError)


# %%
proxy.blackhole()
without, from_redis = await time_of(r_deadline.ping())
print(f"without wait_for, it was too late: {without > 0.3}, a RedisError: {from_redis}")
with_deadline, from_redis = await time_of(asyncio.wait_for(r_deadline.ping(), 0.3))
print(f"with wait_for, it was sooner: {with_deadline < without}, a RedisError: {from_redis}")
proxy.heal()

# %% [markdown]
# **`socket_timeout` limits each attempt. `asyncio.wait_for` limits everything: the wait for a connection, the command,
# and all retries.**
#
# The `TimeoutError` of `wait_for` is Python's own, so `except redis.RedisError` doesn't catch it. Both timeouts close
# the connection, so one that's too short costs many new connections. Use both: `socket_timeout` lets redis-py retry,
# and the deadline is the longest time that your users accept. If a command mustn't be interrupted, run it in a task
# and await [`asyncio.shield(task)`](https://docs.python.org/3/library/asyncio-task.html#asyncio.shield). Then the
# deadline only ends your waiting, and the command still finishes.
#
# > **Python 3.11 and newer:** `async with asyncio.timeout(0.3):` sets a deadline for a whole block.

# %% [markdown]
# ## An async generator that's left early

# %% [markdown]
# Lesson 06 showed that a paused generator is still inside its `with`. Here is the same with asyncio. `messages` yields
# what arrives on a channel. The `async for` that reads it stops after the first message, which is Redis's confirmation
# of the subscription.


# %%
async def messages(r):
    async with r.pubsub() as news:
        await news.subscribe("offers")
        async for message in news.listen():
            yield message


# %% jupyter={"source_hidden": true}
guess_left = predict(
    "The `async for` is left with `break`. How many connections are in use afterwards?",
    {
        0: "`async with` returns the connection when its block ends, and the generator is still paused inside that block.",
        1: "The generator is paused at its `yield`, inside the `async with`, and the variable `stream` refers to it.",
    },
    answer=1,
)
guess_left

# %%
stream = messages(r)
async for _ in stream:
    break
guess_left.reveal(snapshot(r.connection_pool).in_use)

# %% [markdown]
# **An async generator that's left early keeps its connection until it's closed, and closing it takes an `await`.**
#
# Python can't close an async generator by itself, because its clean-up has to be awaited. Once nothing refers to the
# generator any more, Python asks the event loop to close it in a task of its own, some time later.
# [`aclosing`](https://docs.python.org/3/library/contextlib.html#contextlib.aclosing) from the standard library closes
# the generator at the end of its block, however you leave it:

# %%
await stream.aclose()
async with aclosing(messages(r)) as stream:
    async for _ in stream:
        break
print("in use:", snapshot(r.connection_pool).in_use)

# %% [markdown]
# ## One subscription and several tasks

# %% [markdown]
# Three tasks want to know the shop's offers, and they share one `PubSub`. Each of them calls `get_message`.

# %% jupyter={"source_hidden": true}
guess_readers = predict(
    "No message arrives. How many of the three calls raise an error?",
    {
        0: "They'd have to take turns, but a `PubSub` has one connection, and only one task can read from it.",
        2: "The first task waits for data on the only connection. When the other two try the same, asyncio raises an error.",
        3: "The first task is the only reader when it begins, so it waits as usual and returns None.",
    },
    answer=2,
)
guess_readers

# %%
news = r.pubsub(ignore_subscribe_messages=True)
await news.subscribe("offers")
await news.get_message(timeout=5)  # Redis's confirmation
readers = [outcome(news.get_message(timeout=0.2)) for _ in range(3)]
results = await asyncio.gather(*readers)
await news.aclose()
print(results[1])
guess_readers.reveal(3 - results.count(None))

# %% [markdown]
# **Only one task at a time may read from a `PubSub`.**
#
# The same goes for a connection that you borrowed by hand. Give each task an `asyncio.Queue`, and let one more task
# read the messages and put them into all queues. One connection is then enough for any number of tasks:

# %%
queues = [asyncio.Queue() for _ in range(3)]


async def pass_on(news):
    async for message in news.listen():
        for queue in queues:
            queue.put_nowait(message["data"])


# %%
async with r.pubsub(ignore_subscribe_messages=True) as news:
    await news.subscribe("offers")
    await news.get_message(timeout=5)
    reader = asyncio.create_task(pass_on(news))
    await r.publish("offers", "tea, two for one")
    print(await asyncio.gather(*[queue.get() for queue in queues]))
    reader.cancel()
    await asyncio.wait([reader])  # until it has stopped reading

# %% [markdown]
# ## Which `Retry` belongs to an asyncio pool?

# %% [markdown]
# redis-py has two classes called `Retry`: `redis.retry.Retry`, which you know, and `redis.asyncio.retry.Retry`. It's
# easy to import the wrong one. `proxy.reset_after(0)` breaks the connection before the next reply.

# %% jupyter={"source_hidden": true}
guess_retry = predict(
    "An asyncio pool gets `redis.retry.Retry(NoBackoff(), 3)`, and the connection breaks during a command. What happens?",
    {
        "the command is retried": "It would be with the other `Retry`. This one never awaits the command, so it doesn't see "
        "that it failed.",
        "a ConnectionError": "This `Retry` calls a function, gets a coroutine back, and takes that for success. The failure "
        "comes later.",
        "a TypeError": "Nothing checks the class. The pool and its commands work, as long as no connection breaks.",
    },
    answer="a ConnectionError",
)
guess_retry

# %%
results = []
for module in (redis.retry, redis.asyncio.retry):
    retry = module.Retry(NoBackoff(), 3)
    async with redis.asyncio.ConnectionPool(**via_proxy, retry=retry) as pool:
        r_retry = redis.asyncio.Redis(connection_pool=pool)
        await r_retry.ping()
        proxy.reset_after(0)
        results.append(str(await outcome(r_retry.ping())).replace(str(proxy.port), "…"))
        print(f"{module.__name__}: {results[-1]}")

failed = results[0].startswith("ConnectionError")
guess_retry.reveal("a ConnectionError" if failed else "the command is retried")

# %% [markdown]
# **An asyncio pool needs the `Retry` from `redis.asyncio.retry`. With the other one, retries never happen.**
#
# The synchronous `Retry` calls a function and catches its errors. Here that function returns a coroutine, which hasn't
# run yet, so there's no error to catch. The command only runs when redis-py awaits the coroutine, after `Retry` has
# finished. You get no warning, so check your imports.

# %% [markdown]
# ## Connections that died while idle

# %% [markdown]
# In lesson 10, a pool checked each connection when it handed it out, and reconnected a dead one. Now compare a
# synchronous pool and an asyncio pool. Neither of them retries, because a pool that you create yourself has no retries
# by default. `proxy.close_connections()` closes their idle connections, as a load balancer or a restart of Redis
# would.

# %% jupyter={"source_hidden": true}
guess_stale = predict(
    "Which of the two pools raises an error on the next command?",
    {
        "neither": "The synchronous pool notices the closed connection. The asyncio pool looks as well, but ignores what it "
        "finds.",
        "the asyncio pool": "It only asks whether there's something to read, which is allowed with RESP3. It doesn't "
        "notice that all there is to read is the end of file.",
        "both": "The synchronous pool tries to read, finds the end of file and reconnects, as in lesson 10.",
    },
    answer="the asyncio pool",
)
guess_stale

# %%
sync_pool = redis.ConnectionPool(**via_proxy)
async_pool = redis.asyncio.ConnectionPool(**via_proxy)
retrying = redis.asyncio.ConnectionPool(**via_proxy, retry=Retry(NoBackoff(), 1))
r_sync = redis.Redis(connection_pool=sync_pool)
r_async, r_retrying = [redis.asyncio.Redis(connection_pool=p) for p in (async_pool, retrying)]
print(r_sync.ping(), await r_async.ping(), await r_retrying.ping())

# %%
proxy.close_connections()
await asyncio.sleep(0.1)  # so that the loop notices
print("sync pool:", r_sync.ping())
result = await outcome(r_async.ping())
print("asyncio pool:", result)
guess_stale.reveal("neither" if result is True else "the asyncio pool")

# %% [markdown]
# **In redis-py 8.1, an asyncio pool hands out a connection that died while idle, and your command fails.**
#
# When a pool hands a connection out, it checks whether there's something to read. With the protocol RESP3, the default
# since redis-py 8, a server may send notifications at any time, so redis-py 8.1 accepts a connection with unread data.
# But a closed connection also has something to read, namely the end of file, and the asyncio check can't tell the two
# apart. [A fix is merged](https://github.com/redis/redis-py/pull/4260) for a later version. Until you have it, one
# retry is enough, because the failed attempt disconnects:

# %%
print("asyncio pool with one retry:", await outcome(r_retrying.ping()))

# %% [markdown]
# `redis.asyncio.Redis(host=…)` retries ten times by default, so you only see this with `from_url` and with pools that
# you create yourself. Remember that a retry may run a command twice.
#
# > **redis-py 8.0 and older:** the asyncio pool reconnects by itself.
#
# > **Python 3.12, 3.13.0 to 3.13.9, and 3.14.0:** if an idle connection was *reset*, the next command raises
# > `AttributeError: 'NoneType' object has no attribute '_add_writer'` or
# > `TypeError: 'NoneType' object is not callable`. No retry helps, because `Retry` doesn't expect these errors. It's [a
# > bug](https://github.com/redis/redis-py/issues/4287) that Python 3.13.10 and 3.14.1 don't have.

# %% [markdown]
# ## Going deeper: a connection that's never returned

# %% [markdown]
# Lesson 05 showed that a borrowed connection stays in use until you release it, because the pool refers to it. A new
# asyncio pool does the same, because it keeps the connections in use in an ordinary `set`. But `reset()` replaces that
# with a `WeakSet`, which doesn't keep its members alive. From then on, the pool forgets a connection that your program
# no longer refers to:

# %%
forgetful = redis.asyncio.ConnectionPool(**at, max_connections=2)
for step in ("a new pool", "after reset()"):
    connection = await forgetful.get_connection()
    del connection  # borrowed and forgotten
    gc.collect()
    print(f"{step}: {snapshot(forgetful).in_use} in use")
    forgetful.reset()

# %% [markdown]
# Don't rely on that, because `reset()` also forgets the connections that other tasks are using. Release what you borrow
# in a `finally`.

# %% [markdown]
# ## Summary

# %% [markdown]
# | what you see | why | what helps |
# |---|---|---|
# | `Too many connections` in a burst | each waiting task needs a connection | `BlockingConnectionPool`, or a semaphore |
# | `Event loop is closed`, `attached to a different loop` | a connection belongs to its loop | one client per loop, closed before the loop ends |
# | many new connections, no leak | cancelled commands close theirs | longer deadlines, `asyncio.shield` |
# | connections that stay in use after a stream | a generator was left early | `async with aclosing(…)` |
# | `readuntil() called while another coroutine is already waiting` | several tasks read one `PubSub` | one reader, and a queue for each task |
# | `Connection closed by server.` after a quiet hour | redis-py 8.1 doesn't notice dead idle connections | one retry, from `redis.asyncio.retry` |
#
# Apart from that, asyncio pools have the limits, errors and timeouts that you know from the other lessons.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Every second test of your suite fails with <code>Event loop is closed</code>. Why every second one?</summary>
#
# The tests share one client, and each of them runs in a new event loop. A test that borrows a connection of an older
# loop fails, and redis-py disconnects. So the next test opens a new connection and passes.
#
# </details>
#
# <details><summary>Your server has one process, one thread and a default client. Can it exhaust its pool?</summary>
#
# Yes. What counts is how many tasks wait for Redis at the same time. The hundred-and-first of them gets an error.
#
# </details>
#
# <details><summary>A request times out, and its <code>INCR</code> was cancelled. Was it counted?</summary>
#
# You can't know. The command may have reached Redis before the task was cancelled, as it did on this page.
#
# </details>

# %% [markdown]
# Close what this page opened, and stop the server:

# %%
# Not `shared`: its connection belongs to a loop that is closed, so no loop can close it.
for client in (r, closed, ours, r_single, r_deadline):
    await client.connection_pool.aclose()
for pool in (blocking, small, async_pool, retrying):
    await pool.aclose()

# %% tags=["no-output"]
sync_pool.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: a burst, a client for each loop, a cancellation at any moment, a stream that can be left,
# and a retry that is awaited](../exercises/ex12_asyncio.ipynb)
#
# **Next:** [What happens to a pool in many processes?](13_processes_and_fleets.ipynb)
