# %% [markdown]
# # What happens when the pool is exhausted?
#
# A pool has a limit, and one busy day somebody asks for one connection more.
# Whether that customer waits or gets an error is decided by the name of a class.
#
# You will be able to
# - say what `ConnectionPool` and `BlockingConnectionPool` do at their limit, before you run them;
# - catch the right exception for each, and tell "busy" from "Redis is down";
# - choose how long somebody may wait, and know what that time does not limit.
#
# *25 minutes, and 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
import redis

from tutorial_lib import hold, plot_timeline, predict, record, run_threads, start_server

server = start_server(keys=["greeting", "views:home", "orders"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
server

# %% [markdown]
# ## Ten customers, four connections
#
# Ten customers enter our web shop at once, and each page needs a connection for half a second. The pool may
# open four. Two helpers make it so: `run_threads(10, visit)` calls `visit` in ten threads that begin
# together, and `hold` borrows a connection, keeps it and gives it back.

# %% jupyter={"source_hidden": true}
guess_refused = predict(
    "How many of the ten get an error from a plain `ConnectionPool`?",
    {
        0: "That would take a queue to stand in, and a plain pool has none.",
        6: None,
        10: "A full pool does not fail those who hold a connection: the first four were served.",
    },
)
guess_refused

# %%
plain = redis.ConnectionPool(**at, max_connections=4)
with record(plain) as recording:
    results = run_threads(10, lambda: hold(plain, seconds=0.5))

guess_refused.reveal(recording.refused)

# %% [markdown]
# `record(pool)` noted who borrowed, who waited and who was turned away. `run_threads` returned what each
# call returned, or its error. Here is the error, and the longest that anybody waited:

# %%
error = next(result for result in results if result)
print(f"{type(error).__name__}: {error}")
recording.longest_wait

# %% [markdown]
# Nobody waited at all. At its limit a plain pool raises, here half a second before it would have had
# something to lend.
#
# ## The same ten, and a queue to stand in
#
# One word changes: `BlockingConnectionPool`. Whoever finds it full waits, for at most `timeout` seconds.

# %% jupyter={"source_hidden": true}
guess_waiting = predict(
    "How many of the ten get an error now, if each may wait 20 seconds?",
    {
        0: None,
        6: "They asked at the same moment as before, and this pool lets them wait for the first four.",
        2: "The third round has only two customers in it, and they are served as well.",
    },
)
guess_waiting

# %%
patient = redis.BlockingConnectionPool(**at, max_connections=4, timeout=20)
with record(patient) as queued:
    run_threads(10, lambda: hold(patient, seconds=0.5))

guess_waiting.reveal(len(queued.turned_away))

# %% [markdown]
# All ten are served, in three rounds. Look at the last two: they waited a second for half a second of
# work. Redis was never slow, so none of its own numbers will show this: the queue stands inside
# *your* program.

# %% tags=["nbval-ignore-output"]
plot_timeline(queued)

# %% [markdown]
# ## A thousand page views
#
# A wait is felt. What a refusal costs is easier to miss. Fifty threads count 20 views each through a
# pool of ten, and a page whose view cannot be counted is shown all the same:


# %%
def view(r):
    try:
        return r.incr("views:home")
    except redis.MaxConnectionsError:
        return None  # nobody will notice


def rush(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("views:home", 0)
    run_threads(50, lambda: [view(r) for _ in range(20)])
    return int(r.get("views:home"))


# %% jupyter={"source_hidden": true}
guess_views = predict(
    "A thousand views through a plain pool of ten. What does `views:home` say?",
    {
        "1000": "An INCR is quick, but ten connections were lent when the other forty threads asked.",
        "less than 1000": None,
        "more than 1000": "A refused INCR was never sent, so nothing was counted twice.",
    },
)
guess_views

# %%
with redis.BlockingConnectionPool(**at, max_connections=10, timeout=20) as pool:
    print("a pool that waits:", rush(pool))
with redis.ConnectionPool(**at, max_connections=10) as pool:
    views = rush(pool)

guess_views.reveal("less than 1000" if views < 1000 else "1000")

# %% tags=["nbval-ignore-output"]
print(f"a plain pool: {views}, and {1000 - views} views lost")

# %% [markdown]
# The pool that waits lost none. With the other no page looked broken: a refusal is quick, so a refused thread
# is back for its next try at once, and has used up all twenty while ten commands are on their way.
#
# ## Busy, or down?
#
# Three pools in trouble: two have lent the one connection that they may open, the third leads nowhere.

# %%
full = redis.ConnectionPool(**at, max_connections=1)
full_blocking = redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.1)
down = redis.ConnectionPool(host="127.0.0.1", port=1)  # nobody listens there
lent = [full.get_connection(), full_blocking.get_connection()]

# %% jupyter={"source_hidden": true}
guess_caught = predict(
    "All three are asked for the greeting. How many of the errors does `except redis.MaxConnectionsError` catch?",
    {
        2: "Two pools are full, and the blocking one has another word for it: read the second line.",
        1: None,
        3: "It is named after a limit, and a Redis that is not there has reached none.",
    },
)
guess_caught


# %%
def error_of(pool):
    try:
        redis.Redis(connection_pool=pool).get("greeting")
    except redis.RedisError as error:
        return error


errors = [error_of(pool) for pool in (full, full_blocking, down)]
for error in errors:
    print(f"{type(error).__name__}: {error}")

caught = [isinstance(error, redis.MaxConnectionsError) for error in errors]
guess_caught.reveal(sum(caught))

# %% [markdown]
# Two are of the same class, with another text; and `MaxConnectionsError` is a kind of that class. So the
# clause that most programs have, `except redis.ConnectionError`, catches all three:

# %%
[isinstance(error, redis.ConnectionError) for error in errors]

# %% [markdown]
# Whoever writes "Redis is down" there gives a false alarm each time the shop is busy.
#
# | what happened | class | how to know it |
# |---|---|---|
# | a plain pool is full | `MaxConnectionsError` | catch it *before* `ConnectionError` |
# | a blocking pool is full | `ConnectionError` | its text, `No connection available.` |
# | Redis cannot be reached | `ConnectionError` | any other text |
#
# *Versions:* redis-py 5 raised a bare `ConnectionError` for the first, too.
#
# Would it help to try again? redis-py has `Retry` for that.

# %% jupyter={"source_hidden": true}
guess_asked = predict(
    "`Retry` allows three more tries, a tenth of a second apart. How often is the full pool asked for a connection?",
    {
        1: None,
        3: "It repeats a command. Here no command has begun, for want of a connection to send it on.",
        4: "One try and three more is how it counts, but for commands, and none has begun.",
    },
)
guess_asked

# %%
from redis.backoff import ConstantBackoff
from redis.retry import Retry

three_more = Retry(ConstantBackoff(0.1), 3)
stubborn = redis.ConnectionPool(**at, max_connections=1, retry=three_more)
lent_too = stubborn.get_connection()
with record(stubborn) as recording:
    print(error_of(stubborn))

guess_asked.reveal(recording.refused)

# %% [markdown]
# `Retry` belongs to a connection, and repeats what failed on it. Borrowing one comes before that.
#
# ## What `timeout` does not limit
#
# A blocking pool has `timeout=0.2`, and its only connection is free. The shop waits for an order with
# `BLPOP`, which takes a whole second if none comes.

# %% jupyter={"source_hidden": true}
guess_limits = predict(
    "What does the caller get, and when?",
    {
        "an error, sooner": "The connection was free, so there was nothing for `timeout` to limit.",
        "an answer, after 1 s": None,
    },
)
guess_limits

# %%
from time import monotonic

begun = monotonic()
with redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.2) as pool:
    order = redis.Redis(connection_pool=pool).blpop("orders", timeout=1)

waited = order is None and monotonic() - begun > 0.9
guess_limits.reveal("an answer, after 1 s" if waited else "an error, sooner")

# %% [markdown]
# `timeout` has done its part once the connection is lent. How long a reply may take is a setting of the
# connection, `socket_timeout`, and it raises yet another error, which is no `ConnectionError`:

# %%
hasty = redis.BlockingConnectionPool(**at, timeout=0.2, socket_timeout=0.5)
try:
    redis.Redis(connection_pool=hasty).blpop("orders", timeout=1)
except redis.ConnectionError:
    print("not this one")
except redis.TimeoutError as error:
    print(f"TimeoutError: {error}")

redis.BlockingConnectionPool().timeout, redis.Connection().socket_timeout

# %% [markdown]
# | argument | limits | if left out |
# |---|---|---|
# | `timeout` | the wait for a free connection | 20 s |
# | `socket_timeout` | the wait for a reply | 5 s; none before redis-py 8 |
#
# ## Who is next, and who should not wait at all?
#
# Eight clerks share four connections. Each borrows one 40 times, for 5 ms, and asks again at once. If they
# took turns, every second borrow would wait.

# %% jupyter={"source_hidden": true}
guess_waits = predict(
    "Of the 320 borrows, how many had to wait longer than 1 ms?",
    {
        "nearly none": None,
        "about half": "In a fair queue it would be so. Here the one who gave back is there first.",
        "nearly all": "Four can always be served at once; only those who find nothing wait.",
    },
)
guess_waits

# %% tags=["nbval-ignore-output"]
with record(patient) as clerks:
    run_threads(8, lambda: [hold(patient, seconds=0.005) for _ in range(40)])

waited = [lease.waited for lease in clerks.leases if lease.waited > 0.001]
print(len(waited), "waited, the longest for", round(clerks.longest_wait, 2), "s")
guess_waits.reveal("nearly none" if len(waited) < 32 else "about half")

# %% [markdown]
# Nearly none, and those few waited for half of the whole run. Waiting long earns nobody the next turn: the
# waiter is woken, and by then the clerk who gave the connection back has borrowed it again.

# %% tags=["nbval-ignore-output"]
plot_timeline(clerks)

# %% [markdown]
# So promise nobody a turn. Set a time after which the shop does without. Forty customers, four connections,
# 0.1 s of work for each: first with 20 s of patience, then with 0.25 s.


# %% tags=["nbval-ignore-output"]
def rush_hour(patience):
    pool = redis.BlockingConnectionPool(**at, max_connections=4, timeout=patience)
    with pool, record(pool) as recording:
        run_threads(40, lambda: hold(pool, seconds=0.1))
    return recording


for shop in (rush_hour(20), rush_hour(0.25)):
    print(shop.borrowed, "served,", shop.timed_out, "not; longest wait", round(shop.longest_wait, 2), "s")

# %% [markdown]
# The second shop sends most customers a page without the greeting, and soon. The first lets them stare at
# nothing for up to 0.9 s, and if more keep coming, its queue only grows.
#
# The queue can also stand in front of the work. A semaphore is a door that lets four in at a time:

# %%
from threading import BoundedSemaphore

door = BoundedSemaphore(4)


def visit():
    with door:
        hold(plain, seconds=0.1)


with record(plain) as recording:
    run_threads(10, visit)

print(recording.borrowed, "served,", recording.refused, "refused")

# %% [markdown]
# Such a door bounds everything behind it, not Redis alone: whoever is in finds
# a connection for each command, and `door.acquire(timeout=0.25)` can say "not now" before any work is done.

# %% [markdown]
# ## Exercises
#
# [Three of them](../exercises/03_when_the_pool_is_exhausted.ipynb): twenty callers on four connections and not one
# error; a greeting that is there in time, whatever is the matter; and a function that knows busy from down.

# %% [markdown]
# ## Recap
#
# - At its limit, `ConnectionPool` raises `MaxConnectionsError: Too many connections` at once;
#   `BlockingConnectionPool` waits for `timeout`, then raises `ConnectionError: No connection available.`
# - So `except redis.ConnectionError` may mean busy or down; and `Retry` waits for no connection.
# - `timeout` limits borrowing, `socket_timeout` the reply. Waiting is unfair: keep it short, and have
#   something to say afterwards.
#
# ## Questions to consider
#
# - What does your program do when its pool is full? Who has ever seen it?
# - How long would you wait for a page that lacks only its greeting?
# - The module for greetings has a pool of four, and so has the module for counters. How many connections can
#   the shop open, and who could use those of the other? That is the next lesson.

# %% [markdown]
# Last, close the pools that have connected, and the server.
#
# **Next:** [How do many parts share one pool?](04_one_pool_for_many_parts.ipynb) Back to
# [What does a connection cost?](02_what_a_connection_costs.ipynb).

# %% tags=["no-output"]
for pool in (plain, patient, full, full_blocking, stubborn, hasty):
    pool.close()
server.close()
