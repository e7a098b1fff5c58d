# %% [markdown]
# # Which commands keep a connection?
#
# Most commands borrow a connection for a millisecond. A few keep it: for as long as a subscription lasts, a key is
# watched, or a worker waits for a job. In a pool that web requests share, a handful of them is enough to exhaust the
# pool while Redis itself has nothing to do.
#
# **You'll learn to**
# - name the calls of redis-py that keep a connection, and say what returns it;
# - end a subscription, a generator and a `WATCH` so that no connection stays in use;
# - serve many listeners with one connection;
# - let a worker wait in `BLPOP` without running into a timeout and without holding up web requests.
#
# **You need** lesson 03 (exhausted pools) and lesson 05 (leaks). What pub/sub, `WATCH` and `BLPOP` do is explained
# here. *15 minutes, plus 35 for the exercises.*

# %% tags=["nbval-ignore-output"]
from contextlib import closing
from queue import Queue
from threading import Thread
from time import sleep

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib import PoolView, predict, record, snapshot, start_server

server = start_server(keys=["greeting", "stock", "jobs"])  # the keys that this page writes
at = {"host": server.host, "port": server.port}  # **at below means host=…, port=…
shop = redis.ConnectionPool(**at, max_connections=5)
r = redis.Redis(connection_pool=shop)
r.mset({"greeting": "hello", "stock": 3})
server

# %% [markdown]
# ## When does a subscription return its connection?

# %% [markdown]
# With *pub/sub*, some programs publish messages on a channel, and Redis sends each message to every connection that
# has subscribed to that channel. In redis-py a listener is a `PubSub` object, which `r.pubsub()` creates. It borrows
# a connection when it subscribes, because from then on Redis may send messages on it at any time.
#
# `snapshot(shop)`, one of this course's helpers, counts the connections of the pool `shop` at that moment.

# %% jupyter={"source_hidden": true}
guess_listener = predict(
    "A listener subscribes to the channel `offers` and then unsubscribes. How many connections are in use?",
    {
        0: "The subscription has ended, but the listener keeps its connection, in case it subscribes again.",
        1: "`unsubscribe()` is an ordinary command to Redis. It says nothing to the pool.",
        2: "The listener sends both commands on the same connection.",
    },
    answer=1,
)
guess_listener

# %%
news = r.pubsub()
news.subscribe("offers")
news.unsubscribe()
guess_listener.reveal(snapshot(shop).in_use)

# %% [markdown]
# **A listener keeps its connection until you close it; unsubscribing isn't enough.**
#
# `close()` disconnects the connection and releases it to the pool. A `with r.pubsub()` block does the same when it
# ends, even if it ends with an error, so it's the safer habit. A service that only unsubscribes loses one connection
# per listener until its pool is exhausted. That's [a bug that real services
# had](https://github.com/IBM/mcp-context-forge/issues/5918).

# %%
news.close()
print("after close():", snapshot(shop).in_use)
with r.pubsub() as news:
    news.subscribe("offers")
print("after with:", snapshot(shop).in_use)

# %% [markdown]
# ## What does an unfinished generator hold?

# %% [markdown]
# A function that contains `yield` returns a generator, which pauses at each `yield` until its caller asks for the next
# value. The one below looks safe, because it uses a `with` block. `listen()`, from redis-py, yields each message as it
# arrives.


# %%
def offers():
    with r.pubsub() as news:
        news.subscribe("offers")
        yield from news.listen()


# %% [markdown]
# The caller leaves the loop after the first message, which is Redis's confirmation of the subscription.

# %% jupyter={"source_hidden": true}
guess_generator = predict(
    "The loop has ended with `break`. How many connections are in use?",
    {
        0: "`break` ends the loop, but not the generator, which is still paused inside its `with` block.",
        1: "The generator is paused inside its `with` block, and the variable `stream` keeps it alive.",
        5: "There is one listener. A paused generator doesn't borrow again.",
    },
    answer=1,
)
guess_generator

# %%
stream = offers()
for message in stream:
    print(message["type"])
    break

guess_generator.reveal(snapshot(shop).in_use)

# %% [markdown]
# **A generator that its caller doesn't finish stays inside its `with` block and keeps the connection.**
#
# The `with` block ends when the generator is finished, closed, or freed by Python. Python doesn't free it while a
# variable, a list or a web framework's response object still refers to it. A generator that was left early is also the
# suspect in [a service](https://github.com/langgenius/dify/issues/41578) that lost one connection with each scheduled
# run, until its workers were restarted. `with closing(…)`, from the standard library, closes the generator when the
# block ends, even if it ends with an error.
#
# A small test often doesn't show this leak. In `for _ in offers():` no variable refers to the generator, so CPython
# frees it as soon as the loop ends.

# %%
stream.close()
print("after close():", snapshot(shop).in_use)
with closing(offers()) as stream:
    print("first message:", next(stream)["type"], "in use:", snapshot(shop).in_use)
print("after closing:", snapshot(shop).in_use)
for _ in offers():
    break
print("without a variable:", snapshot(shop).in_use)

# %% [markdown]
# ## One subscription per viewer

# %% [markdown]
# Your shop shows live offers, and each viewer's page has a listener of its own. Requests and listeners share one
# blocking pool. It allows five connections, and `timeout=2` lets a request wait for one for up to two seconds. Five
# viewers are watching when a request wants to read the greeting.

# %% jupyter={"source_hidden": true}
guess_page = predict(
    "What does that request get?",
    {
        "the greeting, after a moment": "It would if a listener returned its connection within two seconds, but "
        "viewers stay for minutes.",
        "ConnectionError": "The request waits for two seconds, and no viewer leaves in that time.",
        "MaxConnectionsError": "That's what a plain `ConnectionPool` raises, without waiting. A blocking pool waits "
        "first, and then raises a plain `ConnectionError`.",
    },
    answer="ConnectionError",
)
guess_page


# %%
shared = redis.BlockingConnectionPool(**at, max_connections=5, timeout=2)
web = redis.Redis(connection_pool=shared)


def read_greeting():
    try:
        results.append(web.get("greeting"))
    except redis.ConnectionError as error:
        results.append(error)


# %%
results = []
view = PoolView(shared, server)  # shown below
viewers = [web.pubsub() for _ in range(5)]
for viewer in viewers:
    viewer.subscribe("offers")

# %% [markdown]
# The next cell starts the request in a thread and shows the pool while that request waits. `PoolView`, another helper
# of this course, draws a pool and what its server sees, and `freeze()` keeps the picture of this moment. Look at the
# five slots, all in use by listeners, and at the one caller that is waiting.

# %% tags=["nbval-ignore-output"]
request = Thread(target=read_greeting, name="request")
request.start()
sleep(0.5)  # the request is waiting by now
view.freeze()

# %%
request.join()
print(f"{type(results[0]).__name__}: {results[0]}")
guess_page.reveal(type(results[0]).__name__)

# %% [markdown]
# **A pool that listeners and requests share is exhausted as soon as there are as many listeners as connections.**
#
# All five connections belong to listeners that are waiting for a message, and Redis has nothing to do. A larger limit
# only raises the number of viewers at which this happens. There are two fixes, and [a project that ran into
# this](https://github.com/kortix-ai/suna/pull/2733) proposed both together. The first is a pool for listeners only,
# so that viewers can't use up the connections of requests:

# %%
for viewer in viewers:
    viewer.close()
live = redis.Redis(**at, max_connections=5)  # its pool is for listeners only
viewers = [live.pubsub() for _ in range(5)]
for viewer in viewers:
    viewer.subscribe("offers")
print("the request gets:", web.get("greeting"))

# %% [markdown]
# ## How do many viewers share what Redis sends?

# %% [markdown]
# The second fix removes the limit on viewers. Redis has to send each message to your process only once. One listener
# can pass it on to all viewers inside the process, through a `Queue` for each of them.
#
# `subscribe(offers=pass_on)` makes redis-py call `pass_on` with each message from `offers`, and `run_in_thread()`
# waits for messages in a thread. `sleep_time` says how often that thread checks whether it has been told to stop.
# Redis's confirmation of the subscription isn't an offer, so `ignore_subscribe_messages=True` hides it, and one
# `get_message()` waits until it has arrived.


# %%
for viewer in viewers:
    viewer.close()
queues = [Queue() for _ in range(5)]  # one for each viewer


def pass_on(message):
    for queue in queues:
        queue.put(message["data"])


# %% jupyter={"source_hidden": true}
guess_shared = predict(
    "Five viewers wait for offers through their queues. How many connections for listeners are in use?",
    {
        0: "The one listener does need a connection, on which Redis sends the messages.",
        1: "There is one subscription. A queue lives in your process and needs no connection.",
        5: "That would be one subscription per viewer. These viewers wait on their queues, not on Redis.",
    },
    answer=1,
)
guess_shared

# %%
news = live.pubsub(ignore_subscribe_messages=True)
news.subscribe(offers=pass_on)
news.get_message(timeout=5)
listener = news.run_in_thread(sleep_time=0.1, daemon=True)

r.publish("offers", "tea, two for one")
received = [queue.get(timeout=5) for queue in queues]
print("viewers reached:", len(received), received[0])
guess_shared.reveal(snapshot(live.connection_pool).in_use)

# %% [markdown]
# **One listener per process is enough for any number of viewers.**
#
# The number of connections no longer depends on the number of viewers. In a real service, give each queue a
# `maxsize` and disconnect a viewer that falls behind, because a queue that isn't read keeps growing. `stop()` tells
# the thread to end. The thread then closes the listener, which returns the connection. redis-py describes all of these
# methods in its chapter on [publish and subscribe](https://redis.readthedocs.io/en/stable/advanced_features.html).

# %%
listener.stop()
listener.join()
print("after stop():", snapshot(live.connection_pool).in_use)

# %% [markdown]
# ## How long does `WATCH` keep a connection?

# %% [markdown]
# A pipeline collects commands and sends them together. If it *watches* a key first, Redis executes the commands only
# if that key hasn't changed since. Redis remembers a watch for the connection that sent it, so the pipeline has to
# keep that connection from `watch()` on.
#
# `unwatch()` tells Redis to forget the watch, and `reset()` clears everything that the pipeline has collected.

# %% jupyter={"source_hidden": true}
guess_watching = predict(
    "How many connections are in use after `watch()`, then after `unwatch()`, then after `reset()`?",
    {
        "1, 0, 0": "`unwatch()` is only a command to Redis, like `unsubscribe()`. The pipeline keeps its "
        "connection, in case it watches another key.",
        "1, 1, 0": "`unwatch()` is only a command to Redis. `reset()` also releases the connection to the pool.",
        "0, 0, 0": "That's true of a pipeline that only collects commands. `watch()` is sent at once, and Redis "
        "remembers it for that one connection.",
    },
    answer="1, 1, 0",
)
guess_watching

# %%
pipe = r.pipeline()
pipe.watch("stock")
after = [snapshot(shop).in_use]
pipe.unwatch()
after.append(snapshot(shop).in_use)
pipe.reset()
after.append(snapshot(shop).in_use)
guess_watching.reveal(", ".join(map(str, after)))

# %% [markdown]
# **A watching pipeline keeps its connection until `execute()`, `reset()` or the end of its `with`; `unwatch()` isn't
# enough.**
#
# `execute()` releases the connection whether or not Redis executed the commands. The cell below sells an item two
# times. The second time, another sale changes `stock` between the watch and the commands, so Redis executes none of
# them and redis-py raises `WatchError`. A real shop would then read the stock again and start over.

# %%
for another_sale in (False, True):
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if another_sale:
            r.decr("stock")
        pipe.multi()  # from here on the pipeline collects commands
        pipe.decr("stock")
        try:
            print("left:", *pipe.execute(), "in use:", snapshot(shop).in_use)
        except redis.WatchError as error:
            print(f"WatchError: {error}", "In use:", snapshot(shop).in_use)

# %% [markdown]
# ## A `BLPOP` that waits longer than `socket_timeout`

# %% [markdown]
# A worker takes jobs from the list `jobs`. `BLPOP` makes *Redis* wait until there is a job, or until its `timeout` is
# over. Meanwhile the connection can't be used for anything else, so it stays in use.
#
# The client has a limit of its own: `socket_timeout` says how long it waits for a reply. Below it's 0.5 s, while
# `BLPOP` may wait for 2 s, and there is no job. You'll send it with two clients. `once` doesn't retry, because it uses
# a pool that you create yourself. `retrying` may retry three times without a pause: that's `Retry(NoBackoff(), 3)`.
# `server.opened()`, a helper of this course, returns how many connections the server has accepted.


# %%
def opened_while_waiting(client):
    opened_before = server.opened()
    try:
        client.blpop("jobs", timeout=2)
    except redis.TimeoutError as error:
        print(f"TimeoutError: {error}")
    return server.opened() - opened_before


once = redis.Redis(connection_pool=redis.ConnectionPool(**at, socket_timeout=0.5))
retrying = redis.Redis(**at, socket_timeout=0.5, retry=Retry(NoBackoff(), 3))

# %% jupyter={"source_hidden": true}
guess_resent = predict(
    "How many connections does the client with three retries open for its one `BLPOP`?",
    {
        1: "That's the client without retries. `retrying` disconnects after each timeout and sends its `BLPOP` again.",
        3: "Those are the retries. The first attempt needed a connection, too.",
        4: "One for the first attempt and one for each retry, because a timeout makes the client disconnect.",
    },
    answer=4,
)
guess_resent

# %%
print("opened without retries:", opened_while_waiting(once))
guess_resent.reveal(opened_while_waiting(retrying))

# %% [markdown]
# **If `socket_timeout` is shorter than the wait, a worker that has nothing to do gets a `TimeoutError`, and each retry
# only sends the same `BLPOP` again.**
#
# Nothing was wrong: there was no job yet. Since redis-py 8, `socket_timeout` is 5 seconds unless you set it, so a
# worker that waits longer fails whenever there's no job for a while. `redis.Redis()` also retries up to ten times,
# while a pool that you create yourself doesn't retry. [Job
# queues](https://github.com/taskiq-python/taskiq-redis/issues/127) ran into this when they upgraded to redis-py 8.
#
# So give blocking commands a client of their own, which also has a pool of its own. Set its `socket_timeout` to `None`,
# or to more than the longest wait:

# %%
plain = redis.Redis(**at)
print("socket_timeout:", plain.get_connection_kwargs()["socket_timeout"])
print("retries:", plain.get_retry().get_retries())

worker = redis.Redis(**at, socket_timeout=None)
with record(worker.connection_pool) as recording:
    print("job:", worker.blpop("jobs", timeout=1))
print("in use for the whole second:", recording.leases[0].held >= 1)

# %% [markdown]
# `record(pool)`, another helper of this course, notes how long each connection was in use. The worker got `None` after
# one second, without an error, and its connection was in use all that time. `BRPOP`, `XREAD` with `block=…` and other
# blocking commands behave the same way. [Redis's page on `BLPOP`](https://redis.io/docs/latest/commands/blpop/)
# describes how the command waits.

# %% [markdown]
# > **redis-py 7 and older:** there was no default `socket_timeout`, so a blocking command could wait for any length of
# > time. In redis-py 6 and 7, `redis.Redis()` retried three times, and in redis-py 5 not at all.

# %% [markdown]
# ## Going deeper: what keeps a forgotten listener alive?

# %% [markdown]
# If you borrow a connection by hand and forget it, it leaks for good, because the pool still refers to it. A `PubSub`
# object is different. The pool doesn't refer to it, so Python frees it when you forget it, and then it closes itself.
# The same goes for a pipeline that is watching. So a forgotten listener often does no harm, until something that you
# didn't think of keeps it alive.
#
# Below, a function subscribes and then fails. The `except` block stores the exception, as error trackers do.


# %%
def fails(news):
    news.subscribe("offers")
    raise LookupError


# %% jupyter={"source_hidden": true}
guess_error = predict(
    "How many connections are in use while the exception is stored?",
    {
        0: "No variable of yours refers to the listener, but the exception's traceback still does.",
        1: "The exception refers to its traceback, and the traceback refers to the variables of each function that "
        "the exception passed through.",
        2: "There is one listener, and it has one connection.",
    },
    answer=1,
)
guess_error

# %%
errors = []
try:
    fails(r.pubsub())
except LookupError as error:
    errors.append(error)

stored = snapshot(shop).in_use
errors.clear()
print("after the exception is gone:", snapshot(shop).in_use)
guess_error.reveal(stored)

# %% [markdown]
# **A stored exception keeps every variable of the functions that it passed through, listeners and pipelines
# included.**
#
# So don't rely on Python to clean up. A `with` block returns the connection when the exception leaves it, and after
# that it doesn't matter who keeps the exception.

# %% [markdown]
# ## Summary

# %% [markdown]
# | borrowed by | in use until |
# |---|---|
# | a command, or a pipeline without `watch()` | the call ends |
# | `BLPOP` and other blocking commands | the reply comes, which can take as long as their timeout |
# | `pubsub()`, from `subscribe()` on | `close()`, or the end of its `with` |
# | a pipeline, from `watch()` on | `execute()`, `reset()`, or the end of its `with` |
# | a generator, inside its `with` | it is finished or closed: `with closing(…)` |
# | `get_connection()` | `release()`, and nothing else |
#
# Calls that keep a connection for long belong in a pool of their own, so that requests don't have to wait for them.
# If that pool is for blocking commands, its `socket_timeout` must be longer than their wait. For many viewers, one
# subscription is enough.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Each page unsubscribes when its viewer leaves. After a day the pool is exhausted. Why?</summary>
#
# Unsubscribing ends the subscription, but the listener keeps its connection. Call `close()` on each listener, or put it
# in a `with` block.
#
# </details>
#
# <details><summary>After an upgrade your worker logs <code>Timeout reading from socket</code>. Is Redis down?</summary>
#
# Probably not. Since redis-py 8 `socket_timeout` is 5 seconds by default, and the worker's `BLPOP` waits longer.
# Give the worker a client of its own with `socket_timeout=None`.
#
# </details>
#
# <details><summary>How many connections does a process need for 2,000 viewers of one channel?</summary>
#
# One for the listener, if it passes each message on to the viewers through queues, plus those that requests need.
#
# </details>

# %% [markdown]
# The last cell closes the clients and pools and stops the server.

# %% tags=["no-output"]
for pool in (shop, shared, once.connection_pool):
    pool.close()
for client in (live, retrying, plain, worker):
    client.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: Which commands keep a connection?](../exercises/ex06_commands_that_keep_a_connection.ipynb)
#
# **Next:** [What does the server see?](07_what_the_server_sees.ipynb)
