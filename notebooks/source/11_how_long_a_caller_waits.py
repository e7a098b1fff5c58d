# %% [markdown]
# # How long can a caller wait?
#
# Redis may be silent, and an argument may be wrong. How long does a caller wait then?
#
# You will be able to
# - say what a dead connection costs: nothing, an error, a long wait, or a command done twice;
# - bound every silence, and add up the longest wait that a caller can meet;
# - build a pool that bridges a short fault, and reports a long one in time.
#
# *25 minutes, and 25 for the exercises.*

# %% tags=["nbval-ignore-output"]
from threading import Thread, Timer
from time import monotonic, sleep
from timeit import timeit

import redis
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.retry import Retry

from tutorial_lib import FaultProxy, plot_timeline, predict, record, run_threads, snapshot, start_server

server = start_server(keys=["greeting", "greeting:long", "views:home"])
proxy = FaultProxy(server)
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
via = {"host": proxy.host, "port": proxy.port}  # **via below: the same server, by way of the proxy
server


# %%
def outcome(ask):
    try:
        return ask()
    except (redis.RedisError, TypeError) as error:  # TypeError: for the wrong word
        return f"{type(error).__name__}: {error}"


def greet(r):
    return outcome(lambda: r.get("greeting").decode())


r_direct = redis.Redis(connection_pool=redis.ConnectionPool(**at))
r_direct.set("greeting", "hello")
greet(r_direct)

# %% [markdown]
# ## Silence
#
# The worst fault says nothing. Somebody pulls a cable, a machine freezes: `blackhole()` takes everything in and
# answers nothing. No mark on the socket, so the look finds none; only a time limit helps.

# %% jupyter={"source_hidden": true}
guess_silent = predict(
    "A pool has `socket_timeout=0.1`, and a `Retry` with ten more tries. The line goes silent. How long until the "
    "caller gets an error?",
    {
        "a tenth of a second": "That is one try, and each of them has its own.",
        "more than a second": None,
        "never": "A reply that takes longer than `socket_timeout` ends in an error, and tries come to an end, too.",
    },
)
guess_silent

# %%
patient = redis.ConnectionPool(**via, socket_timeout=0.1, retry=Retry(NoBackoff(), 10))
r_patient = redis.Redis(connection_pool=patient)
r_patient.ping()
proxy.blackhole()
took = timeit(lambda: print(greet(r_patient)), number=1)
proxy.heal()
guess_silent.reveal("more than a second" if took > 1 else "a tenth of a second")

# %% [markdown]
# Each of eleven tries had a tenth of a second of its own. A `Redis(host=…)` with nothing set tries as often, for five
# seconds each: nearly a minute. (*Versions:* before redis-py 8 a reply was waited for without end, unless you set
# `socket_timeout`.)
#
# And `socket_timeout` limits each silence, not the whole reply. Here 150 bytes trickle in, 100 a second:

# %%
r_slow = redis.Redis(connection_pool=redis.ConnectionPool(**via, socket_timeout=1))
r_slow.set("greeting:long", "hello" * 30)
proxy.downstream.bandwidth = 100  # bytes per second
took = timeit(lambda: print(len(r_slow.get("greeting:long")), "bytes"), number=1)
proxy.heal()
print("longer than socket_timeout:", took > 1)
unset = redis.Connection()
print(f"if left out: {unset.socket_connect_timeout} and {unset.socket_timeout} s")

# %% [markdown]
# | argument | limits | if left out |
# |---|---|---|
# | `timeout` of a blocking pool | the wait for a free connection | 20 s |
# | `socket_connect_timeout` | the first round trip of an opening, TCP's | 5 s |
# | `socket_timeout` | each silence before or in a reply, those of an opening too | 5 s |
#
# ## A PING in time
#
# `health_check_interval=1` checks a connection with a PING when it has been quiet for a second. We send fifty GETs in
# a row, are quiet for longer, and send one more.

# %% jupyter={"source_hidden": true}
guess_pings = predict(
    "How many PINGs does the server get during the fifty GETs and the quiet, and how many with the last GET?",
    {
        "1, then 0": "Nothing runs in the background. The connection lies there, checked by nobody.",
        "50, then 1": "The fifty follow each other closely, and each reply shows that the connection is well.",
        "0, then 1": None,
    },
)
guess_pings

# %%
r_checked = redis.Redis(connection_pool=redis.ConnectionPool(**at, health_check_interval=1))
greet(r_checked)  # a new connection is checked as well
pings = []
for number, quiet in ((50, 1.2), (1, 0)):
    pings_before = server.commands()["PING"]
    for _ in range(number):
        greet(r_checked)
    sleep(quiet)
    pings.append(server.commands()["PING"] - pings_before)

guess_pings.reveal(f"{pings[0]}, then {pings[1]}")

# %% [markdown]
# So it keeps no connection alive. It chooses what is lost on a dead one: a PING, which may be sent again, and
# not an INCR. (The sending again is still the work of `retry`.) Only one that is new or was quiet is checked; a
# cut in the middle of work counts twice, as before:

# %%
careful = redis.ConnectionPool(**via, health_check_interval=0.1, retry=Retry(NoBackoff(), 1))
r_careful = redis.Redis(connection_pool=careful)
for kind, quiet in {"quiet": 0.2, "busy": 0}.items():
    r_careful.set("views:home", 0)
    sleep(quiet)
    proxy.reset_after(0)
    print(f"on a {kind} connection:", r_careful.incr("views:home"))

# %% [markdown]
# ## A wrong word
#
# One fault is our own. A pool hands arguments that it does not know to its connections, and makes none before
# it must. Other libraries say `read_timeout` where redis-py says `socket_timeout`, and this pool will be built
# without a complaint: `ConnectionPool(max_connections=3, read_timeout=1)`

# %% jupyter={"source_hidden": true}
guess_fourth = predict(
    "The first three commands raise a `TypeError` about `read_timeout`. What does the fourth raise?",
    {
        "TypeError": "The pool counts a connection, then makes it, and never counts back. Three are counted.",
        "MaxConnectionsError": None,
        "nothing": "The word is as wrong as before.",
    },
)
guess_fourth

# %%
mistaken = redis.ConnectionPool(**at, max_connections=3, read_timeout=1)
outcomes = [outcome(redis.Redis(connection_pool=mistaken).ping) for _ in range(5)]
print(*outcomes, snapshot(mistaken), sep="\n")
guess_fourth.reveal(outcomes[3].partition(":")[0])

# %% [markdown]
# Nothing in use, nothing idle, and `Too many connections` for ever. Whoever reads the newest line of a log raises the
# limit; a blocking pool would look busy. The cure is a `ping()` when the program starts: it meets the `TypeError`, on
# somebody's screen.
#
# ## A safe default
#
# Put together, for pages that wait two seconds at most, if no reply trickles:


# %%
def safe_pool(host, port):
    return redis.BlockingConnectionPool(
        host=host,
        port=port,
        max_connections=10,  # what the program needs: lesson 08
        timeout=0.2,  # the wait for a free connection
        socket_connect_timeout=0.2,  # TCP's part of an opening
        socket_timeout=0.2,  # each silence
        retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # again after 0.1 (base) to 0.2 s (cap)
        health_check_interval=15,  # shorter than what cuts idle connections
    )


r_safe = redis.Redis(connection_pool=safe_pool(**via))
r_safe.ping()  # once, when the program starts

# %% jupyter={"source_hidden": true}
guess_longest = predict(
    "Redis goes silent. One caller of this pool has an open connection; for another, one has to be opened first. Who "
    "waits longer?",
    {
        "who has one": "It asks twice, and each time it waits for one silence. Count the other's, too.",
        "both the same": "To open is tried twice, and so is the PING that follows: more silences than one reply has.",
        "who has none": None,
    },
)
guess_longest


# %% tags=["nbval-ignore-output"]
def wait_in_silence(r):
    took = timeit(lambda: greet(r), setup=proxy.blackhole, number=1)
    proxy.heal()
    return took


r_full = redis.Redis(connection_pool=safe_pool(**via))
dead, *others = [r_full.connection_pool.get_connection() for _ in range(10)]
dead.disconnect()
dead.next_health_check = 0  # as after a long quiet
r_safe.ping()
waits = {"open": wait_in_silence(r_safe), "closed": wait_in_silence(redis.Redis(connection_pool=safe_pool(**via)))}
Timer(0.15, r_full.connection_pool.release, [dead]).start()
waits["closed, and lent late"] = wait_in_silence(r_full)
print(*(f"{name}: {seconds:.1f} s" for name, seconds in waits.items()), sep="\n")
guess_longest.reveal("who has none" if waits["closed"] > waits["open"] else "who has one")

# %% [markdown]
# To open a connection, PING and opening are tried twice each: four silences, three pauses of random length. Longest
# waits who is lent one late, as the machine vanishes and a PING is due (counted, not shown): 0.2 s to borrow, five
# silences, four pauses of 0.2 s: two seconds.
#
# Every fault, beside a pool with only a time limit:


# %%
def down():
    proxy.refuse()  # lets nobody in
    proxy.reset_connections()


def meet(fault, r):
    greet(r)  # so that a line is open
    fault()
    begun = monotonic()
    answer = greet(r)
    waits[fault] = monotonic() - begun
    proxy.heal()
    return answer.partition(":")[0]


# %%
r_hasty = redis.Redis(connection_pool=redis.ConnectionPool(**via, socket_timeout=0.5))
faults = {
    "cut while idle": proxy.reset_connections,
    "reply cut": lambda: proxy.reset_after(0),
    "silence": proxy.blackhole,
    "down": down,
    "down, briefly": lambda: (down(), Timer(0.05, proxy.heal).start()),
}
print(f"{'':14} | {'hasty pool':15} | safe pool")
for name, fault in faults.items():
    print(f"{name:14} | {meet(fault, r_hasty):15} | {meet(fault, r_safe)}")

print("each wait within two seconds:", max(waits.values()) < 2)

# %% [markdown]
# What is short is not noticed; what is long is an error, and in time. For that the shop has other words at hand,
# such as `"Welcome!"`.
#
# Last, a storm: six callers greet 75 visitors each, while four faults pass over them, a tenth of a second at most.


# %% tags=["nbval-ignore-output"]
def storm():
    for fault in (proxy.reset_connections, lambda: proxy.reset_after(0), down, proxy.blackhole):
        sleep(0.45)
        fault()
        Timer(0.1, proxy.heal).start()


def visit():
    sleep(0.03)
    return greet(r_safe)


with record(r_safe.connection_pool) as recording:
    Thread(target=storm).start()
    answers = run_threads(6, lambda: [visit() for _ in range(75)])
print(sum(of_one.count("hello") for of_one in answers), "of 450 greeted")
plot_timeline(recording)

# %% [markdown]
# Nobody queued; they waited for the wire. At 0.45 s all are cut while idle: hardly a trace. At 0.9 one reply is cut:
# one dark bar. At 1.35 Redis is gone: all reopen (light), trying twice. At 1.8 silence: all keep theirs (dark).
#
# ## Exercises
#
# [Three](../exercises/ex11_how_long_a_caller_waits.ipynb): an answer from silence, a forgetful firewall, all
# weathers.

# %% [markdown]
# ## Recap
#
# - A pool looks at a connection when it lends it, and at no other time. What dies later means an error, a wait or,
#   with retries, perhaps a command done twice.
# - `Redis(host=…)` tries eleven times, a pool once: say `retry=` on the pool, and set the three time limits.
# - The longest wait is a sum, and more tries do worse than multiply it. Work it out, and have something to say
#   afterwards.
#
# ## Questions to consider
#
# - Add up the longest wait of your own program's client. Who has ever met it?
# - Which of your commands may be done twice, and what becomes of the others when a reply is lost?
# - You began with a pool that opens nothing, and now know when it opens, whom it refuses, who holds what,
#   how many it needs and how one dies. Which of these will you look at first on Monday?

# %% [markdown]
# Last, close what was opened.
#
# **Next:** this is the end of the core course. [The summary](../docs/summary.md) has it on one page, with the safe
# default to copy. Lesson 12, on asyncio, is to come. Back to [Start here](00_start_here.ipynb).

# %% tags=["no-output"]
for r in (r_direct, r_patient, r_slow, r_checked, r_careful, r_hasty, r_safe, r_full):
    r.connection_pool.close()
proxy.close()
server.close()
