# %% [markdown]
# # How many connections do you need?
#
# What the server lets in is shared by all pools: that is the most. How many one *needs* is decided in the shop: by how
# often a connection is borrowed, and by how long it is kept.
#
# You will be able to
# - work out how many connections are needed from two numbers that you can measure;
# - say, before you raise a limit, whether that will help;
# - choose a limit, and defend it against "a hundred, to be safe".
#
# *30 minutes, and 35 for the exercises.*

# %% tags=["nbval-ignore-output"]
import random
from itertools import accumulate, pairwise
from statistics import fmean
from time import monotonic, sleep

import redis

from tutorial_lib import FaultProxy, hold, predict, record, run_threads, start_server

pages = [f"views:page{number}" for number in range(30)]
server = start_server(keys=["greeting", "views:home", "catalogue", *pages])
proxy = FaultProxy(server, round_trip=0.02)
near = {"host": server.host, "port": server.port}
far = {"host": proxy.host, "port": proxy.port}  # the same server, 20 ms away
server

# %% [markdown]
# ## A hundred a second, and two in use
#
# The shop's Redis is 20 ms away, and a command keeps its connection for as long as that: its **hold**. A hundred
# visitors come each second: the **rate**. `run_load` makes such calls, at random moments, whether or not earlier
# ones have been answered. The pool may hold twenty. (The helper `hold` keeps one for as long as you say.)

# %% jupyter={"source_hidden": true}
guess_in_use = predict(
    "How many of the twenty connections are in use, on average?",
    {
        100: "A hundred come in one second, but each brings its connection back after a fiftieth of one.",
        20: "Twenty is what the pool may open. Who would use them all?",
        10: "That many would be in use if each were kept for 100 ms.",
        2: None,
    },
)
guess_in_use

# %% tags=["nbval-ignore-output"]
from tutorial_lib import Workload, plot_timeline, run_load

shop = redis.BlockingConnectionPool(**far, max_connections=20)
run_threads(8, lambda: hold(shop, seconds=0.05))  # so that none is opened while we measure
with record(shop) as visits:
    run_load(shop, Workload("GET greeting", rate=100, duration=1))

moments = visits.timeline()  # how many were in use, after each change
seconds = moments[-1].at  # until the last was back
# Each number in use, times how long it lasted.
used = sum(now.in_use * (later.at - now.at) for now, later in pairwise(moments))
in_use = used / seconds
guess_in_use.reveal(round(in_use))

# %% [markdown]
# That follows from **Little's law**, of 1961: in use = `rate * hold`, the rate per second and the hold in seconds. It
# asks nothing of visitors, servers or pools, except that what is borrowed comes back. Below it is counted, then
# multiplied. The picture shows what an average hides: moments with none, and moments with three times as many.

# %% tags=["nbval-ignore-output"]
rate, mean_hold = visits.borrowed / seconds, fmean(lease.held for lease in visits.leases)
print(f"counted: {in_use:.2f} in use")
print(f"multiplied: {rate:.0f} a second * {mean_hold:.4f} s = {rate * mean_hold:.2f}")
plot_timeline(visits)

# %% [markdown]
# ## Fifty threads, one connection
#
# The number of threads is not in the law: it is only a ceiling, where each borrows one at a time. Fifty clerks make
# five pages each: a tenth of a second of work, then one view is counted, near by, in less than a millisecond. Their
# pool has one connection, and lets callers wait.


# %% jupyter={"source_hidden": true}
guess_threads = predict(
    "Fifty threads, one connection. How long does a view wait for it, on average?",
    {
        "less than 20 ms": None,
        "about 50 ms": "They do come at once, at first. But that needs views of 2 ms; these take a fraction of one.",
        "until it ends in errors": "500 views a second, a millisecond each at most: half a connection would do.",
    },
)
guess_threads


# %%
def clerk():
    for _ in range(5):
        sleep(0.1)  # makes a page
        r.incr("views:home")


with redis.BlockingConnectionPool(**near, max_connections=1) as pool, record(pool) as clerks:
    r = redis.Redis(connection_pool=pool)
    r.set("views:home", 0)
    errors = [error for error in run_threads(50, clerk) if error]
    print("views:", int(r.get("views:home")), "errors:", len(errors))

print("connections:", len({lease.connection for lease in clerks.leases}))

# %% tags=["nbval-ignore-output"]
waited = fmean(lease.waited for lease in clerks.leases) * 1000
print(f"for each page 100 ms of work, and {waited:.1f} ms of waiting, on average")
guess_threads.reveal("less than 20 ms" if waited < 20 else f"{waited:.0f} ms")

# %% [markdown]
# ## Two in use, and two are not enough
#
# Back to the hundred a second with a hold of 20 ms: two in use on average. Would a pool of two do? On paper
# we have time to see: `replay` plays callers through a pool that waits, and returns how long each waited. Ours come
# at random, for 1 minute, for 4, for 16.

# %% jupyter={"source_hidden": true}
guess_two = predict(
    "How long does a caller wait for one of the two connections, on average?",
    {
        "hardly at all": "If they came like clockwork. At random they come in bunches, and a bunch has to wait.",
        "about 20 ms, one hold": "So it would be if a queue, once formed, went away again.",
        "longer, the longer it goes on": None,
    },
)
guess_two


# %%
from tutorial_lib import replay


def wait_on_paper(limit, minutes):
    chance = random.Random(6)  # the same at each run
    # From one caller to the next a hundredth of a second, on average.
    arrivals = list(accumulate(chance.expovariate(100) for _ in range(6000 * minutes)))
    return fmean(replay(arrivals, [0.02] * len(arrivals), limit))


waits = {limit: [wait_on_paper(limit, minutes) for minutes in (1, 4, 16)] for limit in (2, 3)}
for limit, means in waits.items():
    print(f"limit {limit}:", *(f"{wait * 1000:.0f} ms" for wait in means))

grows = waits[2] == sorted(waits[2])
guess_two.reveal("longer, the longer it goes on" if grows else "about 20 ms, one hold")

# %% [markdown]
# With two, an idle moment is lost and nothing ever makes up for it. A third has time to spare, and queues go
# away again. Erlang, of Copenhagen's telephone company, found the formula for such waits in 1917. The `load` is
# `rate * hold`:

# %%
from tutorial_lib import erlang_c, mean_wait

print("limit  chance to wait  mean wait in ms")
for limit in (3, 4, 5, 6, 8):
    waiting = mean_wait(rate=100, hold=0.02, limit=limit)
    print(f"{limit:5}{erlang_c(limit, load=2):16.1%}{waiting * 1000:17.3f}")

# %% [markdown]
# Where waits have become short, the column has a **knee**, here at four or five: each further connection gains less
# than anybody would feel. (The formula takes holds of 20 ms *on average*, some longer. Ours are all alike, and then
# waits are about half as long: with three, 5 ms instead of 9.)

# %% jupyter={"source_hidden": true}
guess_spare = predict(
    "A stricter promise: not the mean, but 99 callers in 100 shall wait no longer than 5 ms. A load of 2 needs six "
    "connections for that: four to spare. How many does a load of 20 need?",
    {
        60: "That is ten pools of six. In one pool, a bunch of one shop's visitors meets a gap of another's.",
        24: "Four to spare is not enough: with ten times the visitors the bunches grow, though not tenfold.",
        28: None,
    },
)
guess_spare

# %%
from tutorial_lib import connections_needed

for rate in (100, 1000, 10_000):
    needed = connections_needed(rate, hold=0.02, wait_budget=0.005, percentile=99)
    print(f"load {rate * 0.02:3.0f}: {needed} needed, {needed - rate * 0.02:.0f} to spare")

guess_spare.reveal(connections_needed(1000, hold=0.02, wait_budget=0.005, percentile=99))

# %% [markdown]
# For a hundred times the load, three and a half times the spare. So one pool that is shared needs far fewer than
# many small ones.
#
# ## Paper against wire
#
# Now real pools of four sizes, the same hundred a second, and the same 20 ms. `sweep` sends each pool the same
# visitors, in three rounds; what counts is the middle one.

# %% jupyter={"source_hidden": true}
guess_knee = predict(
    "What is the smallest of the limits 2, 3, 4 and 6 with which the mean wait is under 4 ms?",
    {
        2: "Two are in use on average, and the queue in front of them grows.",
        3: "Nearly: on paper, such callers waited for 5 ms.",
        4: None,
        6: "By then hardly anybody waits. It begins earlier.",
    },
)
guess_knee

# %% tags=["nbval-ignore-output"]
from tutorial_lib import plot_sweep, sweep


def far_pool(limit):
    lean = {"protocol": 2, "driver_info": None}  # opens in few words: lesson 02
    return redis.BlockingConnectionPool(**far, max_connections=limit, **lean)


visitors = Workload("GET greeting", rate=100, duration=0.4, seed=23)
measured = sweep([2, 3, 4, 6], visitors, far_pool, rounds=3, server=server)
guess_knee.reveal(measured.smallest_limit(wait=0.004))

# %% tags=["nbval-ignore-output"]
plot_sweep(measured)

# %% [markdown]
# The curve is paper: same arrivals, measured hold. The dots are the wire. Two cannot keep up; a fourth saves
# milliseconds, two more hardly one. (On fakeredis read shapes, not figures.)
#
# ## Eight connections, one Redis
#
# Up to the knee, more helped. Do they make Redis faster? The catalogue has a bit for each of 16 million
# articles; eight clerks count them.

# %% jupyter={"source_hidden": true}
guess_faster = predict(
    "With eight connections, how many times as many counts a second as with one?",
    {
        "8 times": "Eight commands arrive, and Redis takes them up one at a time.",
        "4 times": "Not even on many processors: Redis runs its commands in one thread.",
        "hardly more": None,
    },
)
guess_faster


# %% tags=["nbval-ignore-output"]
def near_pool(limit):
    return redis.BlockingConnectionPool(**near, max_connections=limit)


with redis.Redis(**near) as r_near:
    r_near.setbit("catalogue", 16_000_000, 1)  # two million bytes, nearly all zero

# Each of eight asks again as soon as it has its answer.
count_bits = Workload("BITCOUNT catalogue", users=8, duration=0.2)
counts = sweep([1, 2, 8], count_bits, near_pool, rounds=1, server=server)
for row in counts:
    waited, held = row.waiting.middle, row.service.middle  # "service" is the hold
    print(f"limit {row.limit}: {row.throughput.middle:.0f} a second")
    print(f"    {waited * 1000:.1f} ms in the pool's queue, {held * 1000:.1f} ms with a connection")
times = counts[-1].throughput.middle / counts[0].throughput.middle
guess_faster.reveal("hardly more" if times < 3 else f"{times:.0f} times")

# %% [markdown]
# Redis runs one command at a time. The waiting moved from the pool, where `timeout` bounds it, into the server. So
# before you raise a limit, try it on a test server: if the hold grows as the wait shrinks, you have only moved the
# wait.
#
# ## Fifty at once
#
# "A hundred, to be safe", somebody says. This pool may open fifty.

# %% jupyter={"source_hidden": true}
guess_opened = predict(
    "After a quiet night five lie idle, 20 ms away, and fifty visitors come at the same moment. How many connections "
    "does the pool open, and how many does it keep?",
    {
        "45, and keeps 50": None,
        "45, and keeps 5": "Nothing closes those that are idle: the pool does not shrink.",
        "0, and keeps 5": "That takes a limit of five. Below its limit a pool opens one rather than let anybody wait.",
    },
)
guess_opened

# %%
from threading import Barrier


def at_once(number, pool):
    all_there = Barrier(number, timeout=10)

    def visit():
        connection = pool.get_connection()
        all_there.wait()  # nobody leaves before the last has come
        sleep(0.05)
        pool.release(connection)

    run_threads(number, visit)


eager = redis.ConnectionPool(**far, max_connections=50)

# %%
from tutorial_lib import snapshot

at_once(5, eager)  # the quiet night
opened_before, heard_before = server.opened(), server.commands()
with record(eager) as spike:
    at_once(50, eager)

print("HELLO:", (server.commands() - heard_before)["HELLO"])
guess_opened.reveal(f"{server.opened() - opened_before}, and keeps {snapshot(eager).idle}")

# %% tags=["nbval-ignore-output"]
plot_timeline(spike)

# %% [markdown]
# Nobody waited *in a queue*. But look: five began at once, and forty-five waited for their own connection to open,
# which takes five round trips. Meanwhile the server heard forty-five hellos. What if they had queued for the five?


# %% tags=["nbval-ignore-output"]
def after_a_quiet_night(limit):
    pool = redis.BlockingConnectionPool(**far, max_connections=limit)
    at_once(5, pool)
    opened_before, begun = server.opened(), monotonic()
    run_threads(50, redis.Redis(connection_pool=pool).ping)
    opened, seconds = server.opened() - opened_before, monotonic() - begun
    print(f"limit {limit:2}: opened {opened:2}, all served in {seconds:.2f} s")
    pool.close()


for limit in (50, 10, 5):
    after_a_quiet_night(limit)

# %% [markdown]
# On paper 6 round trips (five to open, one to ask), then 8, then 10. On the wire the large pool's lead melts:
# handshakes are work. What is opened stays, and takes [memory](07_what_the_server_sees.ipynb).
#
# ## Thirty counters, one round trip
#
# To add to thirty counters takes thirty round trips, one by one. A **pipeline** sends all its commands on one
# connection, and then reads all the answers.

# %% jupyter={"source_hidden": true}
guess_bytes = predict(
    "Thirty INCRs in a pipeline instead of one by one. How many bytes go to the server?",
    {
        "fewer": "Nothing is packed together: each command is written out as before.",
        "as many": None,
        "more": "A transaction would add MULTI and EXEC. This pipeline is none.",
    },
)
guess_bytes


# %%
r_far = redis.Redis(connection_pool=shop)


def one_by_one():
    for page in pages:
        r_far.incr(page)


def pipelined():
    # No transaction: sent together, but others' commands may come between.
    with r_far.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(page)
        pipe.execute()


# %%
sent, took = [], []
for way in (one_by_one, pipelined):
    sent_before, begun = proxy.traffic().to_server, monotonic()
    with record(shop) as recording:
        way()
    sent.append(proxy.traffic().to_server - sent_before)
    took.append(monotonic() - begun)
    print(f"{way.__name__}: borrowed {recording.borrowed} times, {sent[-1]} bytes")

outcome = "as many" if sent[0] == sent[1] else "fewer" if sent[1] < sent[0] else "more"
guess_bytes.reveal(outcome)

# %% tags=["nbval-ignore-output"]
print(f"one by one {took[0]:.2f} s, in a pipeline {took[1]:.3f} s")

# %% [markdown]
# The same bytes, in one round trip. (All answers are kept until the last has come: send some thousands at a time.)
#
# ## A number for your shop
#
# Eight processes like ours, 800 visitors a second in all, and a server that lets in 100. Which slider moves what is
# needed, and which the server's limit, 100 / 8? The cell after it has sixteen processes.

# %%
from tutorial_lib import calculator, size_pool

calculator(rate=800, hold=0.02, wait_budget=0.005, processes=8, maxclients=100)

# %%
size_pool(rate=800, hold=0.02, wait_budget=0.005, processes=16, maxclients=100)

# %% [markdown]
# Rate, hold and budget move what is needed, `maxclients` what is allowed, processes both. Half the load, but not
# half the limit: each needs its own spare, 64 in all, not 48. Try forty.
#
# ## Exercises
#
# [Four](../exercises/08_how_many_connections.ipynb): the law on a recording; the smallest limit that keeps a promise;
# the knee in a table; a thousand counters in ten trips.

# %% [markdown]
# ## Recap
#
# - In use = `rate * hold`: half the hold, half as many. The number of threads is not in it.
# - The limit is that, and some to spare for bunches: at the knee the waits are short, beyond it nothing is gained.
# - More connections do not make Redis faster, and come in storms. For bulk, one connection and a pipeline.
#
# ## Questions to consider
#
# - What are rate and hold in your program, in its busiest minute? `record` can tell.
# - What makes your hold long: the distance, a slow command, or code that keeps a connection while it does other things?
# - The pool has the right size, and all is quiet. Overnight somebody cuts the wire: who notices, and when? That is the
#   next lesson.

# %% [markdown]
# Last, close what was opened.
#
# **Next:** [What if a connection dies?](10_when_a_connection_dies.ipynb) Back to
# [What does the server see?](07_what_the_server_sees.ipynb).

# %% tags=["no-output"]
shop.close()
eager.close()
proxy.close()
server.close()
