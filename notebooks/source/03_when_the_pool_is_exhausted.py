# %% [markdown]
# # What happens when the pool is exhausted?
#
# A pool may open only so many connections. What if all of them are in use and another request comes? It fails at once
# or it waits, depending on the class of your pool. In this lesson you'll watch both, and you'll find out why
# `except redis.ConnectionError` can't tell a busy moment from a Redis server that is down.
#
# **You'll learn to**
# - predict what `ConnectionPool` and `BlockingConnectionPool` do at their limit;
# - catch the right exception for each, and tell "the pool is exhausted" from "Redis is down";
# - say what `timeout`, `socket_timeout` and `Retry` do here, and what they don't;
# - choose how long a request may wait.
#
# **You need** [lesson 01](01_your_first_pool.ipynb) (what a pool is) and a rough idea of Python threads. New: the
# blocking pool, its exceptions, and this course's helpers for running many threads.
# *15 minutes, plus 30 for the exercises.*

# %%
from threading import Thread
from time import monotonic, sleep

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tutorial_lib import (
    PoolView,
    hold,
    playground,
    plot_timeline,
    predict,
    record,
    run_threads,
    start_server,
)

# %% tags=["nbval-ignore-output"]
server = start_server(keys=["greeting", "views:home", "orders"])  # the keys that this lesson writes
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
        0: "Six requests would have to wait for a connection, and a plain pool doesn't let them wait.",
        6: "Four requests get a connection. The other six find none idle and none left to open, so they are refused.",
        10: "The first four requests already have their connections, and they keep them until they're done.",
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
# Now change the class of the pool to `BlockingConnectionPool`. When this pool is exhausted, a request waits until a
# connection is returned, for at most `timeout` seconds.

# %% jupyter={"source_hidden": true}
guess_waiting = predict(
    "How many of the ten requests get an error now, if each may wait for up to 20 seconds?",
    {
        0: "Each connection is returned after half a second, so even the last two requests wait for only one second, "
        "far less than 20.",
        6: "These six would have been refused by a plain pool. A blocking pool lets them wait instead.",
        2: "The last two wait the longest, until eight requests have been served. That takes only a second.",
    },
    answer=0,
)
guess_waiting

# %%
blocking = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20)
with record(blocking) as recording:
    run_threads(10, lambda: hold(blocking, seconds=0.5))

guess_waiting.reveal(recording.refused + recording.timed_out)

# %% [markdown]
# **A `BlockingConnectionPool` makes the request wait until a connection is returned.**
#
# All ten requests are served, in three rounds: four, then four, then two. `plot_timeline` draws a recording, with a
# row for each request: hatched while it waits, solid while it has a connection. Look at the last two rows: these
# requests waited for a whole second to do half a second of work.

# %% tags=["nbval-ignore-output"]
plot_timeline(recording)

# %% [markdown]
# Redis was never slow here, and no statistic of the server shows this wait, because the requests wait inside *your*
# program. So that's the place to look. You know `PoolView` from lesson 01: it draws a pool live, and `freeze()` keeps
# the picture of one moment. The requests run in the background meanwhile, in a thread of their own. You should see
# four connections in use and six callers waiting.

# %% tags=["nbval-ignore-output"]
view = PoolView(blocking, server, title="ten requests, four connections")
requests = Thread(target=run_threads, args=(10, lambda: hold(blocking, seconds=0.5)))
requests.start()
sleep(0.3)  # now four requests have a connection, and six wait
picture = view.freeze()
requests.join()  # wait until all ten requests are done
picture

# %% [markdown]
# ## Refuse or wait, under load

# %% [markdown]
# Now try both kinds of pool with callers that keep coming. This is the `playground` from lesson 01. Run the cell and
# press **Start**: ten callers share four connections, and about half of them are refused. Then choose **waits**,
# which makes it a `BlockingConnectionPool`: from now on no caller is refused, but many callers have to wait. Last,
# move **hold** down to 0.05 s, and hardly any caller waits.

# %% tags=["nbval-ignore-output"]
playground(limit=4, callers=10, hold=0.5)

# %% [markdown]
# ## What do refused requests cost?

# %% [markdown]
# Users notice when they have to wait. Refused requests are easier to overlook, because a page may look fine although
# one of its commands failed.
#
# Here 50 threads count 20 page views each, with a pool of ten connections. If a view can't be counted, the program
# ignores the error, so that the page is shown anyway:


# %%
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
        "1000": "An INCR is quick, but while ten threads are sending theirs, the other 40 find no connection.",
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
# **With the blocking pool every view was counted. With the plain pool some were lost, although no page looked
# broken.**
#
# This is how many were lost:

# %% tags=["nbval-ignore-output"]
print(f"plain pool: {views} counted, {1000 - views} lost")

# %% [markdown]
# Most views are lost, because a refusal takes only microseconds. A refused thread goes on to its next view at once,
# so it often gets through all of its 20 views before any connection is returned.

# %% [markdown]
# ## Which exception means what?

# %% [markdown]
# Here are three pools that can't give you a connection. The first two have one connection each, and it's in use. The
# third pool points to a port on which no Redis server listens.

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
        2: "Two pools are exhausted, but they don't raise the same error. The blocking one raises another class.",
        1: "Only the plain pool raises `MaxConnectionsError`. The blocking one raises a `ConnectionError` when its "
        "timeout is over.",
        3: "The third pool hasn't reached its limit. It can't connect, and that is a different error.",
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
# **An exhausted blocking pool raises a plain `ConnectionError`, and only the text `No connection available.` tells
# you what happened.**
#
# And because `MaxConnectionsError` is a subclass of `ConnectionError`, the clause that most programs have,
# `except redis.ConnectionError`, catches all three:

# %%
[isinstance(error, redis.ConnectionError) for error in errors]

# %% [markdown]
# If you log "Redis is down" in that clause, every traffic peak becomes a false alarm. This is how you tell these
# errors apart:
#
# | what happened | class | how to recognise it |
# |---|---|---|
# | a plain pool is exhausted | `MaxConnectionsError` | catch it *before* `ConnectionError` |
# | a blocking pool is exhausted | `ConnectionError` | its text is `No connection available.` |
# | Redis can't be reached, or doesn't let you in | `ConnectionError` or a subclass | any other text, such as `Connection refused.` |
#
# A server that doesn't answer in time raises `redis.TimeoutError`, which isn't a `ConnectionError`.
#
# Since you need the text, log the error with `str(error)` or `%s`. The `repr` of redis-py's errors leaves it out:

# %%
print(f"str:  {errors[0]}")
print(f"repr: {errors[0]!r}")

# %% [markdown]
# ## Does Retry wait for a connection?

# %% [markdown]
# redis-py can retry a command that failed. The `Retry` below allows three more attempts (the 3), and waits a tenth of
# a second before each (`ConstantBackoff(0.1)`). The pool's only connection is in use when a client asks for the
# greeting.

# %% jupyter={"source_hidden": true}
guess_asked = predict(
    "How many times does the client ask the pool for a connection?",
    {
        1: "A retry needs a connection on which to send the command again, and here borrowing one is what failed.",
        3: "With three retries you'd expect four attempts in total. But nothing is retried, because no command was sent.",
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
# **`Retry` doesn't wait for a connection: an exhausted pool raises before there is anything to retry.**
#
# `Retry` belongs to a connection. It repeats two things: opening that connection, and sending a command on it and
# reading the reply. A command borrows a connection first, and an exhausted pool has none to borrow. If you want to
# wait for a connection, use a `BlockingConnectionPool`. [Lesson 10](10_when_a_connection_dies.ipynb) shows what
# `Retry` is good for.

# %% [markdown]
# ## What does the pool's timeout limit?

# %% [markdown]
# The next pool has `timeout=0.2`, and its only connection is idle. The shop waits for an order with `BLPOP`. Redis
# replies to this command when an item arrives in the list, or when the command's own timeout is over. Here that's one
# second, and no order comes.

# %% jupyter={"source_hidden": true}
guess_limits = predict(
    "What does the caller get, and when?",
    {
        "an error, before a second is over": "The connection was idle, so the caller got it at once, and after that "
        "the pool's timeout has no effect.",
        "None, after a second": "The pool's timeout limits the wait for a connection, and the caller didn't have to wait "
        "for one. How long Redis takes to reply is another matter.",
    },
    answer="None, after a second",
)
guess_limits

# %%
started = monotonic()
with redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.2) as pool:
    order = redis.Redis(connection_pool=pool).blpop("orders", timeout=1)

in_time = order is None and monotonic() - started > 0.9
guess_limits.reveal("None, after a second" if in_time else "an error, before a second is over")

# %% [markdown]
# **The pool's `timeout` limits how long you wait for a connection, not how long the command takes.**
#
# How long a reply may take is limited by a setting of the connection, `socket_timeout`. When that time is over,
# redis-py raises `redis.TimeoutError`:

# %%
with_timeouts = redis.BlockingConnectionPool(**at, timeout=0.2, socket_timeout=0.5)
try:
    redis.Redis(connection_pool=with_timeouts).blpop("orders", timeout=1)
except redis.ConnectionError:
    print("not a ConnectionError")
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
# > **redis-py 7 and older:** `socket_timeout` had no default, so a caller could wait for a reply for ever.
#
# [Lesson 06](06_commands_that_keep_a_connection.ipynb) has more on blocking commands, and [lesson
# 11](11_how_long_a_caller_waits.ipynb) adds up all the timeouts.

# %% [markdown]
# ## Who is served next?

# %% [markdown]
# You might expect a queue, in which the caller that has waited longest is next. Test that. Eight threads share four
# connections. Each thread borrows a connection 40 times, for 5 ms, and asks again at once. The recording has a
# *lease* for each borrow, and `lease.waited` is how long the caller waited for it.

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "Of the 320 borrows, how many had to wait longer than 1 ms?",
    {
        "nearly none": "The thread that returns a connection asks again at once, and gets it before the waiting thread "
        "has even woken up.",
        "about half": "Half of the threads wait at any moment. But meanwhile the others borrow again and again, "
        "without waiting.",
        "nearly all": "If the threads took turns, every borrow except the first four would have to wait. They don't.",
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
# **A blocking pool isn't first come, first served.**
#
# Hardly any borrow had to wait, but the few that did waited for about half of the run. When a connection is returned,
# Python wakes a waiting thread. Before that thread runs, the one that returned the connection has usually borrowed it
# again. In the picture, four threads work while the other four wait:

# %% tags=["nbval-ignore-output"]
plot_timeline(busy)

# %% [markdown]
# ## How long should a request wait?

# %% [markdown]
# A waiting request can't know when its turn comes, so give the pool a short `timeout`, and decide what your program
# does when that time is over. Here 40 requests come at once, and each needs one of four connections for 0.1 s. They
# may wait for up to 20 s in the first run, and for up to 0.25 s in the second.


# %% tags=["nbval-ignore-output"]
def serve_40_requests(timeout):
    pool = redis.BlockingConnectionPool(**at, max_connections=4, timeout=timeout)
    with pool, record(pool) as recording:
        run_threads(40, lambda: hold(pool, seconds=0.1))
    return recording


for timeout in (20, 0.25):
    run = serve_40_requests(timeout)
    print(f"timeout={timeout}: {run.borrowed} served, {run.timed_out} timed out,", end=" ")
    print(f"longest wait {run.longest_wait:.2f} s")

# %% [markdown]
# `PoolReplay`, another helper of this course, plays a recording in the same picture as `PoolView`. Press **Play**, or
# drag the slider: callers wait, four at a time get a connection, and after a quarter of a second the rest give up.

# %% tags=["nbval-ignore-output"]
from tutorial_lib import PoolReplay

PoolReplay(run, title="40 requests, timeout 0.25 s")

# %% [markdown]
# **Choose a timeout that is shorter than your users are willing to wait, and have a fallback.**
#
# With 20 s every request is served, but some wait for almost a second. With 0.25 s most requests time out, but each
# of them knows that after a quarter of a second, and can show a page without the greeting. If requests keep arriving
# faster than they are served, a long timeout only makes everyone wait longer. [Lesson
# 08](08_how_many_connections.ipynb) calculates how many connections keep waits short.

# %% [markdown]
# ## Going deeper: a limit in front of the pool

# %% [markdown]
# Requests can also wait before they start any work. A semaphore lets only a fixed number of threads into its `with`
# block at the same time. Here it lets four threads in, as many as the plain pool has connections:

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
# **A semaphore limits everything in its block, not only Redis.** With as many connections as threads in the block,
# each finds a connection, even in a plain pool. And `four_at_a_time.acquire(timeout=0.25)` returns `False` if the
# wait takes too long, so you can refuse a request before it has done any work.

# %% [markdown]
# ## Summary

# %% [markdown]
# - At its limit, `ConnectionPool` raises `MaxConnectionsError: Too many connections` at once.
#   `BlockingConnectionPool` waits for up to `timeout` seconds and then raises
#   `ConnectionError: No connection available.`
# - So `except redis.ConnectionError` may mean that the pool is exhausted or that Redis is down. Catch
#   `MaxConnectionsError` first, and look at the text.
# - `Retry` doesn't wait for a connection. The pool's `timeout` limits borrowing; `socket_timeout` limits the wait for
#   a reply.
# - Callers don't take turns, so choose a short timeout and have a fallback.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your service logs "Redis is down" at every traffic peak, but Redis is fine. What do you check first?</summary>
#
# The `except redis.ConnectionError` clause that writes the message. An exhausted pool raises a `ConnectionError` too,
# so catch `MaxConnectionsError` before it. With a blocking pool, check for the text `No connection available.`
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
# Yes. The 0.2 seconds limit the wait for a connection. The wait for the reply is limited by `socket_timeout`, which
# is five seconds by default.
#
# </details>

# %% [markdown]
# Last, close the pools and stop the server:

# %% tags=["no-output"]
for pool in (plain, blocking, exhausted, exhausted_blocking, retrying, with_timeouts):
    pool.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: waiting, failing fast, and the right
# exception](../exercises/ex03_when_the_pool_is_exhausted.ipynb)
#
# **Next:** [How do many parts of a program share a pool?](04_one_pool_for_many_parts.ipynb)
