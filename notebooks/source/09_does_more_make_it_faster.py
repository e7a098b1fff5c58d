# %% [markdown]
# # Do more connections make it faster?
#
# Your service is slow at its busiest moment, so someone raises `max_connections`. Sometimes that helps. Sometimes it
# only moves the wait to another place, and sometimes it makes the busiest moment worse. In this lesson you measure
# all three. Then you'll see a way to get faster without any more connections.
#
# **You'll learn to**
# - measure pools of several sizes under the same load;
# - tell a wait in the pool from a wait in the server;
# - say what a spike costs when the pool has to open connections for it;
# - send many commands in one round trip.
#
# **You need** [lesson 02](02_what_a_connection_costs.ipynb) (what opening a connection costs) and [lesson
# 08](08_how_many_connections.ipynb) (rate, hold and the knee). Pipelines are explained here.
# *15 minutes, plus 10 for the exercises.*

# %% tags=["nbval-ignore-output"]
from threading import Barrier
from time import monotonic, sleep

import redis

from tutorial_lib import FaultProxy, predict, record, run_threads, snapshot, start_server

pages = [f"views:page{number}" for number in range(30)]
server = start_server(keys=["greeting", "catalogue", *pages])
proxy = FaultProxy(server, round_trip=0.02)
near = {"host": server.host, "port": server.port}  # **near below: host=…, port=…
far = {"host": proxy.host, "port": proxy.port}  # the same server, 20 ms away
server

# %% [markdown]
# ## Four limits under the same load

# %% [markdown]
# Take the shop of lesson 08: one hundred requests a second, each with a hold of 20 ms, so two connections are in use
# on average. There you calculated how long callers wait, and here you measure it.
#
# `sweep`, a helper of this course, does that with real pools. For each limit it calls your function, here `far_pool`,
# to create a pool. It puts every pool under the same load, which is a `Workload` as in lesson 08, and repeats that in
# three rounds. The result for each limit is the median of its three rounds.

# %% jupyter={"source_hidden": true}
guess_knee = predict(
    "What is the smallest of the limits 2, 3, 4 and 6 with which the mean wait is under 4 ms?",
    {
        2: "Two connections are in use on average, so with a limit of two the queue in front of them grows.",
        3: "Nearly: three keep up, but when requests come in a bunch, some have to wait. The mean is 5 ms or more.",
        4: "With four there's enough headroom for most bunches, so the mean wait falls to a few milliseconds.",
        6: "With six hardly any request waits. The mean is below 4 ms with fewer.",
    },
    answer=4,
)
guess_knee


# %% tags=["nbval-ignore-output"]
from tutorial_lib import Workload, plot_sweep, sweep


def far_pool(limit):
    return redis.BlockingConnectionPool(**far, max_connections=limit)


requests = Workload("GET greeting", rate=100, duration=0.4, seed=23)
measured = sweep([2, 3, 4, 6], requests, far_pool, rounds=3, server=server)
guess_knee.reveal(measured.smallest_limit(wait=0.004))

# %% tags=["nbval-ignore-output"]
plot_sweep(measured)

# %% [markdown]
# **Up to the knee, more connections make it faster, because requests spend less time waiting for one.**
#
# The line in the plot is a simulation as in lesson 08, with the same arrivals. The dots are the real pools. Two
# connections can't keep up, the fourth saves several milliseconds, and the fifth and sixth together save little more.
# If your dots lie above the line, your machine was busy with something else. On fakeredis, only look at the shape.
#
# It's no different on a large scale. The authors of the gateway from lesson 07 [put it under
# load](https://github.com/IBM/mcp-context-forge/pull/4724) with limits of 100, 50 and 30 for each process. It
# answered 522, 531 and 522 requests a second.

# %% [markdown]
# ## Eight connections to one Redis

# %% [markdown]
# In the first section, nearly all of the hold was spent on the network, and the server had little to do. Now it's
# the other way round: Redis is close by, and each command keeps it busy. The shop's catalogue has a bit for each of 16
# million articles, and `BITCOUNT` counts how many of these bits are 1. Eight threads, the `users` of this `Workload`,
# send that command again and again, each as soon as it has its answer.

# %% jupyter={"source_hidden": true}
guess_faster = predict(
    "How much does the number of counts per second grow if you use eight connections instead of one?",
    {
        "8 times": "Eight commands do arrive at the same time, but Redis runs them one after the other.",
        "4 times": "The number of processor cores doesn't matter, because Redis runs its commands in a single thread.",
        "less than 2 times": "Redis runs one command at a time, and one connection keeps it busy most of the time.",
    },
    answer="less than 2 times",
)
guess_faster


# %% tags=["nbval-ignore-output"]
def near_pool(limit):
    return redis.BlockingConnectionPool(**near, max_connections=limit)


with redis.Redis(**near) as r:
    r.setbit("catalogue", 16_000_000, 1)  # two million bytes, nearly all of them zero

count_bits = Workload("BITCOUNT catalogue", users=8, duration=0.2)
counts = sweep([1, 2, 8], count_bits, near_pool, rounds=3, server=server)

# %% tags=["nbval-ignore-output"]
for row in counts:
    waited, held = row.waiting.middle * 1000, row.service.middle * 1000
    print(f"limit {row.limit}: {row.throughput.middle:.0f} a second,", end=" ")
    print(f"waited {waited:.1f} ms, held {held:.1f} ms")

times = counts[-1].throughput.middle / counts[0].throughput.middle
guess_faster.reveal("less than 2 times" if times < 2 else f"{times:.0f} times")

# %% [markdown]
# **When the server is the bottleneck, more connections only move the wait from the pool into the server.**
#
# Compare the last two numbers of each line. As the limit grows, callers wait less for a connection and hold it longer.
# A second connection may still save some time, because the next command is at the server already when one is done.
# From there on, the sum of the two numbers changes little. [Redis executes commands in one
# thread](https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/#single-threaded-nature-of-redis),
# so with eight connections, seven commands wait in its buffers for their turn.
#
# That's the worse place to wait. In the pool, `timeout` limits the wait, and you can count the callers that wait. In
# the server, only `socket_timeout` ends it, and by then the command may have run. So try a higher limit on a test
# server first. If the hold grows as the wait shrinks, look for the slow command instead.

# %% [markdown]
# ## A spike of fifty requests

# %% [markdown]
# Someone has set the limit to 50, "to be safe". After a quiet night the pool has five idle connections to a Redis
# that is 20 ms away. Then fifty requests arrive at the same moment. The function below does that: it borrows a number
# of connections at once, and no thread returns its connection before all threads have one.
#
# Each new connection begins with one `HELLO`, so the server's count of that command says how many were opened.

# %% jupyter={"source_hidden": true}
guess_opened = predict(
    "How many connections does the pool open for the fifty requests, and how many does it have afterwards?",
    {
        "opens 45, has 50": "Five requests get the idle connections. For each of the others the pool is below its "
        "limit, so it opens one. And a pool never closes what is idle.",
        "opens 45, has 5": "It opens 45, but nothing closes them afterwards: a pool doesn't shrink.",
        "opens 0, has 5": "That would be right for a blocking pool with a limit of five. Below its limit, a pool "
        "opens a connection rather than let a request wait.",
    },
    answer="opens 45, has 50",
)
guess_opened


# %%
def use_at_once(number, pool):
    all_borrowed = Barrier(number, timeout=10)

    def request():
        connection = pool.get_connection()
        all_borrowed.wait()  # until every thread has a connection
        sleep(0.05)
        pool.release(connection)

    run_threads(number, request)


# %%
eager = redis.ConnectionPool(**far, max_connections=50)
use_at_once(5, eager)  # the quiet night
opened_before, commands_before = server.opened(), server.commands()
with record(eager) as spike:
    use_at_once(50, eager)

print("HELLO commands that the server got:", (server.commands() - commands_before)["HELLO"])
guess_opened.reveal(f"opens {server.opened() - opened_before}, has {snapshot(eager).idle}")

# %% tags=["nbval-ignore-output"]
from tutorial_lib import plot_timeline

plot_timeline(spike)

# %% [markdown]
# **Below its limit a pool never waits: it opens a connection for each request of the spike, and keeps them all.**
#
# Look at the beginning of the plot. Five requests start at once, and 45 first have to open a connection. That takes
# five round trips of 20 ms in redis-py 8.1 before the first command is sent, so a tenth of a second at least. It often
# takes longer, because 45 handshakes at once are a lot of work for your program. The server gets them at its busiest
# moment, too. Afterwards 50 connections stay open, and each takes memory in the server ([lesson
# 07](07_what_the_server_sees.ipynb)).

# %% [markdown]
# ## The same spike with smaller limits

# %% [markdown]
# What if most of the requests had waited for the five idle connections instead? Here the same spike of fifty `PING`s
# meets a `BlockingConnectionPool` with a limit of 50, of 10 and of 5.

# %% jupyter={"source_hidden": true}
guess_small = predict(
    "With a limit of 5, each connection serves ten of the fifty requests. How long does the spike take, compared with "
    "a limit of 50?",
    {
        "ten times as long": "Ten `PING`s one after the other take ten round trips. But with a limit of 50, most "
        "requests need six: five to open a connection and one for the `PING`.",
        "five times as long": "That would be right if opening a connection took one round trip. It takes five, so most "
        "requests with a limit of 50 need six.",
        "less than twice as long": "It's ten round trips instead of six, because opening a connection takes five. And "
        "the work for 45 handshakes makes those six slower.",
    },
    answer="less than twice as long",
)
guess_small


# %% tags=["nbval-ignore-output"]
def seconds_for_the_spike(limit):
    pool = redis.BlockingConnectionPool(**far, max_connections=limit)
    use_at_once(5, pool)  # the quiet night
    opened_before, begun = server.opened(), monotonic()
    run_threads(50, redis.Redis(connection_pool=pool).ping)
    opened, seconds = server.opened() - opened_before, monotonic() - begun
    print(f"limit {limit:2}: opened {opened:2}, all fifty answered after {seconds:.2f} s")
    pool.close()
    return seconds


took = {limit: seconds_for_the_spike(limit) for limit in (50, 10, 5)}
ratio = took[5] / took[50]
guess_small.reveal("less than twice as long" if ratio < 2 else f"{ratio:.1f} times as long")

# %% [markdown]
# **With a limit of 5, the same spike takes less than twice as long, and the pool opens no connection for it.**
#
# Count the round trips until the last request is answered. With a limit of 50, there are six: five to open a connection
# and one for the `PING`. With a limit of 5, there are ten, because each connection serves ten requests, one after the
# other. With a limit of 10, there are eight. So the large pool should win, but its 45 handshakes are also work for your
# program and for the server. That takes away much of its lead, and on a small machine all of it. So keep the limit at
# the knee, and let a spike wait for a moment.

# %% [markdown]
# ## Thirty counters, one by one and together

# %% [markdown]
# Here is the way that needs no more connections. A page adds 1 to thirty counters, so it sends thirty `INCR`s and waits
# for thirty answers. A **pipeline** collects commands in your program, sends them all on one connection, and then
# reads all answers. With `transaction=False`, other clients' commands may run between yours. Without it, redis-py puts
# `MULTI` and `EXEC` around your commands, so that Redis runs them as one transaction.
#
# `proxy.traffic()` counts the bytes that have passed through the proxy.


# %%
def one_by_one(r):
    for page in pages:
        r.incr(page)


def pipelined(r):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(page)  # sends nothing yet
        pipe.execute()


# %% jupyter={"source_hidden": true}
guess_bytes = predict(
    "How many bytes go to the server with the pipeline, compared with thirty single commands?",
    {
        "fewer": "A pipeline doesn't compress or merge anything. Each command is written out as before.",
        "as many": "The commands are the same, byte for byte. The pipeline only doesn't wait for each answer before it "
        "sends the next command.",
        "more": "A transaction would add `MULTI` and `EXEC`, but this pipeline isn't one.",
    },
    answer="as many",
)
guess_bytes

# %%
r_far = redis.Redis(connection_pool=eager)
sent, took = [], []
for way in (one_by_one, pipelined):
    sent_before, begun = proxy.traffic().to_server, monotonic()
    with record(eager) as recording:
        way(r_far)
    took.append(monotonic() - begun)
    sent.append(proxy.traffic().to_server - sent_before)
    print(f"{way.__name__}: borrowed {recording.borrowed} times, {sent[-1]} bytes sent")

guess_bytes.reveal("as many" if sent[0] == sent[1] else "fewer" if sent[1] < sent[0] else "more")

# %% tags=["nbval-ignore-output"]
print(f"one by one {took[0]:.2f} s, in a pipeline {took[1]:.3f} s")

# %% [markdown]
# **A pipeline sends the same bytes in one round trip, so thirty commands take about as long as one.**
#
# It also borrows once instead of thirty times. That cuts the total hold to about a thirtieth, and with it the number of
# connections that you need. Redis keeps all answers in memory until it has sent them, so if you have very many
# commands, [send a few thousand at a time](https://redis.io/docs/latest/develop/using-commands/pipelining/). A command
# that fails doesn't stop the others: `execute()` raises the first error afterwards. If you call it with
# `raise_on_error=False`, it returns the errors among the answers instead.

# %% [markdown]
# ## Going deeper: opening connections before the spike

# %% [markdown]
# redis-py has no setting for a minimum of open connections. If you can foresee a spike, such as the first minute after
# a deployment, open the connections yourself: when your program starts, borrow all of them at once, and return them.

# %%
warm = redis.BlockingConnectionPool(**far, max_connections=10)
use_at_once(10, warm)  # at the start of the program
opened_before = server.opened()
run_threads(50, redis.Redis(connection_pool=warm).ping)
print("opened during the spike:", server.opened() - opened_before)
warm.close()

# %% [markdown]
# **If its connections were opened beforehand, a pool opens none during the spike.**
#
# They stay open until something closes them: the server's `timeout`, a load balancer, or your own trimming. Then the
# pool opens each of them again when it's needed.

# %% [markdown]
# ## Summary

# %% [markdown]
# | what you see | what it means | what helps |
# |---|---|---|
# | requests wait in the pool, and the hold is as short as before | the limit is below the knee | a higher limit |
# | the hold grows with the limit | the server is the bottleneck | faster commands, not more connections |
# | each spike opens connections | the limit is far above the knee | a lower limit and a pool that waits |
# | one request sends many commands | it waits for each round trip | a pipeline |

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>You raise the limit from 10 to 40. The wait for a connection drops from 8 ms to 0, and requests
# are no faster. Where did the 8 ms go?</summary>
#
# Into the hold. More commands now wait in the server or on the way to it. Look for slow commands, or for a server
# whose processor core is busy all the time.
#
# </details>
#
# <details><summary>Why does a limit far above the knee do harm, when most of its connections are never
# used?</summary>
#
# They aren't used as long as it's quiet. In a spike all of them open at once, which is work at the worst moment.
# Afterwards they stay open, use memory in the server and count towards `maxclients`.
#
# </details>
#
# <details><summary>Would thirty connections be as good as one pipeline of thirty commands?</summary>
#
# Once they're open, they're nearly as fast, because thirty round trips can run side by side. But that takes thirty
# threads, thirty borrows and thirty connections on the server, while the pipeline takes one of each.
#
# </details>

# %% [markdown]
# Close what you opened:

# %% tags=["no-output"]
eager.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercise: A thousand views in ten round trips](../exercises/ex09_does_more_make_it_faster.ipynb)
#
# **Next:** [What if a connection dies?](10_when_a_connection_dies.ipynb)
