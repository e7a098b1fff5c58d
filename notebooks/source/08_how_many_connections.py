# %% [markdown]
# # How many connections do you need?
#
# [Lesson 07](07_what_the_server_sees.ipynb) gave you the largest number of connections that a pool may have: what the
# server allows, divided by the number of pools. How many your program *needs* is another number, and usually a much
# smaller one. It follows from two things that you can measure: how often a connection is borrowed, and how long it is
# held.
#
# **You'll learn to**
# - work out how many connections are in use on average;
# - add the headroom that keeps waits short, and see where more of it stops helping;
# - say what happens to the total when you run more processes.
#
# **You need** [lesson 03](03_when_the_pool_is_exhausted.ipynb) (a `BlockingConnectionPool` waits) and the word
# `maxclients` from lesson 07. The formulas are explained here, and no mathematics is needed beyond multiplying.
# *15 minutes, plus 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
import redis

from tutorial_lib import FaultProxy, calculator, hold, predict, record, run_threads, start_server

server = start_server(keys=["greeting", "views:home"])  # the keys that this page writes
proxy = FaultProxy(server, round_trip=0.02)
near = {"host": server.host, "port": server.port}  # **near below: host=…, port=…
far = {"host": proxy.host, "port": proxy.port}  # the same server, 20 ms away
server

# %% [markdown]
# ## A first answer

# %% [markdown]
# `calculator`, one of this course's helpers, turns five numbers into a limit for each pool. You need these words for
# it:
#
# | word | what it means | here |
# |---|---|---|
# | rate | how many times a second a connection is borrowed, by all processes together | 500 |
# | hold | how many seconds each borrow lasts, on average | 0.01 |
# | wait budget | how many seconds a caller may wait for a connection (99 of 100 callers stay within it) | 0.005 |
# | processes | how many processes run, each with one pool | 4 |
# | maxclients | how many connections the server accepts | 100 |
#
# Run the cell and move the sliders. Make the hold ten times as long, and watch what the curve and the answer do. The
# rest of this lesson shows where the answer comes from, and checks it against real pools.

# %%
calculator(rate=500, hold=0.01, wait_budget=0.005, processes=4, maxclients=100)

# %% [markdown]
# ## How many are in use on average?

# %% [markdown]
# Imagine a web shop whose Redis is 20 ms away. `FaultProxy` in the first cell simulates that distance: it stands in
# front of the real server and delays each round trip. A `GET` therefore holds its connection for about 20 ms.
#
# One hundred requests arrive each second, at random moments. A `Workload` describes such traffic: which command, how
# many times a second, and for how many seconds. `run_load` sends it: it starts a command whenever one is due, whether
# or not the earlier ones have been answered. The pool may open 20 connections.

# %% jupyter={"source_hidden": true}
guess_in_use = predict(
    "About how many of the twenty connections are in use, on average?",
    {
        100: "One hundred requests arrive in a second, but each returns its connection after a fiftieth of a second.",
        20: "Twenty is the most that the pool may open. How many it uses depends on the traffic.",
        10: "That would be right if each request held its connection for 100 ms.",
        2: "100 borrows a second, each for 0.02 s, are 2 seconds of holding in every second.",
    },
    answer=2,
)
guess_in_use

# %% tags=["nbval-ignore-output"]
from tutorial_lib import Workload, run_load

shop = redis.BlockingConnectionPool(**far, max_connections=20)
run_threads(12, lambda: hold(shop, seconds=0.05))  # opens twelve connections before the measurement
with record(shop) as recording:
    run_load(shop, Workload("GET greeting", rate=100, duration=1))

# %% [markdown]
# `record` has noted each borrow and return, and `recording.timeline()` says how many connections were in use after each
# of them. For the average, multiply each of these numbers by how long it lasted, add up the products, and divide by
# the whole time.

# %% tags=["nbval-ignore-output"]
from itertools import pairwise

moments = recording.timeline()
seconds = moments[-1].at
in_use = sum(now.in_use * (later.at - now.at) for now, later in pairwise(moments)) / seconds
nearest = min([100, 20, 10, 2], key=lambda choice: abs(choice - in_use))
guess_in_use.reveal(nearest)

# %% [markdown]
# **The number of connections in use, on average, is the rate times the hold.**
#
# This is [Little's law](https://en.wikipedia.org/wiki/Little%27s_law). It's true for every pattern of traffic, as long
# as each connection that is borrowed is also returned. Check it below: `recording.leases` has one entry for each
# borrow, and `held` is how many seconds that borrow lasted. The first line of the output is the average that you
# counted, the second line is the product. Then look at the plot. The number in use swings between 0 and three times the
# average or more, so an average alone doesn't tell you how many connections to allow.

# %% tags=["nbval-ignore-output"]
from statistics import fmean

from tutorial_lib import plot_timeline

rate, mean_hold = recording.borrowed / seconds, fmean(lease.held for lease in recording.leases)
print(f"counted: {in_use:.2f} in use")
print(f"multiplied: {rate:.0f} a second * {mean_hold:.4f} s = {rate * mean_hold:.2f}")
plot_timeline(recording)

# %% [markdown]
# You can measure both numbers in your own program in the same way: put `record(pool)` around its busiest minute.

# %% [markdown]
# ## Fifty threads and one connection

# %% [markdown]
# Little's law doesn't mention the number of threads. That number is only a ceiling: threads that borrow one connection
# at a time can never use more connections than there are threads.
#
# Here fifty threads make five pages each. A page takes 100 ms of other work, on average, such as waiting for a
# database, and then one `INCR` on a server that is close by, which takes less than a millisecond. The pool has a single
# connection, and callers wait for it.

# %% jupyter={"source_hidden": true}
guess_threads = predict(
    "Fifty threads share one connection. How long does an `INCR` wait for it, on average?",
    {
        "less than 20 ms": "Fifty threads make ten pages a second each, so they send 500 `INCR`s a second. Each "
        "takes a fraction of a millisecond, so the connection is idle for more than half of the time.",
        "about 100 ms": "That's how long a thread works between two `INCR`s. It holds no connection during that time.",
        "so long that some callers get an error": "That happens if the connection can't keep up. 500 `INCR`s a second, "
        "each of less than a millisecond, keep it busy for less than half of the time.",
    },
    answer="less than 20 ms",
)
guess_threads

# %%
from random import uniform
from time import sleep


def make_pages():
    for _ in range(5):
        sleep(uniform(0, 0.2))  # the other work, 100 ms on average
        r.incr("views:home")


with redis.BlockingConnectionPool(**near, max_connections=1) as pool, record(pool) as pages:
    r = redis.Redis(connection_pool=pool)
    r.set("views:home", 0)
    errors = [error for error in run_threads(50, make_pages) if error]
    print("views:", int(r.get("views:home")), "errors:", len(errors))

# %% tags=["nbval-ignore-output"]
waited = fmean(lease.waited for lease in pages.leases) * 1000
print(f"for each page 100 ms of work and {waited:.1f} ms of waiting, on average")
guess_threads.reveal("less than 20 ms" if waited < 20 else f"{waited:.0f} ms")

# %% [markdown]
# **N threads don't need N connections.**
#
# The rate and the hold decide, and these threads hold a connection for only a small part of their time. With fifty
# connections it would also have worked, but each would have been idle nearly all the time. On fakeredis, which is
# slower, callers wait longer.

# %% [markdown]
# ## Are two connections enough?

# %% [markdown]
# Back to 100 requests a second with a hold of 20 ms, so two connections are in use on average. Would a pool of two
# do?
#
# To see what happens over minutes without waiting for minutes, you can simulate it. `replay`, a helper of this course,
# takes the moments at which callers arrive, how long each holds a connection, and the limit of a pool that waits. It
# returns how long each caller waited. Here callers arrive at random moments, 100 a second, for 1 minute, for 4 minutes
# and for 16. `expovariate(100)` is the random time between two of them.

# %% jupyter={"source_hidden": true}
guess_two = predict(
    "The limit is 2. How long is the mean wait after 1, 4 and 16 minutes?",
    {
        "near 0 each time": "That would be right if requests arrived at regular intervals. When they arrive at random, "
        "some come in bunches, and a bunch has to wait.",
        "near 20 ms each time": "For that, the queue would have to drain after each bunch. It can't, because both "
        "connections are needed all the time.",
        "it keeps growing": "The pool can serve 100 requests a second, and 100 a second arrive. Each bunch adds to the "
        "queue, and no time is left over in which the queue could drain.",
    },
    answer="it keeps growing",
)
guess_two

# %%
from itertools import accumulate
from random import Random

from tutorial_lib import replay


def simulated_wait(limit, minutes):
    chance = Random(6)  # the same arrivals at each run
    arrivals = list(accumulate(chance.expovariate(100) for _ in range(6000 * minutes)))
    return fmean(replay(arrivals, [0.02] * len(arrivals), limit))


# %%
waits = {limit: [simulated_wait(limit, minutes) for minutes in (1, 4, 16)] for limit in (2, 3)}
for limit, means in waits.items():
    print(f"limit {limit}:", *(f"{wait * 1000:.0f} ms" for wait in means))

guess_two.reveal("it keeps growing" if waits[2] == sorted(waits[2]) else "near 20 ms each time")

# %% [markdown]
# **The limit has to be larger than `rate * hold`, or the queue grows for as long as the traffic lasts.**
#
# With two connections, the pool has to be busy 100 % of the time to keep up. Whenever a connection is idle for a
# moment, because no request happens to arrive, that time is lost, and the pool can't make up for it later. With a
# third connection there is time to spare, so the queue drains after each bunch.

# %% [markdown]
# ## How long do callers wait with each limit?

# %% [markdown]
# You don't have to simulate each limit. In 1917, A. K. Erlang found a formula for callers who wait for a free
# telephone line, which is known as [Erlang C](https://en.wikipedia.org/wiki/Erlang_%28unit%29#Erlang_C_formula). It
# needs the *load*, which is another word for `rate * hold`, so 2 for this shop. This course's `erlang_c(limit, load)`
# calculates the share of callers that have to wait, and `mean_wait(rate, hold, limit)` how long callers wait on
# average. With a limit of 3, the mean wait is 8.9 ms.

# %% jupyter={"source_hidden": true}
guess_knee = predict(
    "What is the smallest limit with which the mean wait is under 1 ms?",
    {
        4: "Nearly: with four it's 1.7 ms.",
        5: "Each further connection makes waits both rarer and shorter, so the mean falls much faster than the limit "
        "grows.",
        9: "With three times the connections, the wait is far shorter than that. You need fewer.",
        27: "That would be right if nine times the connections made the wait nine times shorter. It falls much faster.",
    },
    answer=5,
)
guess_knee

# %%
from tutorial_lib import erlang_c, mean_wait

print("limit  callers that wait  mean wait in ms")
for limit in (3, 4, 5, 6, 8):
    waiting = mean_wait(rate=100, hold=0.02, limit=limit)
    print(f"{limit:5}{erlang_c(limit, load=2):19.1%}{waiting * 1000:17.3f}")

guess_knee.reveal(next(limit for limit in range(3, 30) if mean_wait(100, 0.02, limit) < 0.001))

# %% [markdown]
# **The curve has a knee: up to the knee, each connection shortens the wait a lot, and beyond it hardly at all.**
#
# For a load of 2, the knee is at 4 or 5. A sixth connection would save 0.3 ms, and a request takes 20 ms anyway. The
# plot below shows the same shop with a stricter measure: the wait that 99 of 100 callers stay within. Look at where the
# curve crosses the dashed line, the wait budget of 5 ms.

# %% tags=["nbval-ignore-output"]
from tutorial_lib import plot_pool_size, size_pool

plot_pool_size(size_pool(rate=100, hold=0.02, wait_budget=0.005))

# %% [markdown]
# ## A pool to play with

# %% [markdown]
# `playground` shows a real pool with real callers, and sliders for both. Here twelve callers share a blocking pool.
# Each holds a connection for about half a second, and comes back about half a second after it has returned it. As
# long as none of them has to wait, each borrows once a second, so the rate is 12, the hold is 0.5 s, and the load is
# 6.
#
# Press *Start* and watch the line with the waits for a while. Then raise the limit one by one, until hardly any
# caller has to wait. Finally, make the hold twice as long. What is the load now, and what limit do you need?

# %%
from tutorial_lib import playground

playground(limit=6, callers=12, hold=0.5, wait=True)

# %% [markdown]
# **With a limit of 6, more than half of the callers have to wait; with 9, hardly any.**
#
# With a hold of 1 s, each caller borrows once in 1.5 s. That's a rate of 8 and a load of 8, so a limit of 10 or 11 is
# enough. The queue doesn't keep growing here, not even when the limit equals the load: there are only twelve callers,
# and one that waits doesn't come again in the meantime. In production, requests keep arriving however long the queue
# is.

# %% [markdown]
# ## Ten times the traffic

# %% [markdown]
# With a load of 2, it takes six connections to keep 99 of 100 callers within 5 ms: two for the load and four more for
# headroom. Now the shop grows to 1,000 requests a second, so the load is 20.

# %% jupyter={"source_hidden": true}
guess_headroom = predict(
    "How many connections keep 99 of 100 callers within 5 ms when the load is 20?",
    {
        60: "That's what ten separate pools of six would have. In one pool, a bunch of requests can use the "
        "connections that the others leave idle.",
        24: "Four more connections aren't enough headroom: with ten times the requests, the bunches are larger, too.",
        28: "Headroom grows more slowly than the load: ten times the load takes twice the headroom here.",
    },
    answer=28,
)
guess_headroom

# %%
from tutorial_lib import connections_needed

for rate in (100, 1000, 10_000):
    needed = connections_needed(rate, hold=0.02, wait_budget=0.005, percentile=99)
    load = rate * 0.02
    print(f"load {load:3.0f}: {needed} connections, {needed - load:.0f} of them as headroom")

guess_headroom.reveal(connections_needed(1000, hold=0.02, wait_budget=0.005, percentile=99))

# %% [markdown]
# **One large shared pool needs far fewer connections than many small ones.**
#
# One hundred times the load takes only three and a half times the headroom, 14 connections instead of 4. Random ups
# and downs grow more slowly than the traffic itself, so a larger pool is used more steadily. That's a reason to share
# one pool in a process (lesson 04), and it's why "twice the average" is a poor rule: it's too little for small pools
# and too much for large ones.

# %% [markdown]
# ## From eight processes to sixteen

# %% [markdown]
# Processes can't share a pool, so each process needs headroom of its own. Take 800 requests a second in eight
# processes: each has a load of 2 and needs six connections, 48 in total. `size_pool` calculates what the calculator
# shows, without the sliders.
#
# Now you run sixteen processes, because your Python code needs more processor cores. Each process gets half as many
# requests as before.

# %% jupyter={"source_hidden": true}
guess_total = predict(
    "How many connections do the sixteen processes need in total?",
    {
        48: "The total load is the same, but it's split among more pools, and each needs its own headroom.",
        64: "Each process needs four: one for its load of 1, and three as headroom. Half the load doesn't mean half "
        "the headroom.",
        96: "That would be six each. A load of 1 needs fewer connections than a load of 2.",
    },
    answer=64,
)
guess_total

# %%
for processes in (8, 16):
    size = size_pool(rate=800, hold=0.02, wait_budget=0.005, processes=processes, maxclients=100)
    print(f"{processes} processes: {size.limit} each of {size.most} allowed, {size.total} in total")

guess_total.reveal(size.total)

# %% [markdown]
# **More processes need fewer connections each, and more in total.**
#
# Rate, hold and wait budget decide what each pool needs, and `maxclients` decides what it may have. The number of
# processes affects both: with sixteen, each pool needs 4 connections and may have 6. Try 40 processes in the calculator
# below, and read what it advises.

# %%
calculator(rate=800, hold=0.02, wait_budget=0.005, processes=16, maxclients=100)

# %% [markdown]
# ## Going deeper: what the formula assumes

# %% [markdown]
# The formula assumes that callers arrive at random and independently of each other, that holds vary, with some much
# longer than the average, and that every caller waits for as long as it takes. Your traffic may be different. You can
# try that with `simulate`: the same shop with a limit of 3, first with holds as the formula assumes them, then with
# holds of exactly 20 ms, and finally with one slow command among ten. The mean hold is 20 ms each time.

# %%
from tutorial_lib import simulate

holds = {
    "as the formula assumes": 0.02,
    "all alike": [0.02],  # a list is for holds that you have measured
    "one of ten is slow": [0.002] * 9 + [0.182],
}
print("hold                    mean wait in ms")
for name, held in holds.items():
    print(f"{name:22}{simulate(rate=100, hold=held, limit=3).mean_wait * 1000:17.1f}")

# %% [markdown]
# **Holds that are all alike halve the waits, and one slow command among ten makes them four times as long.**
#
# For a service that sends only one kind of quick command, the formula's waits are too long. For a service that mixes
# `GET` with slow scripts they're too short. So give `simulate` a list of your own holds:
# `[lease.held for lease in recording.leases]`.

# %% [markdown]
# ## Summary

# %% [markdown]
# | number | how you get it |
# |---|---|
# | in use on average | `rate * hold`; the number of threads doesn't matter |
# | the smallest limit that keeps up | more than `rate * hold`, or the queue never drains |
# | the limit that you set | the load and enough headroom for your wait budget, from `calculator` or `size_pool` |
# | the largest limit that you may set | `maxclients` minus a reserve, divided by the number of pools (lesson 07) |

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>A service borrows 200 times a second and holds each connection for 50 ms. How many connections are
# in use on average?</summary>
#
# `200 * 0.05` is 10. The limit has to be larger than 10, because a pool of exactly 10 would have to be busy all the
# time.
#
# </details>
#
# <details><summary>Someone proposes "100 connections, to be safe" for that service. What do you answer?</summary>
#
# With 18 connections, 99 of 100 callers wait for less than 5 ms. The other 82 would hardly ever be used. But in a spike
# they all open, and in ten processes they take up 820 of the server's `maxclients`.
#
# </details>
#
# <details><summary>You make the hold half as long. How does the number of connections that you need change?</summary>
#
# The load halves, and the headroom shrinks a little, so you need somewhat more than half as many. A shorter hold is
# often the best fix: don't keep a connection while you do other work.
#
# </details>

# %% [markdown]
# Close what you opened:

# %% tags=["no-output"]
shop.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: How many connections do you need?](../exercises/ex08_how_many_connections.ipynb)
#
# **Next:** [Do more connections make it faster?](09_does_more_make_it_faster.ipynb)
