# %% [markdown]
# # How many connections do you need?
#
# [Lesson 07](07_what_the_server_sees.ipynb) gave you the most that a pool may have: what the server allows, divided
# by all pools. How many your program *needs* is another number, and mostly a much smaller one. It follows from two
# things that you can measure: how often a connection is borrowed, and how long it is held.
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

server = start_server(keys=["greeting", "views:home"])
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
# Imagine a web shop whose Redis is 20 ms away. `FaultProxy` in the first cell plays that distance: it stands in front
# of the real server and delays each round trip. A `GET` therefore holds its connection for about 20 ms.
#
# One hundred requests arrive each second, at random moments. `run_load` makes them: it starts a call whenever one is
# due, whether or not the earlier ones have been answered. The pool may open 20 connections.

# %% jupyter={"source_hidden": true}
guess_in_use = predict(
    "About how many of the twenty connections are in use, on average?",
    {
        100: "One hundred requests come in a second, but each returns its connection after a fiftieth of a second.",
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
run_threads(12, lambda: hold(shop, seconds=0.05))  # opens twelve connections before we measure
with record(shop) as recording:
    run_load(shop, Workload("GET greeting", rate=100, duration=1))

# %% [markdown]
# `record` has noted each borrow and return. Its `timeline()` says how many connections were in use after each change,
# so the average is each of these numbers times how long it lasted, added up and divided by the whole time.

# %% tags=["nbval-ignore-output"]
from itertools import pairwise

moments = recording.timeline()
seconds = moments[-1].at
in_use = sum(now.in_use * (later.at - now.at) for now, later in pairwise(moments)) / seconds
nearest = min([100, 20, 10, 2], key=lambda choice: abs(choice - in_use))
guess_in_use.reveal(nearest)

# %% [markdown]
# **On average, the connections in use are the rate times the hold.**
#
# This is [Little's law](https://en.wikipedia.org/wiki/Little%27s_law). It holds for every pattern of traffic, as long
# as each connection that is borrowed is also returned. Check it below: `recording.leases` has one entry for each
# borrow, and `held` is how many seconds it lasted. The average that was counted stands above the product of the two
# numbers. Then look at the plot. The number in use swings between 0 and three times the average or more, so an
# average alone doesn't tell you how many connections to allow.

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
# The number of threads doesn't occur in the law. It is only a ceiling: threads that borrow one connection at a time
# can never use more connections than there are threads.
#
# Here fifty threads make five pages each. A page takes 100 ms of work in Python, on average, and then one `INCR` on a
# server that is close by, which takes less than a millisecond. Their pool has a single connection, and callers wait
# for it.

# %% jupyter={"source_hidden": true}
guess_threads = predict(
    "Fifty threads share one connection. How long does an `INCR` wait for it, on average?",
    {
        "less than 20 ms": "500 a second, each for a fraction of a millisecond, keep one connection busy for less than "
        "half of the time. Only threads that come at the same moment wait for each other.",
        "about 100 ms": "That's how long a thread works between two `INCR`s. It holds no connection during that time.",
        "until it ends in errors": "That happens if the connection can't keep up. 500 a second, each for less than a "
        "millisecond, take less than one connection.",
    },
    answer="less than 20 ms",
)
guess_threads

# %%
from random import uniform
from time import sleep


def make_pages():
    for _ in range(5):
        sleep(uniform(0, 0.2))  # the work in Python, 100 ms on average
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
# What counts is how long the connections are held, and these threads spend nearly all of their time elsewhere. Fifty
# connections would also have worked, but 49 of them would have been idle nearly all the time. On fakeredis, which is
# slower, the waits are a few times as long.

# %% [markdown]
# ## Are two connections enough?

# %% [markdown]
# Back to 100 requests a second with a hold of 20 ms, so two connections are in use on average. Would a pool of two
# do?
#
# To see what happens over minutes without waiting for minutes, we simulate. `replay`, a helper of this course, plays
# a list of arrival times through a pool that waits, and returns how long each caller waited. Our callers arrive at
# random moments, 100 a second, for 1 minute, for 4 minutes and for 16.

# %% jupyter={"source_hidden": true}
guess_two = predict(
    "The limit is 2. How long is the mean wait after 1, 4 and 16 minutes?",
    {
        "near 0 each time": "That would be so if requests came at regular intervals. At random they come in bunches, "
        "and a bunch has to wait.",
        "near 20 ms each time": "A wait of one hold is what you'd see if the queue drained again. Can it, when both "
        "connections are needed all the time?",
        "it keeps growing": "The pool can do 100 a second, and 100 a second arrive. Each bunch adds to the queue, and "
        "there is no time left over in which the queue could drain.",
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
# With two connections the pool has to be busy 100 % of the time to keep up. Whenever it's idle for a moment, because
# no request happens to arrive, that time is lost, and no later moment makes up for it. A third connection has time to
# spare, so the queue drains after each bunch.

# %% [markdown]
# ## How long do callers wait with each limit?

# %% [markdown]
# You don't have to simulate each limit. A. K. Erlang worked out the mean wait in 1917, for telephone lines: the
# formula is known as [Erlang C](https://en.wikipedia.org/wiki/Erlang_%28unit%29#Erlang_C_formula). This course's
# `mean_wait(rate, hold, limit)` calculates it. For our shop and a limit of 3 it says 8.9 ms.

# %% jupyter={"source_hidden": true}
guess_knee = predict(
    "What is the smallest limit with which the mean wait is under 1 ms?",
    {
        4: "Nearly: with four it's 1.7 ms.",
        5: "Each connection above the load makes a wait both rarer and shorter, so the mean falls much faster than the "
        "limit grows.",
        9: "Three times the connections would make the wait far shorter than that. It doesn't take as many.",
        27: "That would be right if a ninth of the wait took nine times the connections. It falls much faster.",
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
# **The curve has a knee: up to there each connection shortens the wait a lot, and beyond it hardly at all.**
#
# The *load* is `rate * hold`, here 2. The knee is at 4 or 5. A sixth connection would save 0.3 ms, which is less than
# a request to Redis takes. The plot below shows the same shop, with a stricter measure: the wait that 99 of 100
# callers stay within. Look at where the curve crosses the dashed line, the wait budget of 5 ms.

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
# With a hold of 1 s each caller borrows once in 1.5 s. That's a rate of 8 and a load of 8, so a limit of 10 or 11 is
# enough. The queue doesn't grow without end here, not even when the limit equals the load: there are only twelve
# callers, and one that waits doesn't come again in the meantime. Traffic from the outside isn't so considerate.

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
        24: "The same four as headroom aren't enough: with ten times the requests the bunches are larger, too.",
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
# One hundred times the load takes only three and a half times the headroom, 14 connections instead of 4. Bunches from
# many sources partly cancel out, so the larger the pool, the steadier its use. That's a reason to share one pool in a
# process (lesson 04), and a reason why "twice the average" is a poor rule: it's too little for small pools and too
# much for large ones.

# %% [markdown]
# ## From eight processes to sixteen

# %% [markdown]
# Processes can't share a pool, so each needs headroom of its own. Take 800 requests a second in eight processes:
# that's a load of 2 for each, so six connections each and 48 in total. `size_pool` does what the calculator does,
# without the sliders.
#
# Now you run sixteen processes, because your Python code needs more processor cores. Each process gets half as many
# requests as before.

# %% jupyter={"source_hidden": true}
guess_total = predict(
    "How many connections do the sixteen processes need in total?",
    {
        48: "The load is the same in total, but it's split among more pools, and each needs its own headroom.",
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
# processes works on both: with sixteen, each needs 4 and is allowed 6. Try 40 processes in the calculator below, and
# read what it advises.

# %%
calculator(rate=800, hold=0.02, wait_budget=0.005, processes=16, maxclients=100)

# %% [markdown]
# ## Going deeper: what the formula assumes

# %% [markdown]
# The formula assumes that callers arrive at random and independently of each other, that holds vary (some are much
# longer than the average), and that every caller waits for as long as it takes. Your traffic may differ. `simulate`
# plays it: the same shop with limit 3, first with holds as the formula assumes them, then with holds of exactly 20
# ms, and finally with one slow command among ten. The mean hold is 20 ms each time.

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
# The formula is cautious for a service that sends one kind of quick command, and too hopeful for one that mixes `GET`
# with slow scripts. So give `simulate` a list of your own holds: `[lease.held for lease in recording.leases]`.

# %% [markdown]
# ## Summary

# %% [markdown]
# | number | how you get it |
# |---|---|
# | in use on average | `rate * hold`; the number of threads is not in it |
# | the least that works | more than `rate * hold`, or the queue never drains |
# | what you set as limit | the load and enough headroom for your wait budget, from `calculator` or `size_pool` |
# | what you may set | `maxclients`, less a reserve, divided by all pools (lesson 07) |

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
# With 18 connections, 99 of 100 callers wait less than 5 ms. The other 82 would hardly ever be used, but in a spike
# they all open, and in ten processes they take 820 of the server's `maxclients`.
#
# </details>
#
# <details><summary>You make the hold half as long. What happens to the connections that you need?</summary>
#
# The load halves, and the headroom shrinks a little, so you need somewhat more than half. A shorter hold is often the
# best fix: don't keep a connection while you do other work.
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
