# %% [markdown]
# # Which commands keep a connection?
#
# Most commands borrow a connection for a millisecond. A few keep it: for as long as a subscription lasts, a key is
# watched, or a worker waits for a job. In a pool that web requests share, a handful of them is enough to exhaust the
# pool while Redis itself has nothing to do.
#
# **You'll learn to**
# - name the calls of redis-py that keep a connection, and what returns it;
# - stop a subscription, a generator and a `WATCH` so that nothing stays in use;
# - serve many listeners with one connection;
# - let a worker wait in `BLPOP` without timeouts and without holding up web requests.
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

server = start_server(keys=["greeting", "stock", "jobs"])
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
# `snapshot(shop)` is this course's and counts a pool's connections now.

# %% jupyter={"source_hidden": true}
guess_listener = predict(
    "A listener subscribes to the channel `offers` and then unsubscribes. How many connections are in use?",
    {
        0: "The subscription has ended, but the listener keeps its connection, in case it subscribes again.",
        1: "`unsubscribe()` is an ordinary command to Redis. It says nothing to the pool.",
        2: "A listener sends both commands on the same connection.",
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
# `close()` disconnects the connection and releases it to the pool. The end of a `with r.pubsub()` block does the
# same on every way out, errors included, so it's the safer habit. Services that only unsubscribe lose one connection
# per listener, and end with an exhausted pool after some hours ([a
# report](https://github.com/IBM/mcp-context-forge/issues/5918)).

# %%
news.close()
print("after close():", snapshot(shop).in_use)
with r.pubsub() as news:
    news.subscribe("offers")
print("after with:", snapshot(shop).in_use)

# %% [markdown]
# ## What does an unfinished generator hold?

# %% [markdown]
# A generator is a function with `yield`. It pauses there until its caller asks for the next value. This one has its
# `with` block in order, so it looks safe: `listen()`, from redis-py, yields each message as it arrives.


# %%
def offers():
    with r.pubsub() as news:
        news.subscribe("offers")
        yield from news.listen()


# %% [markdown]
# The caller has seen enough after the first message and leaves the loop. That message is Redis's confirmation of the
# subscription.

# %% jupyter={"source_hidden": true}
guess_generator = predict(
    "The loop has ended with `break`. How many connections are in use?",
    {
        0: "`break` ends the loop and not the generator, which is paused inside its `with` block.",
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
# The block ends when the generator is finished, closed, or freed by Python. Nothing frees it while a variable, a
# list or a web framework's response object still refers to it. In [one
# service](https://github.com/langgenius/dify/issues/41578) each scheduled run kept one such generator, until the
# worker was restarted. `closing()` from the standard library closes the generator however the block is left.
#
# A small test often doesn't show this leak: with `for message in offers():` no variable refers to the generator, and
# Python frees it as soon as the loop is left.

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
# pool. It allows five connections, and `timeout=2` lets a request wait for up to two seconds. Five viewers are
# watching when another request reads the greeting.

# %% jupyter={"source_hidden": true}
guess_page = predict(
    "What does that request get?",
    {
        "the greeting, after a moment": "It would, if a listener returned its connection within two seconds. "
        "Viewers stay for minutes.",
        "ConnectionError": "The request waits for two seconds, and no viewer leaves in that time.",
        "MaxConnectionsError": "A plain `ConnectionPool` would raise this, and at once. This pool waits first, and "
        "then raises an error of its own.",
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
# The next cell starts the request in a thread and shows the pool while that request waits. `PoolView` is this
# course's picture of a pool and its server. Look at the five slots, all in use by listeners, and at the one caller
# that waits.

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
# All five connections belong to listeners that are waiting for a message, and Redis has nothing to do. A larger
# limit only moves the number of viewers at which this happens, as [users of one
# project](https://github.com/kortix-ai/suna/issues/2733) found out. There are two fixes, and they go together. The
# first is a pool for listeners only, so that viewers can't use up the connections of requests:

# %%
for viewer in viewers:
    viewer.close()
live = redis.Redis(**at, max_connections=5)  # its pool is for listeners only
viewers = [live.pubsub() for _ in range(5)]
for viewer in viewers:
    viewer.subscribe("offers")
print("the request gets:", web.get("greeting"))

# %% [markdown]
# ## One subscription for all viewers

# %% [markdown]
# The second fix removes the limit on viewers. Redis has to send each message to your process only once. One listener
# can pass it on to all viewers inside the process, through a `Queue` for each of them.
#
# `subscribe(offers=pass_on)` makes redis-py call `pass_on` with each message from `offers`, and `run_in_thread()`
# waits for messages in a thread. `sleep_time` says how often that thread checks whether it has been told to stop.
# `get_message()` waits until Redis has confirmed the subscription.


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
        5: "That was one subscription per viewer. Here viewers wait for a queue, and not for Redis.",
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
# `maxsize` and drop a viewer that falls behind, because a queue that isn't read grows without end. `stop()` tells
# the thread to end; it then closes the listener, which returns the connection.

# %%
listener.stop()
listener.join()
print("after stop():", snapshot(live.connection_pool).in_use)

# %% [markdown]
# ## How long does `WATCH` keep a connection?

# %% [markdown]
# A pipeline collects commands and sends them together. If it *watches* a key first, Redis carries the commands out
# only if that key hasn't changed since. Redis remembers a watch for the connection that sent it, so the pipeline has
# to keep that connection from `watch()` on.
#
# `unwatch()` tells Redis to forget the watch, and `reset()` makes the pipeline as good as new.

# %% jupyter={"source_hidden": true}
guess_watching = predict(
    "How many connections are in use after `watch()`, then after `unwatch()`, then after `reset()`?",
    {
        "1, 0, 0": "`unwatch()` only speaks to Redis, as `unsubscribe()` does. The pipeline keeps its "
        "connection, to watch another key.",
        "1, 1, 0": "`unwatch()` only speaks to Redis. `reset()` also releases the connection to the pool.",
        "0, 0, 0": "That's true of a pipeline that only collects commands. A watch is sent at once, and has to last.",
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
# `execute()` releases it whether the commands were carried out or not. The cell below sells one item twice. The
# second time, another sale changes `stock` between the watch and the commands, so Redis carries out nothing and
# redis-py raises `WatchError`. Then you look at the stock again, and start over.

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
# A worker takes jobs from the list `jobs`. `BLPOP` waits *in Redis* until there is a job, or until its `timeout` is
# over. Meanwhile its connection can't be used for anything else, so it stays in use.
#
# The client has a limit of its own: `socket_timeout` says how long it waits for any reply. Below it is 0.5 s,
# `BLPOP` may wait 2 s, and there is no job. The pool of `once` doesn't retry; `Retry(NoBackoff(), 3)` lets the
# client `retrying` retry three times, without a pause. `server.opened()` is this course's and returns how many
# connections the server has accepted.


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
        1: "That's the client without retries. The other disconnects after a timeout and sends its `BLPOP` again.",
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
# **If `socket_timeout` is shorter than the wait, a worker with nothing to do gets `TimeoutError`, or sends its
# `BLPOP` again and again.**
#
# Nothing was wrong: there was no job yet. Since redis-py 8, `socket_timeout` is 5 seconds unless you set it, so a
# worker that waits longer fails on every quiet afternoon. `redis.Redis()` also retries up to ten times, while a pool
# that you create yourself doesn't retry. [Several job
# queues](https://github.com/taskiq-python/taskiq-redis/issues/127) ran into this when they upgraded.
#
# Blocking commands need a client, and so a pool, of their own. Its `socket_timeout` is `None`, or longer than the
# longest wait:

# %%
plain = redis.Redis(**at)
print("socket_timeout:", plain.get_connection_kwargs()["socket_timeout"])
print("retries:", plain.get_retry().get_retries())

worker = redis.Redis(**at, socket_timeout=None)
with record(worker.connection_pool) as recording:
    print("job:", worker.blpop("jobs", timeout=1))
print("in use for the whole second:", recording.leases[0].held >= 1)

# %% [markdown]
# `record(pool)` is this course's and notes how long each connection was held. The worker got `None` after its
# second, without an error, and its connection was in use all that time. `BRPOP`, `XREAD` with `block=…` and the like
# behave in the same way; [Redis's page on `BLPOP`](https://redis.io/docs/latest/commands/blpop/) says how such a
# command waits.

# %% [markdown]
# > **redis-py 7 and older:** there was no default `socket_timeout`, so a blocking command could wait as long as it
# > liked. In redis-py 6 and 7, `redis.Redis()` retried three times, and in redis-py 5 not at all.

# %% [markdown]
# ## Going deeper: what keeps a forgotten listener alive?

# %% [markdown]
# A connection that you borrow by hand leaks for good, because the pool refers to it. A `PubSub` object is different:
# nothing in the pool refers to it, and when Python frees it, it closes itself. The same holds for a watching
# pipeline. So a forgotten listener often does no harm, until something keeps it alive that you didn't think of.
#
# Below, a function subscribes and then fails. The handler stores the exception, as error trackers and logs do.


# %%
def fails(news):
    news.subscribe("offers")
    raise LookupError


# %% jupyter={"source_hidden": true}
guess_error = predict(
    "How many connections are in use while the exception is stored?",
    {
        0: "No variable of yours refers to the listener, but the exception's traceback still does.",
        1: "The exception keeps its traceback, and that keeps the variables of each function it passed.",
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
# For a blocking command, its `socket_timeout` must be longer than the wait. For many viewers, one subscription is
# enough.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Each page unsubscribes when its viewer leaves. After a day the pool is exhausted. Why?</summary>
#
# Unsubscribing ends the subscription and keeps the connection. Each listener needs a `close()`, or a `with` around
# it.
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
# One for the listener, if it passes each message on to the viewers through queues, and the ones that requests need.
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
