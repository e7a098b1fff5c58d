# %% [markdown]
# # What happens when the pool is exhausted?
#
# A pool may open only so many connections, and one day your program needs one more. Whether that request fails at once
# or waits depends on the class of your pool. In this lesson you'll watch both, and you'll find out why
# `except redis.ConnectionError` can't tell a busy moment from a Redis that is down.
#
# **You'll learn to**
# - predict what `ConnectionPool` and `BlockingConnectionPool` do at their limit;
# - catch the right exception for each, and tell "the pool is exhausted" from "Redis is down";
# - say what `timeout`, `socket_timeout` and `Retry` do here, and what they don't;
# - choose how long a request may wait.
#
# **You need** [lesson 01](01_your_first_pool.ipynb) (what a pool is) and a rough idea of Python threads.
# New: the blocking pool, its exceptions, and this course's helpers for running many threads.
# *15 minutes, plus 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
from threading import Thread
from time import monotonic, sleep

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tutorial_lib import PoolView, hold, plot_timeline, predict, record, run_threads, start_server

server = start_server(keys=["greeting", "views:home", "orders"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Ten requests and four connections

# %% [markdown]
# A web shop gets ten requests at the same moment. Each request needs a connection for half a second, and the pool may
# open four.
#
# Three of this course's helpers play the shop. `run_threads(10, request)` calls `request` in ten threads that start
# together. `hold(pool, seconds)` borrows a connection, keeps it for a while and returns it. `record(pool)` notes who
# borrowed, who waited and who was refused. The pool itself is plain redis-py.

# %% jupyter={"source_hidden": true}
guess_refused = predict(
    "How many of the ten requests get an error from a plain `ConnectionPool`?",
    {
        0: "For that, the pool would need a queue in which the other requests wait. A plain pool has none.",
        6: "Four requests get a connection. The other six find none idle and none left to open, so they are refused.",
        10: "The first four requests have their connections by then, and an exhausted pool doesn't take them away.",
    },
    answer=6,
)
guess_refused

# %%
plain = redis.ConnectionPool(**at, max_connections=4)
with record(plain) as recording:
    results = run_threads(10, lambda: hold(plain, seconds=0.5))

guess_refused.reveal(recording.refused)

# %% [markdown]
# **A plain `ConnectionPool` never waits: at its limit it raises an error.**
#
# `run_threads` returns what each call returned, or its error. Here is the error's text, and the longest time that any
# request waited:

# %%
error = next(result for result in results if result)
print(f"{type(error).__name__}: {error}")
print("longest wait:", recording.longest_wait)

# %% [markdown]
# The pool counts the connections that it has created. When none is idle and the count has reached `max_connections`,
# `get_connection()` raises without waiting, even though a connection would have been returned half a second later.
# ([The source](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py) is short: look for
# `make_connection`.) That's a good choice when a late answer is useless and you have a fallback. It's a bad one when
# requests come in bursts and a few milliseconds of waiting would have been fine.
#
# > **redis-py 5 and older:** the error was a plain `ConnectionError` with the same text.

# %% [markdown]
# ## The same ten requests with a BlockingConnectionPool

# %% [markdown]
# Now you change one word: the pool becomes a `BlockingConnectionPool`. A request that finds it exhausted waits until a
# connection is returned, for at most `timeout` seconds.

# %% jupyter={"source_hidden": true}
guess_waiting = predict(
    "How many of the ten requests get an error now, if each may wait up to 20 seconds?",
    {
        0: "Each connection is returned after half a second, so the last two requests wait for one second. "
        "That's far less than 20.",
        6: "These six would have been refused by a plain pool. A blocking pool lets them wait instead.",
        2: "The last two wait the longest, for two rounds of half a second, and they are served as well.",
    },
    answer=0,
)
guess_waiting

# %%
blocking = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20)
with record(blocking) as recording:
    run_threads(10, lambda: hold(blocking, seconds=0.5))

guess_waiting.reveal(len(recording.turned_away))

# %% [markdown]
# **A `BlockingConnectionPool` makes the request wait until a connection is returned.**
#
# All ten requests are served, in three rounds. `plot_timeline` draws a recording: a row for each request, hatched while it
# waits, solid while it has a connection. Look at the last two rows: they waited for a whole second to do half a second
# of work.

# %% tags=["nbval-ignore-output"]
plot_timeline(recording)

# %% [markdown]
# Redis was never slow here, and none of its own numbers will show this wait, because the queue is inside *your*
# program. So let's look at it there. `PoolView`, another helper of this course, draws a pool live; `freeze()` keeps the
# picture of that moment. You should see four connections in use and six callers waiting.

# %% tags=["nbval-ignore-output"]
view = PoolView(blocking, server, title="ten requests, four connections")
requests = Thread(target=run_threads, args=(10, lambda: hold(blocking, seconds=0.5)))
requests.start()
sleep(0.3)  # now four requests have a connection, and six wait
view.freeze()

# %% [markdown]
# ## Raise or wait?

# %% [markdown]
# `playground`, which you know from lesson 01, shows a real pool with real callers. Here you switch between the two
# classes while the callers come. Run the cell, press **Start**, and then:
#
# 1. Watch the callers that are **refused**: six callers share three connections, and the pool is a plain one.
# 2. Choose **waits**. From now on callers wait instead, and the line below the counts says for how long.
# 3. Move **timeout** to 0.1 s. Now callers *time out*: they have waited, and get an error all the same.

# %% tags=["nbval-ignore-output"]
from tutorial_lib import playground

playground(limit=3, callers=6, hold=0.5)

# %% [markdown]
# **Waiting helps only if a connection comes back before the timeout is over.**
#
# Neither pool has more connections than the other. A blocking pool gives callers time until one is returned, and a
# plain pool gives them none. How much time is right? [That question](#How-long-should-a-request-wait?) comes later.

# %% [markdown]
# ## What do refused requests cost?

# %% [markdown]
# Users notice waiting. Refused requests are easier to overlook, because the page may look fine without them.
#
# Here 50 threads count 20 page views each, with a pool of ten connections. A view that can't be counted is ignored, so
# that the page is shown anyway:

# %%
requests.join()


def count_view(r):
    try:
        r.incr("views:home")
    except redis.MaxConnectionsError:
        return  # the page is shown without being counted


def count_views(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("views:home", 0)
    run_threads(50, lambda: [count_view(r) for _ in range(20)])
    return int(r.get("views:home"))


# %% jupyter={"source_hidden": true}
guess_views = predict(
    "After 1,000 views with a plain pool of ten connections, what does `views:home` say?",
    {
        "1000": "An INCR is quick, but while ten of them are on their way, 40 threads find no connection.",
        "less than 1000": "Ten threads at a time get a connection. The others are refused and give up on that view.",
        "more than 1000": "A refused INCR was never sent, so Redis can't have counted it, and certainly not twice.",
    },
    answer="less than 1000",
)
guess_views

# %%
with redis.BlockingConnectionPool(**at, max_connections=10, timeout=20) as pool:
    print("blocking pool:", count_views(pool))
with redis.ConnectionPool(**at, max_connections=10) as pool:
    views = count_views(pool)

guess_views.reveal("less than 1000" if views < 1000 else "1000")

# %% [markdown]
# **The blocking pool counted every view; the plain pool lost some, and no page looked broken.**
#
# How many?

# %% tags=["nbval-ignore-output"]
print(f"plain pool: {views} counted, {1000 - views} lost")

# %% [markdown]
# Most of them are lost, because a refusal takes only microseconds. A refused thread asks again for its next view at
# once, so it uses up all its 20 attempts before a connection is returned.

# %% [markdown]
# ## Which exception means what?

# %% [markdown]
# Now you have three pools in trouble. The first two have one connection each, and it's in use. The third pool points to
# a port where no Redis listens.

# %%
exhausted = redis.ConnectionPool(**at, max_connections=1)
exhausted_blocking = redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.1)
down = redis.ConnectionPool(host="127.0.0.1", port=1)
borrowed = [exhausted.get_connection(), exhausted_blocking.get_connection()]

# %% jupyter={"source_hidden": true}
guess_caught = predict(
    "A client asks each of the three pools for the greeting. How many of the three errors does "
    "`except redis.MaxConnectionsError` catch?",
    {
        2: "Two pools are exhausted, but the blocking one raises another class when its timeout is over.",
        1: "Only the plain pool raises `MaxConnectionsError`. The blocking one raises a `ConnectionError` when its "
        "timeout is over.",
        3: "The third pool hasn't reached any limit. It can't connect, which is another error.",
    },
    answer=1,
)
guess_caught


# %%
def error_of(pool):
    try:
        redis.Redis(connection_pool=pool).get("greeting")
    except redis.RedisError as error:
        return error


errors = [error_of(pool) for pool in (exhausted, exhausted_blocking, down)]
for error in errors:
    print(f"{type(error).__name__}: {error}")

caught = [isinstance(error, redis.MaxConnectionsError) for error in errors]
guess_caught.reveal(sum(caught))

# %% [markdown]
# **An exhausted blocking pool raises a plain `ConnectionError`; only its text, `No connection available.`, tells you
# what happened.**
#
# And since `MaxConnectionsError` is a subclass of `ConnectionError`, the clause that most programs have,
# `except redis.ConnectionError`, catches all three:

# %%
[isinstance(error, redis.ConnectionError) for error in errors]

# %% [markdown]
# If you log "Redis is down" in that clause, every traffic peak becomes a false alarm. This is how to tell them apart:
#
# | what happened | class | how to recognise it |
# |---|---|---|
# | a plain pool is exhausted | `MaxConnectionsError` | catch it *before* `ConnectionError` |
# | a blocking pool is exhausted | `ConnectionError` | its text is `No connection available.` |
# | Redis can't be reached | `ConnectionError` | any other text |
#
# Log the error with `str(error)` or `%s`. redis-py's `repr` leaves the text out:

# %%
print(f"str:  {errors[0]}")
print(f"repr: {errors[0]!r}")

# %% [markdown]
# ## Does Retry wait for a connection?

# %% [markdown]
# redis-py can retry a command that failed. This pool's `Retry` allows three more attempts, a tenth of a second apart.
# The pool's only connection is in use, so what does `Retry` do for a client that asks for the greeting?

# %% jupyter={"source_hidden": true}
guess_asked = predict(
    "How many times does the client ask the pool for a connection?",
    {
        1: "A retry needs a connection on which to send the command again, and here borrowing one is what failed.",
        3: "Three more attempts would make four, and none of them happens: the command was never sent.",
        4: "That's how `Retry` counts attempts of a command. Here the client didn't get as far as sending one.",
    },
    answer=1,
)
guess_asked

# %%
three_more = Retry(ConstantBackoff(0.1), 3)
retrying = redis.ConnectionPool(**at, max_connections=1, retry=three_more)
borrowed.append(retrying.get_connection())
with record(retrying) as recording:
    print(error_of(retrying))

guess_asked.reveal(recording.refused)

# %% [markdown]
# **`Retry` retries commands, not borrowing.**
#
# In redis-py a command first borrows a connection, and then the connection's `Retry` surrounds sending the command and
# reading its reply. An exhausted pool raises before that begins. If you want to wait for a connection, use a
# `BlockingConnectionPool`.

# %% [markdown]
# ## What does the pool's timeout limit?

# %% [markdown]
# A blocking pool has `timeout=0.2`, and its only connection is idle. The shop waits for an order with `BLPOP`, a
# command to which Redis replies only when an item arrives in the list, or after a second in this case.

# %% jupyter={"source_hidden": true}
guess_limits = predict(
    "What does the caller get, and when?",
    {
        "an error, before a second is over": "The connection was idle, so the caller had it at once. "
        "From then on this timeout limits nothing.",
        "an answer, after a second": "The timeout limits the wait for a connection, and there was none. "
        "The wait for Redis's reply is another matter.",
    },
    answer="an answer, after a second",
)
guess_limits

# %%
started = monotonic()
with redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.2) as pool:
    order = redis.Redis(connection_pool=pool).blpop("orders", timeout=1)

in_time = order is None and monotonic() - started > 0.9
guess_limits.reveal("an answer, after a second" if in_time else "an error, before a second is over")

# %% [markdown]
# **The pool's `timeout` limits how long you wait for a connection, not how long the command takes.**
#
# How long a reply may take is a setting of the connection, `socket_timeout`. It raises yet another exception, which
# isn't a `ConnectionError`:

# %%
impatient = redis.BlockingConnectionPool(**at, timeout=0.2, socket_timeout=0.5)
try:
    redis.Redis(connection_pool=impatient).blpop("orders", timeout=1)
except redis.ConnectionError:
    print("not this one")
except redis.TimeoutError as error:
    print(f"TimeoutError: {error}")

redis.BlockingConnectionPool().timeout, redis.Connection().socket_timeout

# %% [markdown]
# The last line shows the defaults:
#
# | argument | limits | default |
# |---|---|---|
# | `timeout` of a blocking pool | the wait for a connection | 20 s |
# | `socket_timeout` | the wait for a reply | 5 s |
#
# > **redis-py 7 and older:** `socket_timeout` had no default, so a reply could be awaited for ever.
#
# Lesson 06 has more on blocking commands, and
# lesson 11 adds up all the timeouts.

# %% [markdown]
# ## Who is served next?

# %% [markdown]
# You might expect a queue in which the caller who has waited longest is next. Let's test that. Eight threads share
# four connections. Each thread borrows a connection 40 times, for 5 ms, and asks again at once. If they took turns, about
# every second borrow would have to wait.

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "Of the 320 borrows, how many had to wait longer than 1 ms?",
    {
        "nearly none": "The thread that returns a connection asks again at once, and it is faster than the waiting "
        "thread, which has to be woken up first.",
        "about half": "That's what a fair queue would give. This one isn't fair.",
        "nearly all": "Four threads can always be served at once; only callers that find the pool exhausted wait.",
    },
    answer="nearly none",
)
guess_waits

# %% tags=["nbval-ignore-output"]
with record(blocking) as busy:
    run_threads(8, lambda: [hold(blocking, seconds=0.005) for _ in range(40)])

waited = [lease.waited for lease in busy.leases if lease.waited > 0.001]
print(len(waited), "borrows waited, the longest for", round(busy.longest_wait, 2), "s")
guess_waits.reveal("nearly none" if len(waited) < 32 else "about half")

# %% [markdown]
# **The queue of a blocking pool isn't first come, first served.**
#
# Hardly any borrow waited, but the few that did waited for half of the run. When a connection is returned, Python wakes
# a waiting thread. Before that thread runs, the one that returned the connection has usually borrowed it again. In the
# picture, four threads work while the other four wait:

# %% tags=["nbval-ignore-output"]
plot_timeline(busy)

# %% [markdown]
# ## How long should a request wait?

# %% [markdown]
# A request that waits has no guarantee of its turn, so give it a short `timeout` and decide what to do when
# that is over. Here 40 requests come at once and each needs a connection for 0.1 s. The first shop lets them wait for up
# to 20 s, the second for 0.25 s.


# %% tags=["nbval-ignore-output"]
def serve_40_requests(timeout):
    pool = redis.BlockingConnectionPool(**at, max_connections=4, timeout=timeout)
    with pool, record(pool) as recording:
        run_threads(40, lambda: hold(pool, seconds=0.1))
    return recording


for timeout in (20, 0.25):
    shop = serve_40_requests(timeout)
    print(f"timeout={timeout}: {shop.borrowed} served, {shop.timed_out} timed out,", end=" ")
    print(f"longest wait {shop.longest_wait:.2f} s")

# %% [markdown]
# `PoolReplay`, another helper of this course, plays a recording in the same picture as `PoolView`. Press **Play**, or
# drag the slider: callers wait, four at a time get a connection, and after a quarter of a second the rest give up.

# %% tags=["nbval-ignore-output"]
from tutorial_lib import PoolReplay

PoolReplay(shop, title="40 requests, timeout 0.25 s")

# %% [markdown]
# **Choose a timeout that is shorter than your users are willing to wait, and have a fallback.**
#
# The second shop shows most customers a page without the greeting, but after a quarter of a second. The first one shows
# every customer the greeting and makes some of them wait for almost a second. If requests go on arriving faster than they
# are served, its queue only grows. [Lesson 08](08_how_many_connections.ipynb) calculates how many connections keep waits short.

# %% [markdown]
# ## Going deeper: a limit in front of the pool

# %% [markdown]
# The queue can also be in front of the work. A semaphore lets a fixed number of threads in at a time:

# %%
from threading import BoundedSemaphore

four_at_a_time = BoundedSemaphore(4)


def request():
    with four_at_a_time:
        hold(plain, seconds=0.1)


with record(plain) as recording:
    run_threads(10, request)

print(recording.borrowed, "served,", recording.refused, "refused")

# %% [markdown]
# **A semaphore limits everything behind it, not only Redis.** A request that is let in finds a connection for each of
# its commands, even in a plain pool. And `four_at_a_time.acquire(timeout=0.25)` lets you say "not now" before any work is done.

# %% [markdown]
# ## Summary

# %% [markdown]
# - At its limit, `ConnectionPool` raises `MaxConnectionsError: Too many connections` at once. `BlockingConnectionPool`
#   waits for up to `timeout` seconds and then raises `ConnectionError: No connection available.`
# - So `except redis.ConnectionError` may mean that the pool is exhausted or that Redis is down. Catch
#   `MaxConnectionsError` first, and look at the text.
# - `Retry` doesn't wait for a connection. The pool's `timeout` limits borrowing; `socket_timeout` limits the reply.
# - Waiting isn't fair, so keep it short and have a fallback.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your service logs "Redis is down" at every traffic peak, but Redis is fine. What do you look at first?</summary>
#
# The `except redis.ConnectionError` clause that writes the message. An exhausted pool raises a `ConnectionError` too, so
# catch `MaxConnectionsError` before it (or check for the text `No connection available.`).
#
# </details>
#
# <details><summary>A plain pool raises now and then. Your colleague adds <code>Retry</code> with five attempts. Does that help?</summary>
#
# No. The error is raised when the connection is borrowed, before `Retry` has anything to retry. A
# `BlockingConnectionPool` with a short `timeout` would help.
#
# </details>
#
# <details><summary>With <code>BlockingConnectionPool(timeout=0.2)</code>, can a <code>GET</code> still take five seconds?</summary>
#
# Yes. The 0.2 seconds limit the wait for a connection. The reply is limited by `socket_timeout`, five seconds by default.
#
# </details>

# %% [markdown]
# Last, close the pools that have connected, and the server:

# %% tags=["no-output"]
for pool in (plain, blocking, exhausted, exhausted_blocking, retrying, impatient):
    pool.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: waiting, failing fast, and the right exception](../exercises/ex03_when_the_pool_is_exhausted.ipynb)
#
# **Next:** [How do many parts of a program share a pool?](04_one_pool_for_many_parts.ipynb)
