# %% [markdown]
# # How long can a caller wait?
#
# A broken connection at least raises an error. It's worse if Redis doesn't answer at all: your request hangs, then the
# next one, and soon every thread of your web shop is waiting. In this lesson you set a limit for every wait, add up the
# worst case, and measure it.
#
# **You'll learn to**
# - say which argument limits which wait, and what the defaults are;
# - explain what a health check does, and what it doesn't;
# - find a misspelled argument before it looks like an exhausted pool;
# - build a pool with safe defaults, and calculate the longest time that a caller can wait.
#
# **You need** lesson 03 (waiting for a free connection, `record`) and lesson 10 (retries, `FaultProxy`).
# *15 minutes, plus 30 for the exercises.*

# %% tags=["nbval-ignore-output"]
from threading import Timer
from time import monotonic, sleep
from timeit import timeit

import redis
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.retry import Retry

from tutorial_lib import CannedServer, FaultProxy, predict, snapshot, start_server

server = start_server(keys=["greeting", "greeting:long", "views:home"])  # keys of this page
server

# %% [markdown]
# ## Which timeout limits which wait?

# %% [markdown]
# A command may have to wait for three things: for a free connection of the pool, for a new connection to open, and for
# the reply. There's an argument for each of these waits. The one for the first, `timeout`, only exists in a
# `BlockingConnectionPool`. What do you get if you set none of them? redis-py's `make_connection()` creates a connection
# without opening it, so you can read its settings:

# %%
unset = redis.BlockingConnectionPool().make_connection()
print("timeout", redis.BlockingConnectionPool().timeout)
print("socket_connect_timeout", unset.socket_connect_timeout)
print("socket_timeout", unset.socket_timeout)

# %% [markdown]
# | argument | limits | default |
# |---|---|---|
# | `timeout` of a blocking pool | the wait for a free connection | 20 s |
# | `socket_connect_timeout` | the wait until TCP has connected | 5 s |
# | `socket_timeout` | each wait for the next bytes of a reply | 5 s |
#
# **None of the three limits the whole command.** They limit single waits, and the sections below show how these add up.
#
# > **redis-py 7 and older** had no socket timeouts by default, so a caller could wait for a reply forever.

# %% [markdown]
# ## When Redis goes silent

# %% [markdown]
# Suppose that the machine that runs Redis freezes. No error arrives, and nothing closes the connection, so the pool's
# check from lesson 10 finds nothing. Only a timeout helps. `proxy.blackhole()` simulates this: the proxy accepts every
# command and answers none, until you call `proxy.heal()`.
#
# You know `greet` and `outcome` from lesson 10. Here `outcome` also catches two of Python's own errors, which you'll
# meet further down.


# %%
def outcome(action):
    try:
        return action()
    except (redis.RedisError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def greet(r):
    return outcome(lambda: r.get("greeting").decode())


# %% [markdown]
# `**via_proxy` stands for the host and port of the proxy, so this pool reaches your server through it:

# %%
proxy = FaultProxy(server)
via_proxy = {"host": proxy.host, "port": proxy.port}
ten_retries = redis.ConnectionPool(**via_proxy, socket_timeout=0.1, retry=Retry(NoBackoff(), 10))
r_ten = redis.Redis(connection_pool=ten_retries)
r_ten.set("greeting", "hello")

# %% jupyter={"source_hidden": true}
guess_silent = predict(
    "The pool has `socket_timeout=0.1` and a `Retry` that makes ten retries without a pause. Redis goes silent. When "
    "does the caller get an error?",
    {
        "after a tenth of a second": "The first attempt ends then. Ten retries follow, and each starts the timeout again.",
        "after more than a second": "The timeout starts again with each attempt, and ten retries make eleven attempts.",
        "never": "Each attempt ends after `socket_timeout`, and after the tenth retry redis-py gives up.",
    },
    answer="after more than a second",
)
guess_silent

# %%
proxy.blackhole()
seconds = timeit(lambda: print(greet(r_ten)), number=1)
proxy.heal()
guess_silent.reveal("after more than a second" if seconds > 1 else "after a tenth of a second")

# %% [markdown]
# **`socket_timeout` limits each attempt, so retries multiply it.**
#
# Here eleven attempts took a tenth of a second each. With the defaults of redis-py 8, `Redis(host=…)` makes eleven
# attempts of five seconds each, with pauses in between, so its callers hang for about a minute. If the machine is gone
# and nothing accepts a connection, it's about ten minutes: each of the ten retries has to open a connection, and tries
# that eleven times for five seconds. In a web server, that's long enough for every thread to get stuck. So set the
# timeouts yourself, as Redis's page on
# [production usage](https://redis.io/docs/latest/develop/clients/redis-py/produsage/#timeouts) recommends.
#
# The error is redis-py's `TimeoutError`. Redis's page on [error
# handling](https://redis.io/docs/latest/develop/clients/redis-py/error-handling/) draws it as a kind of
# `ConnectionError`. It isn't one, so an `except` for one of the two misses the other. Catch both if you have a
# fallback:

# %%
print("a TimeoutError is a ConnectionError:", issubclass(redis.TimeoutError, redis.ConnectionError))

# %% [markdown]
# ## A reply that trickles in

# %% [markdown]
# According to the table, `socket_timeout` limits each wait for the *next bytes* of a reply. To see what that means, you
# get a value of 150 bytes over a very slow network: `proxy.downstream.bandwidth` says how many bytes per second come
# back from the server.

# %% jupyter={"source_hidden": true}
guess_slow = predict(
    "150 bytes come in at 100 bytes a second, and `socket_timeout` is 1. What does `get` do?",
    {
        "it raises a TimeoutError after a second": "The timeout starts again whenever some bytes have arrived.",
        "it returns all 150 bytes": "Some bytes arrive in every second, so the timeout never expires.",
    },
    answer="it returns all 150 bytes",
)
guess_slow

# %%
r_slow = redis.Redis(connection_pool=redis.ConnectionPool(**via_proxy, socket_timeout=1))
r_slow.set("greeting:long", "hello" * 30)

# %%
proxy.downstream.bandwidth = 100
begin = monotonic()
reply = outcome(lambda: r_slow.get("greeting:long"))
print("it took longer than socket_timeout:", monotonic() - begin > 1)
proxy.heal()
guess_slow.reveal(f"it returns all {len(reply)} bytes")

# %% [markdown]
# **A reply may take longer than `socket_timeout`, as long as some bytes arrive before each timeout is over.**
#
# The timeout belongs to the socket: each time redis-py reads from it, the wait starts again. That's rarely a problem,
# but it means that no argument of redis-py is a deadline for a command. If you need a deadline, let your web server
# enforce it. Small values help, too.

# %% [markdown]
# ## What does a health check do?

# %% [markdown]
# Firewalls and load balancers forget connections that have been idle for some minutes. redis-py's
# `health_check_interval` is meant for that: it checks a connection with a `PING`. But when? Below, the interval is one
# second, and you send fifty GETs in a row, wait until the interval has passed, and send one more. `server.commands()`
# counts the commands that the server has received.

# %% jupyter={"source_hidden": true}
guess_pings = predict(
    "How many PINGs does the server get during the fifty GETs and the wait, and how many with the last GET?",
    {
        "1, then 0": "That would need something that runs in the background during the wait. A pool has no thread of "
        "its own.",
        "50, then 1": "The fifty GETs follow each other closely, and each reply proves that the connection works, as "
        "a PING would.",
        "0, then 1": "A PING is only sent before a command, and only if the connection was idle for longer than the "
        "interval.",
    },
    answer="0, then 1",
)
guess_pings

# %%
checked = redis.ConnectionPool(host=server.host, port=server.port, health_check_interval=1)
r_checked = redis.Redis(connection_pool=checked)
greet(r_checked)  # a new connection is checked, too

# %%
pings = []
for number, idle_time in ((50, 1.2), (1, 0)):
    pings_before = server.commands()["PING"]
    for _ in range(number):
        greet(r_checked)
    sleep(idle_time)
    pings.append(server.commands()["PING"] - pings_before)

guess_pings.reveal(f"{pings[0]}, then {pings[1]}")

# %% [markdown]
# **A health check doesn't keep a connection alive. It makes a harmless PING fail first, instead of your command.**
#
# That matters for commands that mustn't run twice. If a reply gets lost on a connection that was idle, it's the reply
# to the PING, and a PING may be retried. You still need a `Retry` for that. A connection that was in use a moment ago
# isn't checked, so there the retry of an `INCR` still counts twice. Below, "busy" means such a connection:

# %%
careful = redis.ConnectionPool(**via_proxy, health_check_interval=0.1, retry=Retry(NoBackoff(), 1))
r_careful = redis.Redis(connection_pool=careful)

# %%
for state, idle_time in {"idle": 0.2, "busy": 0}.items():
    r_careful.set("views:home", 0)
    sleep(idle_time)
    proxy.reset_after(0)
    print(f"one view, on a connection that was {state}:", r_careful.incr("views:home"))

# %% [markdown]
# Choose an interval that's shorter than the shortest idle limit between you and Redis. Firewalls and load balancers
# have one, some cloud services close a connection after ten idle minutes, and Redis's own `timeout` setting is one,
# too.

# %% [markdown]
# ## A misspelled argument

# %% [markdown]
# This fault is in your own code. Redis's client for Ruby says `read_timeout` where redis-py says `socket_timeout`. If
# you mix them up, creating the pool raises no error. The pool only stores arguments that it doesn't know, and passes
# them on when it creates a connection, which is when the first command needs one.

# %% jupyter={"source_hidden": true}
guess_fourth = predict(
    "The pool has `max_connections=3` and `read_timeout=1`. Its first three commands raise a `TypeError` about "
    "`read_timeout`. What does the fourth raise?",
    {
        "TypeError": "The pool counts a connection before it creates it. After three failures it has counted three.",
        "MaxConnectionsError": "The pool has counted three connections, although it couldn't create a single one.",
        "nothing": "The argument is still wrong, so no connection can be created.",
    },
    answer="MaxConnectionsError",
)
guess_fourth

# %%
direct = {"host": server.host, "port": server.port}
mistaken = redis.ConnectionPool(**direct, max_connections=3, read_timeout=1)
outcomes = [outcome(redis.Redis(connection_pool=mistaken).ping) for _ in range(5)]
print(*outcomes, snapshot(mistaken), sep="\n")
guess_fourth.reveal(outcomes[3].partition(":")[0])

# %% [markdown]
# **With a wrong argument, each command ends in `Too many connections` before long, although no connection exists.**
#
# `snapshot` shows it: no connection is in use and none is idle. If you only see the latest line of the log, you may
# raise the limit, which doesn't help. So call `ping()` once when your program starts. It raises the `TypeError` at
# once, while you're looking.
#
# The same happens with `ssl=True`, which is an argument of `redis.Redis(…)` but not of a pool. For TLS, a pool needs
# `connection_class=redis.SSLConnection`, or a URL that begins with `rediss://`:

# %%
tls = redis.ConnectionPool(**direct, max_connections=1, ssl=True)
print(*[outcome(redis.Redis(connection_pool=tls).ping) for _ in range(2)], sep="\n")
print(redis.ConnectionPool.from_url("rediss://redis.example.com:6379").connection_class.__name__)

# %% [markdown]
# ## A safe default

# %% [markdown]
# Now put it all together. This pool is for web pages that may wait for up to two seconds. It waits a little at its
# limit, has short timeouts, retries once, and checks connections that were idle. You may copy it. The
# [summary](../docs/summary.md) has it, too.


# %%
def safe_pool(host, port):
    return redis.BlockingConnectionPool(
        host=host,
        port=port,
        max_connections=10,  # as many as the program needs: lesson 08
        timeout=0.2,  # the wait for a free connection
        socket_connect_timeout=0.2,  # the wait until TCP has connected
        socket_timeout=0.2,  # each wait for the next bytes of a reply
        retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # one retry, 0.1 to 0.2 s later
        health_check_interval=15,  # shorter than any idle limit on the way
    )


# %%
r_safe = redis.Redis(connection_pool=safe_pool(**via_proxy))
r_safe.ping()  # once, when the program starts

# %% [markdown]
# ## How long is the worst case?

# %% [markdown]
# First compare two callers while Redis is silent. For one of them, the pool has an open connection. For the other, it
# has to open a new one.

# %% jupyter={"source_hidden": true}
guess_longest = predict(
    "With which connection does a caller wait longer for the error?",
    {
        "an open connection": "This caller makes two attempts, and each waits for one timeout. Opening has more waits.",
        "a new connection": "The opening is attempted twice, and within it a PING is attempted twice.",
        "neither of the two": "The GET is attempted twice for both, but a new connection sends other commands first.",
    },
    answer="a new connection",
)
guess_longest


# %%
def wait_in_silence(r):
    seconds = timeit(lambda: greet(r), setup=proxy.blackhole, number=1)
    proxy.heal()
    return seconds


# %% tags=["nbval-ignore-output"]
r_new = redis.Redis(connection_pool=safe_pool(**via_proxy))
silent = {"an open connection": wait_in_silence(r_safe), "a new connection": wait_in_silence(r_new)}
for which, seconds in silent.items():
    print(f"{which}: {seconds:.1f} s")
guess_longest.reveal(max(silent, key=silent.get))

# %% [markdown]
# **Retries happen on several levels, so opening a connection can take four timeouts.**
#
# A new connection begins with a health check, too. Its PING is attempted twice, and the second attempt has to connect
# first, because a connection is closed after a timeout. The opening around it is attempted twice as well. That makes
# two times two timeouts of 0.2 s, with three pauses between them.
#
# It gets worse if the machine that runs Redis loses its power, because then nothing accepts a connection. In the worst
# case, three things come together: you wait for a free connection, the one you get has been idle for so long that its
# health check is due, and the machine is gone.
#
# | one after the other | timeouts | pauses |
# |---|---|---|
# | you wait for a free connection: up to `timeout` | | |
# | the PING of the health check gets no reply | 1 | |
# | the PING is retried: two attempts to open a connection | 2 | 2 |
# | your command is retried: two attempts to open a connection | 2 | 2 |
# | **in total** | **5** | **4** |
#
# Add it up with the pool's own settings:

# %%
safe = r_safe.connection_pool
timeouts, pauses = 1 + 2 + 2, 2 + 2
worst = safe.timeout + timeouts * safe.connection_kwargs["socket_timeout"] + pauses * 0.2
print("at worst, in seconds:", round(worst, 1))

# %% [markdown]
# Then measure it. All ten connections are borrowed, one of them is due for a health check, and `proxy.vanish()` acts as
# if the machine had been turned off. After 0.15 seconds that connection is returned. Expect a little less than the sum:
# the caller waits for 0.15 s instead of 0.2 s, and the pauses are random, between 0.1 and 0.2 s.

# %%
r_full = redis.Redis(connection_pool=safe_pool(**via_proxy))
late, *others = [r_full.connection_pool.get_connection() for _ in range(10)]
late.next_health_check = 0  # as after a long idle time

# %% tags=["nbval-ignore-output"]
proxy.vanish()
Timer(0.15, r_full.connection_pool.release, [late]).start()
seconds = timeit(lambda: print(greet(r_full)), number=1)
proxy.heal()
print(f"measured: {seconds:.2f} s")

# %% [markdown]
# **A caller of this pool gets its answer or an error within two seconds.**
#
# The sum doesn't cover two cases: a reply that trickles in, and a fault that turns into another one while you wait. If
# two seconds are too long for you, shorten the timeouts first. Be careful with a second retry: it adds attempts on each
# level, so the worst case grows by more than one timeout.

# %% [markdown]
# ## The safe default and every fault

# %% [markdown]
# Now test the pool against each fault, next to the pool of `r_hasty`, which sets nothing but a `socket_timeout`. `meet`
# opens a connection, causes the fault, and asks for the greeting. `down` is the restart of lesson 10:
# connections break, and new ones are refused.


# %%
def down():
    proxy.refuse()
    proxy.reset_connections()


# %%
def meet(fault, r):
    greet(r)
    fault()
    begin = monotonic()
    answer = greet(r)
    waits[fault, r] = monotonic() - begin
    proxy.heal()
    return answer.partition(":")[0]


# %%
waits = {}
r_hasty = redis.Redis(connection_pool=redis.ConnectionPool(**via_proxy, socket_timeout=0.5))
faults = {
    "broken while idle": proxy.reset_connections,
    "reply lost": lambda: proxy.reset_after(0),
    "silent": proxy.blackhole,
    "down": down,
    "down for a moment": lambda: (down(), Timer(0.05, proxy.heal).start()),
}

# %%
print(f"{'fault':17} | {'hasty pool':15} | safe pool")
for name, fault in faults.items():
    print(f"{name:17} | {meet(fault, r_hasty):15} | {meet(fault, r_safe)}")
print("each wait within two seconds:", max(waits.values()) < 2)

# %% [markdown]
# **Callers don't notice short faults, and long ones end in an error that comes in time.** For that error your shop
# needs a fallback, such as a page that says "Welcome!" instead of the greeting.
#
# Finally, watch the pool under load. Six threads ask for the greeting 75 times each. Every 0.45 s a fault hits them,
# four in total, and none lasts longer than a tenth of a second. In the picture each bar is a borrowed connection. Look
# for the long bars. The dark one soon after 0.9 s retries a command whose reply got lost, the light ones soon after
# 1.35 s reopen connections while Redis is down, and the dark ones soon after 1.8 s wait for a Redis that's silent.


# %%
from threading import Thread

from tutorial_lib import plot_timeline, record, run_threads


def storm():
    for fault in (proxy.reset_connections, lambda: proxy.reset_after(0), down, proxy.blackhole):
        sleep(0.45)
        fault()
        Timer(0.1, proxy.heal).start()


def ask():
    sleep(0.03)
    return greet(r_safe)


# %% tags=["nbval-ignore-output"]
with record(r_safe.connection_pool) as recording:
    Thread(target=storm).start()
    answers = run_threads(6, lambda: [ask() for _ in range(75)])
print(sum(of_one.count("hello") for of_one in answers), "of 450 requests got the greeting")
plot_timeline(recording)

# %% [markdown]
# ## Going deeper: when Redis refuses the handshake

# %% [markdown]
# Two more errors have nothing to do with the network: Redis refuses the commands with which a connection begins. To
# see them, you use `CannedServer`, a helper of this course that isn't a real Redis. It replies to each command with
# the line that you give it.
#
# The first error comes from an old Redis, or a proxy in front of Redis, that doesn't know the command `HELLO`.
# redis-py 8 begins every connection with `HELLO`, and version 8.1 doesn't try anything else if it's refused.
# `protocol=2` leaves `HELLO` out:

# %%
old = CannedServer({"HELLO": "-ERR unknown command 'HELLO', with args beginning with: '3'"})
for protocol in (3, 2):
    pool = redis.ConnectionPool(host=old.host, port=old.port, protocol=protocol)
    print(f"protocol={protocol}:", outcome(redis.Redis(connection_pool=pool).ping))
    pool.close()

# %% [markdown]
# **If you meet `unknown command 'HELLO'`, set `protocol=2`.** Redis has had `HELLO` since version 6.
#
# The second error comes from a password that changes while your program runs, as the access tokens of cloud providers
# do. A connection sends the password once, when it opens. So what happens to a pool that has one open connection and
# needs another?

# %%
app = CannedServer()
where = {"host": app.host, "port": app.port, "protocol": 2}
login = redis.ConnectionPool(**where, username="app", password="old")
r_login = redis.Redis(connection_pool=login)
r_login.ping()

# %%
app.replies["AUTH"] = "-WRONGPASS invalid username-password pair or user is disabled."
print("on the open connection:", outcome(r_login.ping))
borrowed = login.get_connection()
print("on a new connection:", outcome(r_login.ping))
login.release(borrowed)

# %% [markdown]
# **After a password has changed, open connections go on working, and new ones fail.** So your program looks fine until
# it's busy enough to need another connection. Give the pool a [credential
# provider](https://redis.readthedocs.io/en/stable/examples/connection_examples.html), an object that redis-py asks for
# the current password each time a connection opens, or create a new pool when the password changes.

# %% [markdown]
# ## Going deeper: changing `retry` later

# %% [markdown]
# Clients and pools have a `set_retry` method. On a blocking pool of redis-py 8.1 it doesn't work:

# %%
print(outcome(lambda: r_safe.set_retry(Retry(NoBackoff(), 3))))

# %% [markdown]
# **Set the `retry` of a blocking pool when you create it.** The method looks for a list of connections that only the
# plain pool has.

# %% [markdown]
# ## Summary

# %% [markdown]
# - `timeout` limits the wait for a free connection, `socket_connect_timeout` the wait for TCP, and `socket_timeout`
#   each wait for the next bytes of a reply. No argument limits the whole command.
# - The longest wait is a sum: the borrow, a timeout for each attempt, and the pauses. Retries on several levels
#   multiply the attempts. `Redis(host=…)` with its defaults can take minutes, the safe default two seconds.
# - A health check sends a PING before a command, on a connection that was idle. It keeps nothing alive.
# - A `ping()` at the start finds wrong arguments before they look like an exhausted pool.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>A pool has <code>socket_timeout=2</code> and <code>Retry(NoBackoff(), 3)</code>. How long does a GET
# on an open connection wait if Redis goes silent?</summary>
#
# About eight seconds: four attempts of two seconds each. That's if the connection needs no health check, and if
# something still accepts new connections.
#
# </details>
#
# <details><summary>Your load balancer drops connections that were idle for 350 seconds. You set
# <code>health_check_interval=300</code> and no retry. Is that enough?</summary>
#
# No. The PING notices the dead connection, but without a `Retry` its error reaches your caller. Add `retry=` to the
# pool.
#
# </details>
#
# <details><summary>The log is full of <code>Too many connections</code>, but <code>CLIENT LIST</code> doesn't show a
# single connection of your program. What do you look for?</summary>
#
# A `TypeError` at the beginning of the log, about an argument that connections don't know. The pool counted each failed
# attempt, until it reached its limit.
#
# </details>

# %% [markdown]
# Close what this page opened:

# %% tags=["no-output"]
for r in (r_ten, r_slow, r_checked, r_careful, r_safe, r_new, r_full, r_hasty, r_login):
    r.connection_pool.close()
for opened in (old, app, proxy):
    opened.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: an answer in time, a forgetful firewall, and a pool for every
# fault](../exercises/ex11_how_long_a_caller_waits.ipynb)
#
# **Your own program:** `redis-pool-tutorial examine python app.py` says which of its lines exhaust or leak a pool, and
# which lesson explains it: [Examine your own program](../docs/examine.md).
#
# **Next:** [How do you use a pool with asyncio?](12_asyncio.ipynb) Or print [the summary](../docs/summary.md), one page
# with the core of the course.
