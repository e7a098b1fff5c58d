# %% [markdown]
# # What happens to a pool in many processes?
#
# Python usually runs the threads of a process one at a time, so a web shop in one process uses one processor. In
# production there are therefore several processes, such as the workers of gunicorn, Celery or `multiprocessing`. Each
# worker needs a pool. A pool can reach a new process in two ways, and both have surprises.
#
# **You'll learn to**
# - say what a forked process may use of its parent's pool, and what it must not touch;
# - create the client in the right place in gunicorn, Celery, Dask and Ray;
# - send an object with a client to another process, although a client can't be pickled;
# - load a server from several processes, and keep all of them within its limit.
#
# **You need** [lesson 05](05_who_still_holds_a_connection.ipynb) (borrowing by hand) and [lesson
# 07](07_what_the_server_sees.ipynb) (`CLIENT LIST`, `maxclients`, the budget of a fleet). Forking, spawning and
# pickling are explained where they're used.
# *20 minutes, plus 40 for the exercises.*

# %% tags=["nbval-ignore-output"]
import os

import redis

from tutorial_lib import predict, run_program, start_server

server = start_server(keys=["greeting", "cart:anna", "cart:ben", "ready"])
r = redis.Redis(host=server.host, port=server.port)
r.mset({"greeting": "hello", "cart:anna": "a tent", "cart:ben": "boots"})
server

# %% [markdown]
# ## A pool that crosses a fork

# %% [markdown]
# A *fork* copies a running process. After `os.fork()` there are two: the *parent* goes on, and the *child* is a copy
# with the same variables and the same open sockets. In the child `os.fork()` returns 0, so an `if` can tell the two
# apart. A web server that *preforks* loads your program once and then forks its workers, which is quick and saves
# memory.
#
# Here the parent creates a pool and uses it, so the pool has one idle connection. Then the parent forks, and the child
# uses the same pool. `os._exit(0)` ends the child at once, and with `os.wait()` the parent waits for that.


# %%
def ping_in_both(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    r = redis.Redis(connection_pool=pool)
    r.ping()
    if os.fork() == 0:
        print("child:", r.get("greeting"))
        os._exit(0)
    os.wait()
    print("parent:", r.get("greeting"))


# %% [markdown]
# Don't fork a notebook. Its kernel has several threads, and only the one that forks is copied. If another thread holds
# a lock at that moment, the lock stays locked in the child for ever. So this course has `run_program(work, server)`. It
# writes the function `work` into a file, with the imports and functions that `work` uses, runs this file as a program
# of its own, and returns what the program printed. `work` gets the server's host and port as arguments.
#
# > **On Windows** there is no fork, so the cells that need one only say so. **On macOS** they work as on Linux, but
# > Apple's own libraries may crash in a forked child, so don't rely on it there.

# %% jupyter={"source_hidden": true}
guess_forked = predict(
    "How many connections does the server accept while this program runs?",
    {
        1: "That would be the case if the child used the parent's socket. The pool in the child avoids that.",
        2: "The parent opened one. In the child, the pool notices that it's in another process, and opens one of its own.",
        3: "The child opens one of its own. The parent's connection isn't affected, so the parent goes on using it.",
    },
    answer=2,
)
guess_forked

# %%
opened_before = server.opened()
print(run_program(ping_in_both, server))
guess_forked.reveal(server.opened() - opened_before)

# %% [markdown]
# **A pool notices a fork: in the child it forgets the parent's connections and opens its own.**
#
# Each pool remembers the number of the process that it was created in. `get_connection()`, `release()` and
# `disconnect()` first compare it with `os.getpid()`. If the two differ, the pool starts from zero, as
# [`_checkpid`](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py) in redis-py's source shows. Nor does
# the child shut down the parent's sockets. It only closes its own copies of them, so the parent could go on using its
# connection.

# %% [markdown]
# ## A connection that was borrowed before the fork

# %% [markdown]
# A pool can only notice a fork when it's asked for something. Suppose the parent has borrowed a connection before it
# forks. The child has a copy of the variable `connection`, and uses it without asking the pool.
#
# In the next program the child serves Anna. It sends a `GET` for her cart and exits before it reads the reply, as if
# her request had timed out. Then the parent serves Ben.


# %%
def serve_two_customers(host, port):
    connection = redis.ConnectionPool(host=host, port=port).get_connection()
    if os.fork() == 0:
        connection.send_command("GET", "cart:anna")
        os._exit(0)  # before the reply is read
    os.wait()
    connection.send_command("GET", "cart:ben")
    print(connection.read_response())


# %% jupyter={"source_hidden": true}
guess_cart = predict(
    "What does the parent get for Ben's cart?",
    {
        "b'boots'": "Redis sends this reply too, but the reply to Anna's command comes first on the same socket.",
        "b'a tent'": "Both processes use one socket. The parent reads the first reply on it, which is the one to the "
        "child's command.",
        "an error": "Nothing in the reply says which command it answers, so redis-py can't notice the mistake.",
    },
    answer="b'a tent'",
)
guess_cart

# %%
guess_cart.reveal(run_program(serve_two_customers, server))

# %% [markdown]
# **A connection that was borrowed before a fork is one socket in two processes, and each may read the other's
# replies.**
#
# Redis sees one client that sends commands, and answers them in their order. Either process may read whichever reply
# comes first. Under load this shows as wrong values, `TypeError`s in code that expected another type, or a process
# that waits for a reply that the other one has read. No exception names the cause.

# %% [markdown]
# ## What else keeps a borrowed connection?

# %% [markdown]
# Few programs call `get_connection()`. But [lesson 06](06_commands_that_keep_a_connection.ipynb) showed objects that
# borrow a connection and keep it. Two of them cross a fork in the next program: a pipeline after `watch()`, and a
# client that was created with `single_connection_client=True`. `client_id()` asks Redis for the number of the
# connection, so the same number means the same connection.


# %%
def carry_three(host, port):
    r = redis.Redis(host=host, port=port)
    pipe = r.pipeline()
    pipe.watch("greeting")
    single = redis.Redis(host=host, port=port, single_connection_client=True)
    clients = {"client": r, "watched pipeline": pipe, "single-connection client": single}
    before = {name: client.client_id() for name, client in clients.items()}
    if os.fork() == 0:
        for name, client in clients.items():
            same = client.client_id() == before[name]
            print(name, "has", "the parent's connection" if same else "its own connection")
        os._exit(0)
    os.wait()


# %% jupyter={"source_hidden": true}
guess_carried = predict(
    "Which of the three use the parent's connection in the child?",
    {
        "none of them": "Only the plain client asks the pool for a connection each time. The other two already have one.",
        "the watched pipeline": "It does. But a client with `single_connection_client=True` also keeps a connection, "
        "from its creation on.",
        "the pipeline and the single-connection client": "Both borrowed a connection before the fork, and neither asks "
        "the pool again.",
    },
    answer="the pipeline and the single-connection client",
)
guess_carried

# %%
carried = run_program(carry_three, server)
print(carried)
shared = carried.count("the parent's connection") == 2 and "client has its own" in carried
guess_carried.reveal("the pipeline and the single-connection client" if shared else carried)

# %% [markdown]
# **A client or a pool may cross a fork, but an object that has borrowed a connection must not.**
#
# In the child, the plain client asked its pool for a connection, and the pool noticed the fork. The other two objects
# already had a connection, so they never asked. The same goes for a subscribed `PubSub`. The easiest rule is to create
# the client in the child.

# %% [markdown]
# ## An asyncio client after a fork

# %% [markdown]
# An asyncio pool doesn't compare process numbers, and its connections belong to the event loop that opened them, as
# [lesson 12](12_asyncio.ipynb#One-client-in-several-event-loops) showed. Here the parent checks at its start that Redis
# answers, and then it forks:

# %%
import asyncio


def ping_before_the_fork(host, port):
    r = redis.asyncio.Redis(host=host, port=port)
    asyncio.run(r.ping())
    if os.fork() == 0:
        try:
            asyncio.run(r.ping())
        except RuntimeError as error:
            print(f"RuntimeError: {error}")
        os._exit(0)
    os.wait()


# %%
opened_before = server.opened()
print(run_program(ping_before_the_fork, server))
print("connections opened:", server.opened() - opened_before)

# %% [markdown]
# **An asyncio client that was used before the fork fails in the child: `RuntimeError: Event loop is closed`.**
#
# The child took the parent's idle connection from the pool, and that connection's loop ended in the parent. So create
# an asyncio client in the worker, where its loop runs: in the lifespan of your app, for example.

# %% [markdown]
# ## One limit and three workers

# %% [markdown]
# A pool that was created before the fork works in the child. What about its limit? Below, a shop's pool has
# `max_connections=5`, and its connections get the client name `shop`. The shop forks three workers, and each worker
# borrows as many connections as its pool allows.
#
# `fork_three(work)` forks three workers, and calls `work` in each of them with the worker's number. `serve` is called
# in a worker. It borrows up to the limit, then adds an item to the Redis list `ready`, and waits until it's ended.
# `count_names` is called in the parent. It waits for three items in `ready`, counts the names in `CLIENT LIST`, and
# ends the workers.

# %%
import signal
from collections import Counter


def fork_three(work):
    workers = []
    for number in (1, 2, 3):
        workers.append(os.fork())
        if workers[-1] == 0:
            work(number)
            os._exit(0)
    return workers


# %%
def serve(pool):
    borrowed = [pool.get_connection() for _ in range(pool.max_connections)]
    borrowed[0].send_command("RPUSH", "ready", "one more")
    borrowed[0].read_response()
    signal.pause()


# %%
def count_names(workers, host, port):
    r = redis.Redis(host=host, port=port)
    for _ in workers:
        r.blpop("ready", timeout=10)
    names = sorted(client["name"] for client in r.client_list())
    print(dict(Counter(name for name in names if name.startswith("shop"))))
    for worker in workers:
        os.kill(worker, signal.SIGTERM)


# %% [markdown]
# In the program itself, the parent creates the pool before it forks:


# %%
def create_before_the_fork(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=5, client_name="shop")
    workers = fork_three(lambda number: serve(pool))
    count_names(workers, host, port)


# %% jupyter={"source_hidden": true}
guess_limit = predict(
    "What does `count_names` print for the connections called `shop`, if the pool's limit is five?",
    {
        "{'shop': 5}": "That would need a count that all processes share. Each process has a copy of the pool, with a "
        "count of its own.",
        "{'shop': 15}": "Each of the three workers has a copy of the pool, and each copy may open five connections.",
        "{'shop': 20}": "The parent has a copy too, so it could open five as well. But it didn't use its pool.",
    },
    answer="{'shop': 15}",
)
guess_limit

# %%
guess_limit.reveal(run_program(create_before_the_fork, server))

# %% [markdown]
# **`max_connections` is a limit for each process, so three processes with a limit of five may open fifteen
# connections.**
#
# All fifteen have the same name, so `CLIENT LIST` can't tell you which worker has them. If each worker creates its own
# pool after the fork, you can put the worker's number into `client_name`. A real program would rather take
# `os.getpid()`, the number of the process.


# %%
def work(number, host, port):
    name = f"shop-{number}"
    serve(redis.ConnectionPool(host=host, port=port, max_connections=5, client_name=name))


def create_in_the_worker(host, port):
    workers = fork_three(lambda number: work(number, host, port))
    count_names(workers, host, port)


# %%
print(run_program(create_in_the_worker, server))

# %% [markdown]
# **Create the client in the worker, and name it after the process.** Then the worker inherits no connection, and the
# server's list says which worker opened which connection.

# %% [markdown]
# ## Where each framework wants the client

# %% [markdown]
# Every program that starts workers has a place for code that runs in each of them, after the fork:
#
# | program | create the client in |
# |---|---|
# | gunicorn | the module of your app; with `--preload`, the hook [`post_fork`](https://docs.gunicorn.org/en/stable/settings.html#post-fork) |
# | Celery | a handler of the signal [`worker_process_init`](https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init) |
# | `multiprocessing.Pool`, `ProcessPoolExecutor` | the function that you pass as [`initializer=`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ProcessPoolExecutor) |
# | Dask | `setup` of a [`WorkerPlugin`](https://distributed.dask.org/en/stable/plugins.html) |
# | Ray | `__init__` of an [actor](https://docs.ray.io/en/latest/ray-core/actors.html) |
#
# With Celery, your own pool is only a part of the sum. Celery has more connections for results and for its *broker*,
# the server that holds the queue of jobs. For the broker, its library kombu creates [pools of its
# own](https://github.com/celery/kombu/blob/main/kombu/transport/redis.py) in each process. So people set a limit, and
# [see more connections than that](https://github.com/celery/celery/issues/4994). Count all pools of a process, and
# multiply by the number of processes.

# %% [markdown]
# ## A client in an argument

# %% [markdown]
# The other way to start a process is to *spawn* it: a new Python starts and knows nothing of its parent. The parent
# has to send it everything that it needs, as bytes. Python's `pickle` turns objects into these bytes. Dask and Ray
# send your objects to their workers in the same way, with `pickle` or its extension `cloudpickle`. Here you try to
# pickle a client.

# %% jupyter={"source_hidden": true}
guess_pickled = predict(
    "What happens when you pickle a client that is connected to Redis?",
    {
        "the copy opens connections of its own": "That would be useful, and you'll build it below. A client doesn't do "
        "it by itself.",
        "the copy shares the connection": "A socket belongs to the operating system's list of open files. Bytes can't "
        "carry it to another process.",
        "a TypeError": "A client and its pool contain locks. A lock means nothing outside its process, so `pickle` refuses.",
    },
    answer="a TypeError",
)
guess_pickled

# %%
import pickle

try:
    pickle.dumps(r)
    outcome = "the copy opens connections of its own"
except TypeError as error:
    print(f"TypeError: {error}")
    outcome = "a TypeError"
guess_pickled.reveal(outcome)

# %% [markdown]
# **A client can't be pickled: `TypeError: cannot pickle '_thread.RLock' object`.**
#
# You meet this error when you pass a client, or any object that has one, to a spawned process, to Dask or to Ray.
# Programs that used to fork meet it after an upgrade of Python:
#
# > **Python 3.14 and newer:** on Linux, `multiprocessing` no longer forks your process by default. It forks a small
# > helper process, which has none of your variables, so [the arguments are
# > pickled](https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods). On macOS, spawning has
# > been the default since Python 3.8, and on Windows it's the only way.

# %% tags=["nbval-ignore-output"]
import multiprocessing

print("here multiprocessing uses", multiprocessing.get_context().get_start_method())

# %% [markdown]
# ## An object that can be sent

# %% [markdown]
# The other process doesn't need this client. It needs the address and the settings, so that it can create a client of
# its own. Two methods tell `pickle` that. `__getstate__` returns what goes into the bytes. On the other side, `pickle`
# calls `__setstate__` with it, and doesn't call `__init__`.


# %%
class Shop:
    def __init__(self, host, port):
        self.settings = {"host": host, "port": port, "client_name": "shop"}
        self.r = redis.Redis(**self.settings)

    def __getstate__(self):
        return self.settings

    def __setstate__(self, settings):
        self.settings = settings
        self.r = redis.Redis(**settings)


# %%
def greeting_of(shop):
    return shop.r.get("greeting").decode()


print(greeting_of(pickle.loads(pickle.dumps(Shop(server.host, server.port)))))

# %% [markdown]
# Now send the shop to a spawned process, as an argument of twenty tasks. `ProcessPoolExecutor` is from the standard
# library. Here it starts one process, and `map` calls `greeting_of` in that process twenty times. A spawned process
# can only call functions that it can import from a file. That's another reason for `run_program`, which writes the
# functions of this notebook into a file.

# %%
from concurrent.futures import ProcessPoolExecutor


def send_twenty_times(host, port):
    spawn = multiprocessing.get_context("spawn")
    shop = Shop(host, port)
    with ProcessPoolExecutor(1, mp_context=spawn) as workers:
        print(Counter(workers.map(greeting_of, [shop] * 20)))


# %% jupyter={"source_hidden": true}
guess_sent = predict(
    "One spawned process gets the shop with each of twenty tasks. How many connections does the server accept?",
    {
        1: "There is one process, but `__setstate__` runs for each task, and each time it creates a client.",
        20: "Each task arrives as bytes of its own. `__setstate__` makes a client of them, and a new client has no "
        "connection to reuse.",
        21: "The parent has a client too, but it doesn't use it. A client opens its first connection when it's used.",
    },
    answer=20,
)
guess_sent

# %%
opened_before = server.opened()
print(run_program(send_twenty_times, server))
guess_sent.reveal(server.opened() - opened_before)

# %% [markdown]
# **An object that's sent with each task creates a client for each task.**
#
# It works, so you may never notice, but it's the client per request of [lesson
# 04](04_one_pool_for_many_parts.ipynb#A-client-for-each-request) again. What you want is one client for each process.
# A function with `@cache` returns the same client each time it's called with the same settings, and each process has a
# cache of its own. The object then holds only settings, so it needs no `__getstate__` any more:

# %%
from functools import cache


@cache
def client_for(host, port):
    return redis.Redis(host=host, port=port, client_name="shop")


class LightShop:
    def __init__(self, host, port):
        self.host, self.port = host, port

    @property
    def r(self):
        return client_for(self.host, self.port)


# %%
def send_light_twenty_times(host, port):
    spawn = multiprocessing.get_context("spawn")
    shop = LightShop(host, port)
    with ProcessPoolExecutor(1, mp_context=spawn) as workers:
        print(Counter(workers.map(greeting_of, [shop] * 20)))


opened_before = server.opened()
print(run_program(send_light_twenty_times, server))
print("connections opened:", server.opened() - opened_before)

# %% [markdown]
# **Send the settings, and keep one client in each process.** The same twenty tasks now share one connection. If the
# settings contain a password, the bytes contain it, too. If you don't want that, let each worker read the password
# from its own configuration.

# %% [markdown]
# ## The same load from more processes

# %% [markdown]
# More threads don't use more processors, because Python runs them one at a time, unless you installed its
# free-threaded build. More processes do. Now measure that with three helpers of this course. A `Workload` describes
# which command is sent, by how many threads (`users`) and for how many seconds. `run_fleet` divides these threads
# among processes, each with a pool of its own, and adds up what the processes report. The processes are workers of
# [Dask](https://distributed.dask.org), and `start_fleet` starts four of them, which takes a few seconds.
#
# > **If Dask isn't installed**, or if you use **a Redis of your own**, the cells from here on raise an error that says
# > what to do.

# %%
from tutorial_lib import Workload, run_fleet, start_fleet

r.close()  # its connection would count, too
fleet = start_fleet(processes=4)
greetings = Workload("GET greeting", users=32, duration=0.4)


# %%
def load_from(processes, limit, maxclients=10_000):
    def make_pool(url):  # runs in each process
        return redis.BlockingConnectionPool.from_url(url, max_connections=limit, client_name="shop")

    server.set_limit(maxclients)
    report = run_fleet(server, greetings, processes, pool=make_pool, cluster=fleet)
    server.set_limit(10_000)
    return report


# %% tags=["nbval-ignore-output"]
for processes in (1, 2, 4):
    report = load_from(processes, limit=5)
    print(f"{processes}: {report.throughput:6,.0f} calls a second, {report.opened} connections")

# %% [markdown]
# **More processes do more work as long as there are processors for them, and each opens its own connections.**
#
# The two numbers grow differently. The first stops growing when every processor is busy, because the processes, Redis
# and this notebook share the processors. The second grows with each process, whether that process gets more work done
# or not. On the course's fallback server the first number says nothing, because that server runs inside this notebook.

# %% [markdown]
# ## A fleet that is larger than its server

# %% [markdown]
# Now let the server accept only 14 connections, with the argument `maxclients` of `load_from`. It's a private server,
# so that harms no other program. Four processes with a limit of five may open twenty. These are blocking pools: at its
# limit, a pool lets callers wait for up to 20 seconds.

# %% jupyter={"source_hidden": true}
guess_fleet = predict(
    "Fourteen connections are open. What happens to callers that need one more?",
    {
        "they wait": "A blocking pool waits if it has reached its own limit. These haven't: each has opened fewer than "
        "five, so it tries to open another.",
        "MaxConnectionsError": "That's what a plain pool raises at its own limit. No pool here is at its limit.",
        "ConnectionError": "Each pool is below its limit and tries to open a connection. The server refuses, and no pool "
        "knows of the others.",
    },
    answer="ConnectionError",
)
guess_fleet

# %% tags=["nbval-ignore-output"]
from tutorial_lib import plot_fleet

too_large = load_from(4, limit=5, maxclients=14)
plot_fleet(too_large)

# %%
guess_fleet.reveal(" and ".join(too_large.failed) or "they wait")

# %% [markdown]
# **Each pool only knows its own limit. The limit for all of them is the server's, which refuses with the error of
# [lesson 07](07_what_the_server_sees.ipynb): `max number of clients reached`.**
#
# In the picture of `plot_fleet`, the upper bars show how many connections each process opened, in front of its pool's
# limit. The lower bars show how many of its calls were answered, and how many failed. The processes that came first
# keep their connections, because a pool never shrinks. Those that came last got fewer connections or none at all, so
# some or all of their calls failed. In production, that's the worker that was restarted last.

# %% [markdown]
# ## A budget for each process

# %% [markdown]
# [Lesson 07](07_what_the_server_sees.ipynb#A-limit-for-a-whole-fleet) divided the server's limit among the pools.
# `fleet_budget` does that for this fleet.

# %% jupyter={"source_hidden": true}
guess_share = predict(
    "What is the largest limit for each of the four pools, if the server mustn't refuse any connection?",
    {
        5: "Four times five is twenty, and the server accepts 14.",
        4: "Four times four is sixteen, and that's still too many. A share has to be rounded down.",
        3: "Four times three is twelve. Two remain, for example for `redis-cli`.",
    },
    answer=3,
)
guess_share

# %%
from tutorial_lib import fleet_budget

share = fleet_budget(maxclients=14, processes=4)
within = load_from(4, limit=share, maxclients=14)
print("failed:", within.failed, "opened:", within.opened)
guess_share.reveal(share)

# %% [markdown]
# **If the limits of all pools add up to no more than `maxclients`, callers may have to wait for a connection, but the
# server refuses none.**
#
# Remember deployments: while old workers finish and new ones start, there are up to twice as many processes. So
# calculate with `processes=8`, or raise `maxclients`. In the picture, the line is the budget of each process.

# %% tags=["nbval-ignore-output"]
plot_fleet(within, budget=share)

# %% [markdown]
# ## Summary

# %% [markdown]
# | what crosses to another process | by fork | by pickle |
# |---|---|---|
# | a client or a pool that isn't in use | opens connections of its own | `TypeError` |
# | a borrowed connection, a watched pipeline, a subscribed `PubSub`, a single-connection client | **one socket in two processes** | `TypeError` |
# | an asyncio client that was used | `Event loop is closed` | `TypeError` |
# | the address and the settings | always works | always works |
#
# Create the client in the worker, once for each process, and name it after the process. `max_connections` counts
# within one process, so multiply it by the number of processes and compare the product with the server's `maxclients`.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>gunicorn runs with <code>--preload</code> and four workers, and your module has a client at its top
# level. Is that a mistake?</summary>
#
# Not by itself: the pool of a plain client notices the fork, and each worker opens its own connections. It becomes a
# mistake as soon as something borrows at the top level, such as a subscribed `PubSub`, or if the client is an asyncio
# client. Creating the client in `post_fork` avoids the question.
#
# </details>
#
# <details><summary>After an upgrade to Python 3.14 your program raises
# <code>cannot pickle '_thread.RLock' object</code>. What has changed?</summary>
#
# `multiprocessing` no longer forks by default on Linux, so the arguments of a new process are pickled. One of them is a
# client or has one. Send the address instead.
#
# </details>
#
# <details><summary>Dask opens a new connection for each task, although your class has a
# <code>__setstate__</code> that creates one client. Why?</summary>
#
# Because `__setstate__` runs each time the object arrives. Keep the client in the worker, for example in a function
# with `@cache`, and let the object hold only settings.
#
# </details>

# %% [markdown]
# Close what this page opened:

# %% tags=["no-output"]
fleet.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: a shop that is forked, an object that can be sent, the life of a worker, and room for a
# restart](../exercises/ex13_processes_and_fleets.ipynb)
#
# **Next:** [What changes with TLS, Sentinel and Cluster?](14_beyond_one_server.ipynb)
