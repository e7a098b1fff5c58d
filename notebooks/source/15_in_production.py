# %% [markdown]
# # What do you watch in production?
#
# In the lessons so far you knew what was wrong, because each section was about one mistake. In production you only see
# that requests fail. In this lesson a small web shop has six mistakes at once, and you find the lines that cause them.
# Then you choose the numbers that tell you about the next problem before your users do.
#
# **You'll learn to**
# - examine a program that fails, and distinguish causes from consequences;
# - choose numbers about connections for a dashboard: from the pool, from the server, and from your own code;
# - say what redis-py reports to OpenTelemetry, and what it never reports;
# - start a new service from a recipe whose connections were counted.
#
# **You need** lessons 03 to 07: exhausted pools, leaks, subscriptions and the server's list of connections. The command
# `examine` and redis-py's metrics are new. *15 minutes, plus 60 for the exercises.*

# %%
from collections import deque
from time import monotonic

import redis
import redis.asyncio
from web_shop import Shop, SoldOut, open_for_a_day

from tutorial_lib import (
    examine,
    hold,
    plot_timeline,
    predict,
    record,
    run_threads,
    start_server,
    watch_metrics,
)

# %% tags=["nbval-ignore-output"]
server = start_server(keys=["shop:price:tea", "shop:stock:tea", "greeting"])  # keys of this page
server

# %% [markdown]
# ## A web shop that fails

# %% [markdown]
# The shop is a program of 70 lines: open [web_shop.py](web_shop.py) beside this page, and read it first if you want to
# find the mistakes yourself. Each method of `Shop` answers one kind of request, and its pool may open eight connections.
# `open_for_a_day` serves twenty customers and counts how their requests ended. It serves them one after the other, so that
# the result is the same each time:

# %%
shop = Shop(server.url)
for outcome, times in open_for_a_day(shop).most_common():
    print(f"{times} x {outcome}")
shop.close()

# %% [markdown]
# `SoldOut` is the shop's own error, because there were only five packets of tea. The other errors come from redis-py. The
# shop serves one customer at a time, so how can eight connections be too few?
#
# Let `examine` find out. This helper of the course watches every pool while a program runs, and then reports the lines
# that cause problems. Each report is a *finding*. The cell prints what kinds of findings there are:

# %%
with examine() as findings:
    shop = Shop(server.url)
    open_for_a_day(shop)

shop.close()
print(*findings.kinds, sep="\n")

# %% [markdown]
# The worst finding is at the top. Shown as a whole, each finding is a card that names the line, says what to do, and links
# to the lesson that explains the mistake. Look at the lines of the first two cards:

# %% tags=["nbval-ignore-output"]
findings

# %% [markdown]
# A service is examined in the same way. [web_shop_api.py](web_shop_api.py) serves this shop with FastAPI, and its first
# lines say how to start it under `examine`. The findings are the same.

# %% [markdown]
# ## Which finding do you fix first?

# %% [markdown]
# The first two cards name the same line. The connection that `buy` borrows isn't returned when the tea is sold out, because
# the exception is raised before `release` is called. Here is the shop with only that method fixed. It uses an ordinary
# command, which returns its connection by itself:


# %%
class WithoutLeak(Shop):
    def buy(self, item):
        left = self.r.decr(f"shop:stock:{item}")
        if left < 0:
            raise SoldOut(item)
        return left


# %% jupyter={"source_hidden": true}
guess_left = predict(
    "There were eight findings. How many are left after this one fix?",
    {
        7: "That would be true if each finding had its own cause. Two of the others were consequences of the leak.",
        5: "The exhausted pool was a consequence of the leak. So was `blocking-on-shared`: `BLPOP` on a shared pool is "
        "only reported if other callers run out of connections.",
        0: "The leak caused most of the errors, but not all the findings: some of these mistakes never raise an error.",
    },
    answer=5,
)
guess_left

# %%
with examine() as findings:
    without_leak = WithoutLeak(server.url)
    outcomes = open_for_a_day(without_leak)

without_leak.close()
print(*findings.kinds, sep="\n")
guess_left.reveal(len(findings))

# %% [markdown]
# **Fix the worst finding and examine again, because one mistake can cause several findings.**
#
# If you had raised `max_connections` instead, the error would have come back after a few more customers. Of the five
# findings that are left, only `timeout-shorter-than-block` is about an error that users see. The other four raise nothing:

# %%
print({outcome: times for outcome, times in outcomes.items() if "Error" in outcome})

# %% [markdown]
# Here are two more fixes. `price` creates a client in each call, which costs a new connection each time. And `next_order`
# waits two seconds for an order, although its pool allows only one second for each reply, so it needs a client of its own:


# %%
class BetterShop(WithoutLeak):
    def __init__(self, url):
        super().__init__(url)
        self.queue = redis.Redis.from_url(url, socket_timeout=None)  # only for BLPOP

    def price(self, item):
        return self.r.get(f"shop:price:{item}")

    def next_order(self):
        return self.queue.blpop("shop:orders", timeout=2)


# %%
with examine() as findings:
    better = BetterShop(server.url)
    outcomes = open_for_a_day(better)

better.close()
better.queue.close()
print(*findings.kinds, sep="\n")
print("errors from Redis:", [outcome for outcome in outcomes if "Error" in outcome])

# %% [markdown]
# No request fails because of Redis any more, but three mistakes are left: two cost connections, and one changes the type
# of a reply.
# These three are for you: fix web_shop.py in an editor, and examine it in a terminal, as you would examine a program of
# your own. In the terminal, go to the folder `notebooks`. Instead of `redis://…`, write the address that the cell below
# shows. It's the server of this page, which runs until the last cell closes it:
#
# ```console
# redis-pool-tutorial examine python web_shop.py redis://…
# ```
#
# Start with the three fixes from above. You're done when the report says `Nothing to worry about was found.`
# [Examine your own program](../docs/examine.md) describes the command and its options.

# %% tags=["nbval-ignore-output"]
print(server.url)

# %% [markdown]
# ## What belongs on a dashboard?

# %% [markdown]
# `examine` slows a program down a little, so use it in tests, and in production only while something is wrong. For every
# other day you need a few numbers that cost almost nothing. There are three places to get them: the pool, the server and
# your own code.
#
# | number | where it comes from | what it can tell you |
# |---|---|---|
# | connections in use, idle, limit | `pool.get_connection_count()`, `pool.max_connections` | there's a leak, if the number in use rises and never falls |
# | open connections by name | `CLIENT LIST`, and `client_name` on the pool | what's really open, in all processes together |
# | connections opened per second | `INFO stats`: how much `total_connections_received` has risen | there's a client for each request, or connections die |
# | waits and refusals | your own code | users are waiting, or their requests fail |
#
# redis-py's pools don't count waits or refusals, so the class below does. A `deque` with a `maxlen` keeps only the latest
# values, and threads can share it. The measured wait includes the time that it takes to open a connection. If Redis is
# down, that error is in `refused` too, with a text of its own:


# %%
class WatchedPool(redis.BlockingConnectionPool):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.waits, self.refused = deque(maxlen=1000), deque(maxlen=1000)

    def get_connection(self, *arguments, **options):
        begin = monotonic()
        try:
            return super().get_connection(*arguments, **options)
        except redis.ConnectionError as error:
            self.refused.append(str(error))
            raise
        finally:
            self.waits.append(monotonic() - begin)


# %%
at = {"host": server.host, "port": server.port}
pool = WatchedPool(**at, max_connections=4, timeout=0.1, client_name="shop")
r = redis.Redis(connection_pool=pool)

# %% [markdown]
# `dashboard` prints one line with these numbers. `get_connection_count()` returns two pairs, the first for the idle
# connections and the second for those in use. Each pair is a number and its labels for a metric. `server.clients()` and
# `server.opened()` are this course's helpers for `CLIENT LIST` and `total_connections_received`.
#
# > **redis-py 7.1 and older:** pools have no `get_connection_count()`, and there are no metrics to report.


# %%
def dashboard(when):
    (idle, _), (in_use, _) = pool.get_connection_count()
    named = sum(client.name == "shop" for client in server.clients())
    opened = server.opened() - opened_before
    print(f"{when:14} {in_use} in use, {idle} idle; {named} at the server,", end=" ")
    print(f"{opened} opened; {len(pool.refused)} refused")


# %% jupyter={"source_hidden": true}
guess_idle = predict(
    "The next two cells borrow all four connections, return them, and close them with `pool.disconnect()`. What do the "
    "pool and the server count at the end?",
    {
        "0 idle, 0 at the server": "You're right about the server. But the pool keeps its four connection objects, to "
        "open them again later, and counts them as idle.",
        "4 idle, 0 at the server": "A pool counts its connection objects, whether they're open or not. These four are "
        "closed, and the pool will open them again when it hands them out.",
        "4 idle, 4 at the server": "You're right about the pool. But `disconnect()` closes the sockets, so the server has "
        "no connection of that name.",
    },
    answer="4 idle, 0 at the server",
)
guess_idle

# %%
opened_before = server.opened()
dashboard("a new pool")
held = [pool.get_connection() for _ in range(4)]
dashboard("four borrowed")
results = run_threads(3, lambda: r.get("greeting"))
dashboard("three refused")

# %%
while held:
    pool.release(held.pop())
dashboard("all returned")
pool.disconnect()
dashboard("disconnected")
idle, _ = pool.get_connection_count()[0]
named = sum(client.name == "shop" for client in server.clients())
guess_idle.reveal(f"{idle} idle, {named} at the server")

# %% [markdown]
# **The pool knows which connections are in use, and only the server knows which are open.**
#
# That's why you want both on a dashboard. Set an alarm on `refused`, because each refusal is a request that failed. The
# longest of the recent waits warns you earlier, before a request fails. Here it's the pool's whole `timeout`, because
# three callers waited in vain:

# %% tags=["nbval-ignore-output"]
print(f"longest wait: {max(pool.waits):.2f} s")

# %% [markdown]
# Now more requests arrive than the pool has connections. Ten callers each keep a connection for 0.06 seconds, and the
# pool's `timeout` is 0.1 seconds. Look at the two crosses: these callers were refused, and 0.02 seconds later they would
# have got a connection. The lower part is what a dashboard would draw: the connections in use, which have reached the limit.

# %% tags=["nbval-ignore-output"]
with record(pool) as recording:
    results = run_threads(10, lambda: hold(pool, seconds=0.06))

plot_timeline(recording)

# %% [markdown]
# ## What does redis-py report to OpenTelemetry?

# %% [markdown]
# [OpenTelemetry](https://opentelemetry.io/docs/what-is-opentelemetry/) is a standard for sending metrics to a monitoring
# system. redis-py can report metrics to it, if `opentelemetry-sdk` is installed and you turn the metrics on. Redis's page
# on [observability with redis-py](https://redis.io/docs/latest/develop/clients/redis-py/observability/) shows how.
#
# This course's helper `watch_metrics` turns all of redis-py's metrics on, and keeps them in this notebook instead of sending
# them anywhere. `metrics.of(pool)` returns what was reported about one pool:

# %%
metrics = watch_metrics()
metrics

# %%
plain = redis.ConnectionPool(**at, max_connections=4)
r_plain = redis.Redis(connection_pool=plain)
r_plain.set("greeting", "hello")
held_plain = [plain.get_connection() for _ in range(4)]
metrics.of(plain)

# %% [markdown]
# Four connections are in use, none is idle, and `create_time` was reported four times, once for each connection that was
# opened. On a dashboard its count is more useful than the time, because it's the number of connections opened. All four
# connections are in use now, so the next callers will be refused. Five of them try after the question, and
# `metrics.changes` returns which metrics that has changed.

# %% jupyter={"source_hidden": true}
guess_refused = predict(
    "Five callers get a `MaxConnectionsError`. Which of redis-py's metrics changes?",
    {
        "the count of errors": "`redis.client.errors` counts errors of commands that were sent. These callers never got "
        "a connection to send one on.",
        "the count of timeouts": "redis-py defines `db.client.connection.timeouts`, but no line of redis-py 8.1 reports "
        "it. Besides, these callers didn't wait.",
        "nothing": "The pool raises the error before it reaches the code that reports metrics, and no command is sent.",
    },
    answer="nothing",
)
guess_refused

# %%
before = metrics.of(plain)
results = run_threads(5, lambda: r_plain.get("greeting"))
print(*{str(error) for error in results})
guess_refused.reveal(metrics.changes(plain, before))

# %% [markdown]
# **A refused caller leaves no trace in redis-py's metrics.**
#
# The metrics look the same whether one caller is refused or a thousand are: four connections are in use. Waits that end in
# a refusal are missing, too. In the next cell the `WatchedPool` from above refuses three callers again, after each of them
# has waited for the pool's whole `timeout`.

# %%
borrowed = [pool.get_connection() for _ in range(4)]
before = metrics.of(pool)
results = run_threads(3, lambda: r.get("greeting"))
print(*{str(error) for error in results})
print("changed in the metrics:", metrics.changes(pool, before))
while borrowed:
    pool.release(borrowed.pop())

# %% [markdown]
# `db.client.connection.wait_time` is only reported for waits that end with a connection. So the longest waits are missing,
# and the average looks better than it is. That's why the `WatchedPool` counts waits and refusals itself. To send these
# numbers to OpenTelemetry too, create a counter with
# `opentelemetry.metrics.get_meter("shop").create_counter("shop.pool.refused")`, and call its `add(1)` in the `except` block.
#
# Some numbers that are reported are wrong. Like the pool's own count, `idle` doesn't fall when `disconnect()` closes the
# connections:

# %%
while held_plain:
    plain.release(held_plain.pop())
plain.disconnect()
print("idle in the metrics:", metrics.of(plain).get("db.client.connection.count idle"))

# %% [markdown]
# The blocking pool for asyncio reports each time a connection is returned, but not when it's borrowed. After 100 PINGs:

# %%
async_pool = redis.asyncio.BlockingConnectionPool(**at)
for _ in range(100):
    await redis.asyncio.Redis(connection_pool=async_pool).ping()
print("in use, in the metrics:", metrics.of(async_pool).get("db.client.connection.count used"))
print("in use, says the pool:", async_pool.get_connection_count()[1][0])
await async_pool.aclose()

# %% [markdown]
# **Trust the number of connections opened, the number in use in a synchronous pool, and the count of commands that failed.
# Count refusals and waits yourself.** There's [a pull request](https://github.com/redis/redis-py/pull/4078) that fixes the
# negative number.

# %% [markdown]
# ## What do other pages say?

# %% [markdown]
# If a page that you trust contradicts these lessons, which of the two is right? Often the page is about an older version, or
# about another client library. These three statements may surprise you:
#
# | a page says | measured with redis-py 8.1 | shown in |
# |---|---|---|
# | `redis.client.errors` is "a counter of all errors" | Refused callers change no metric. | the section above |
# | "attempt a failed command three times" by default | Eleven attempts with `Redis(host=…)`, and one with `from_url` or a pool of your own. | [10](10_when_a_connection_dies.ipynb#Who-retries,-and-how-often?) |
# | in a tree of exceptions, `TimeoutError` stands below `ConnectionError` | It isn't a kind of `ConnectionError`, so `except ConnectionError` misses it. | [11](11_how_long_a_caller_waits.ipynb#When-Redis-goes-silent) |
#
# [What documentation says, and what you can measure](../docs/docs_say.md) has all of them, with a link to each page.

# %% [markdown]
# ## Which recipe fits your program?

# %% [markdown]
# You've seen what a shop can do wrong. The [recipes](../recipes/README.md) are eight small applications that do it right.
# For each of them, the server counted the connections while hundreds of requests came in. Open the one that is closest to
# your program:
#
# | you use | open | what to look for |
# |---|---|---|
# | FastAPI | [fastapi_app.py](../recipes/fastapi_app.py) | the pool is created in the `lifespan`, inside the event loop |
# | Flask | [flask_app.py](../recipes/flask_app.py) | one client for all threads of a process |
# | Django's cache | [django_cache.py](../recipes/django_cache.py) | the built-in cache has a pool for each thread; the recipe's `OnePool` is one pool for all threads |
# | django-redis | [django_redis_app.py](../recipes/django_redis_app.py) | where its pool gets `max_connections` |
# | gunicorn | [gunicorn_forks.py](../recipes/gunicorn_forks.py) | the pool is created after the fork |
# | Celery | [celery_app.py](../recipes/celery_app.py) | three kinds of pools, and the setting for each |
# | rq | [rq_jobs.py](../recipes/rq_jobs.py) | a worker that keeps its connection between jobs |
# | asyncio | [asyncio_worker.py](../recipes/asyncio_worker.py) | a second pool for commands that wait |

# %% [markdown]
# ## Summary

# %% [markdown]
# `examine` names the lines that leak connections, exhaust a pool or create too many pools. Fix the worst finding first, and
# examine again. On a dashboard you want four numbers: connections in use compared with the limit, open connections by name,
# connections opened per second, and refusals. The last one comes from your own code, because neither the pool nor
# redis-py's metrics count refusals. A pool's `idle` says nothing about which connections are open, so ask the server.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your dashboard uses redis-py's metrics, and everything on it is green, but users report
# <code>Too many connections</code>. What's missing?</summary>
#
# A count of refusals. redis-py's metrics don't have one. All they show is that the number of connections in use has reached
# the limit. Catch the error where you call Redis, or in a pool like `WatchedPool`, and count it there.
#
# </details>
#
# <details><summary>The number of connections opened per second rises, and the number of open connections doesn't. What
# could it be?</summary>
#
# Connections are opened and closed all the time. Either the program creates a client for each request, or connections
# die and are opened again, or asyncio tasks are cancelled. `examine` tells you which of these it is, with the finding
# `client-per-call`, `stale-reconnects` or `cancelled-borrow`.
#
# </details>
#
# <details><summary>Which three mistakes does this page leave in web_shop.py?</summary>
#
# `offers` unsubscribes but never closes its listener, so each call keeps a connection. `decode_responses=True` is given
# to a client that has a pool, so it's ignored: give it to the pool. And `visit` uses a shared client in a `with` block,
# which closes its pool at the end of each visit, so each visit opens a new connection.
#
# </details>

# %% [markdown]
# Close what this page opened, and stop the server:

# %% tags=["no-output"]
for each in (pool, plain):
    each.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: incidents, each with its story, its log and the program that failed](../exercises/ex15_in_production.ipynb),
# and [web_shop.py](web_shop.py) until `examine` finds nothing in it.
#
# **Next:** [The summary](../docs/summary.md), one page to print.
