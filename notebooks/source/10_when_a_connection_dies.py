# %% [markdown]
# # What if a connection dies?
#
# Your pool has the right size, and everything works. Then Redis restarts, or a firewall drops the connections that were
# idle all night, and your pool doesn't know it yet. In this lesson you break connections at different moments and see
# what your code notices: nothing at all, an error, a retry, or a counter that's too high.
#
# **You'll learn to**
# - say which dead connections the pool replaces silently, and which ones reach your code as an error;
# - say how often your client retries, and put `retry=` where it has an effect;
# - choose pauses that get your program through a restart of Redis;
# - recognise the commands that mustn't be sent twice.
#
# **You need** lessons 01 and 03: what a pool does, and how it behaves at its limit. Retries are explained here.
# *15 minutes, plus 20 for the exercises.*

# %% tags=["nbval-ignore-output"]
from threading import Timer
from timeit import timeit

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from tutorial_lib import FaultProxy, PoolView, predict, start_server

server = start_server(keys=["greeting", "views:home", "visits:home"])  # keys of this page
server

# %% [markdown]
# ## When does a pool notice a dead connection?

# %% [markdown]
# The web shop has three clients: one on a `ConnectionPool`, one on a `BlockingConnectionPool`, and a plain
# `redis.Redis(host=…)`, which makes a pool of its own. Each client sends one command first, so each pool holds
# one idle connection.
#
# Two small functions send the requests. `greet(r)` gets the greeting with the client `r`. `outcome(action)` calls
# `action` and returns its result, or its error as text, so that an error doesn't stop the notebook.


# %%
def outcome(action):
    try:
        return action()
    except redis.RedisError as error:
        return f"{type(error).__name__}: {error}"


def greet(r):
    return outcome(lambda: r.get("greeting").decode())


# %% [markdown]
# Below, `**direct` stands for the `host=…, port=…` of your server.

# %%
direct = {"host": server.host, "port": server.port}
pool = redis.ConnectionPool(**direct, max_connections=3)
blocking = redis.BlockingConnectionPool(**direct)
clients = [redis.Redis(connection_pool=pool), redis.Redis(connection_pool=blocking)]
clients.append(redis.Redis(**direct))
clients[0].set("greeting", "hello")
print([greet(r) for r in clients])

# %% [markdown]
# Now the server closes all three connections. `server.kill_clients()`, a helper of this course, does what a restart or
# an idle timeout of the server would do. It only works on servers that this course started, never on a Redis of your
# own. `PoolView`, another helper, draws a pool and what the server knows about it. Look at the first connection: the
# pool counts it as idle, but the server doesn't have it any more.

# %%
print("closed by the server:", server.kill_clients())
view = PoolView(pool, server, title="After the night")
view.freeze()

# %% jupyter={"source_hidden": true}
guess_idle = predict(
    "All three connections are dead, and each client gets one more request. How many requests end in an error?",
    {
        0: "Each pool checks a connection before it hands it out. It reconnects the dead one, and the request gets its "
        "greeting.",
        2: "`Redis(host=…)` has a pool as well, so it does no better and no worse than the other two.",
        3: "No command has been sent on the dead connections yet, so there's still time to reconnect them.",
    },
    answer=0,
)
guess_idle

# %% [markdown]
# `server.opened()` returns how many connections the server has accepted so far.

# %%
opened_before = server.opened()
greetings = [greet(r) for r in clients]
print(greetings, "opened:", server.opened() - opened_before)
guess_idle.reveal(3 - greetings.count("hello"))

# %% [markdown]
# **A pool checks a connection when it hands it out, so one that died while idle costs you only a reconnect.**
#
# When a server closes a connection, the socket on your side becomes readable: an "end of file" is waiting there.
# `get_connection()` checks for that, and if it finds one, it disconnects and connects again. Nothing is checked between
# two borrows, because the pool has no thread of its own. So the pool counts a dead connection as idle until it hands
# that connection out.
# You can read the check in `get_connection` of
# [redis-py's connection.py](https://github.com/redis/redis-py/blob/v8.1.0/redis/connection.py).

# %% [markdown]
# ## A connection that breaks during a command

# %% [markdown]
# The pool checks a connection once, before your command. If the connection breaks after that, your code gets an error.
# To see it, borrow a connection by hand with redis-py's `get_connection()`, and let the server close it before you send
# anything. Then do by hand what `r.get("greeting")` does: `send_command` sends a command on the connection, and
# `read_response` waits for the reply.


# %%
def get_by_hand(connection):
    connection.send_command("GET", "greeting")
    return connection.read_response()


borrowed = pool.get_connection()
server.kill_clients()
print(outcome(lambda: get_by_hand(borrowed)))
pool.release(borrowed)

# %% [markdown]
# A connection can also break later: Redis has executed your command, and the reply gets lost on its way back. For that
# you need `FaultProxy`, this course's helper for faults. It stands between a client and the server.
# `proxy.reset_after(0)` lets the next command through, then breaks the connection before the first byte of the reply.
# In the output, "…" replaces the proxy's port.

# %%
proxy = FaultProxy(server)
via_proxy = {"host": proxy.host, "port": proxy.port}  # the same server, through the proxy
r_pool = redis.Redis(connection_pool=redis.ConnectionPool(**via_proxy))
r_pool.ping()
proxy.reset_after(0)
print(greet(r_pool).replace(str(proxy.port), "…"))

# %% [markdown]
# **A connection that breaks between the pool's check and the reply reaches your code as a `ConnectionError`.**
#
# The first text means that the server closed the connection in an orderly way. You see the second when a crash, a load
# balancer or a firewall cuts the connection off. You can catch both as `redis.ConnectionError`. After either of them,
# redis-py closes the connection, so the next caller gets one that was opened anew.

# %% [markdown]
# ## Who retries, and how often?

# %% [markdown]
# An error like that goes away if the command is sent again on a new connection. redis-py can do that for you: a `Retry`
# object says how often, and how long to pause before each retry. redis-py calls such a pause a *backoff*. But which
# clients have a `Retry`? Below are the three usual ways to create a client. None of the three calls says anything about
# retries.

# %% jupyter={"source_hidden": true}
guess_ways = predict(
    "`Redis(host=…)`, `Redis.from_url(…)`, and a client on a pool of your own each lose one reply. How many of the "
    "three still get the greeting?",
    {
        0: "One of the three has a `Retry` by default, and sends the GET again.",
        1: "`Redis(host=…)` has a `Retry` by default, so it sends the GET again. The other two have none.",
        2: "The URL contains the same host and port, but a client from `from_url` doesn't get the default `Retry`.",
        3: "The client on a pool of your own got an error in the previous section, so it didn't retry.",
    },
    answer=1,
)
guess_ways

# %%
by_host, by_url = redis.Redis(**via_proxy), redis.Redis.from_url(proxy.url)
answers = []
for name, r in {"Redis(host=…)": by_host, "from_url": by_url, "a pool": r_pool}.items():
    r.ping()
    proxy.reset_after(0)
    answers.append(greet(r).partition(":")[0])
    retry = r.get_retry()
    print(f"{name:13} {answers[-1]:15} retries: {retry.get_retries() if retry else 0}")
guess_ways.reveal(answers.count("hello"))

# %% [markdown]
# **`Redis(host=…)` retries ten times. `from_url` and a pool that you build don't retry unless you ask for it.**
#
# The default `Retry` belongs to the constructor of `Redis`, and `from_url` creates its pool without it. A client that
# is given a pool ignores its own `retry=`, because redis-py uses the `Retry` of the connection, and a connection gets
# its settings from the pool. So write `retry=` in the call that creates the pool:

# %%
ignored = redis.Redis(connection_pool=r_pool.connection_pool, retry=Retry(NoBackoff(), 3))
print("given to the client:", ignored.get_retry())
told = redis.ConnectionPool(**via_proxy, retry=Retry(NoBackoff(), 3))
print("given to the pool:", redis.Redis(connection_pool=told).get_retry().get_retries(), "retries")

# %% [markdown]
# > **redis-py 7 and older:** `Redis(host=…)` retried three times in redis-py 6 and 7, and not at all in redis-py 5.

# %% [markdown]
# ## How long an outage do retries cover?

# %% [markdown]
# Now Redis restarts. Its connections break, and new ones are refused for 0.3 seconds. `gone_for(seconds)` simulates
# that with the proxy. Two clients meet the outage. `hurried` may retry ten times without a pause, which is what
# `NoBackoff` means. `steady` may retry five times, each time after a pause of 0.1 seconds.


# %%
def gone_for(seconds):
    proxy.refuse()  # no new connection gets in
    proxy.reset_connections()  # and the open ones break
    Timer(seconds, proxy.heal).start()  # later, all is well again


def client(retry):
    return redis.Redis(connection_pool=redis.ConnectionPool(**via_proxy, retry=retry))


# %% jupyter={"source_hidden": true}
guess_outage = predict(
    "`hurried` and `steady` each ask for the greeting as Redis goes away. Which of them gets it?",
    {
        "both": "A refused connection fails at once, so eleven attempts without a pause are over in a few "
        "milliseconds.",
        "only `steady`": "Its five pauses together are longer than the outage, so one of its retries comes after it.",
        "only `hurried`": "It has twice as many retries, but without pauses they're all over before Redis is back.",
    },
    answer="only `steady`",
)
guess_outage

# %%
hurried, steady = client(Retry(NoBackoff(), 10)), client(Retry(ConstantBackoff(0.1), 5))
greeted = []
for name, r in {"hurried": hurried, "steady": steady}.items():
    r.ping()
    gone_for(0.3)
    answer = greet(r)
    print(f"{name}: {answer.partition(':')[0]}")
    if answer == "hello":
        greeted.append(f"only `{name}`")
    proxy.heal()
guess_outage.reveal(greeted[0] if len(greeted) == 1 else f"{len(greeted)} of them")

# %% [markdown]
# **The pauses have to be longer than the outage; the number of retries alone doesn't help.**
#
# While Redis isn't running, the operating system refuses each connection immediately, so only the pauses take time.
# [redis.backoff](https://redis.readthedocs.io/en/stable/backoff.html) has several kinds of pause: constant ones,
# growing ones, and ones with *jitter*. Jitter is a random part, so that a hundred clients don't all come back in the
# same millisecond. In redis-py 8, the ten pauses of `Redis(host=…)` grow and have jitter. Together they last for about
# four seconds.
#
# The pauses have a price. If Redis stays down, a client that doesn't retry raises its error at once, and `steady` goes
# through all its pauses first. No Redis listens on port 1:

# %% tags=["nbval-ignore-output"]
for name, retry in {"no retry": None, "steady": Retry(ConstantBackoff(0.1), 5)}.items():
    pool_to_nowhere = redis.ConnectionPool(host="127.0.0.1", port=1, retry=retry)
    r = redis.Redis(connection_pool=pool_to_nowhere)
    seconds = timeit(lambda r=r: print(greet(r)), number=1)
    print(f"{name}: {seconds:.3f} s")

# %% [markdown]
# `Error 111 connecting to …. Connection refused.` means that no program listens on that port of that host. On macOS the
# number is 61. Check that Redis is running, and that the host and the port are right.

# %% [markdown]
# ## A lost reply and a counter

# %% [markdown]
# Sending a GET twice does no harm. But the shop also counts its page views with `INCR`, and `Redis(host=…)` retries
# every command.

# %% jupyter={"source_hidden": true}
guess_twice = predict(
    "`views:home` is 0. `Redis(host=…)` sends `INCR` for one page view, and the reply gets lost. What does `incr` "
    "return?",
    {
        1: "Redis had executed the first INCR before its reply got lost. The retry added another 1.",
        2: "Redis executed INCR twice: once for the attempt whose reply got lost, and once for the retry.",
        "an error": "`Redis(host=…)` may retry ten times, and the first retry succeeded.",
    },
    answer=2,
)
guess_twice

# %%
by_host.set("views:home", 0)
proxy.reset_after(0)
guess_twice.reveal(by_host.incr("views:home"))

# %% [markdown]
# **A retried command may run twice.**
#
# Your client sees a broken connection, and can't tell whether the command got lost or only its reply. redis-py retries
# in both cases, although in the second case Redis has already done the work. Without a retry you get an error instead,
# and that error doesn't mean that nothing happened:

# %%
r_pool.set("views:home", 0)
proxy.reset_after(0)
print(outcome(lambda: r_pool.incr("views:home")).partition(":")[0])
print("views:home is", int(r_pool.get("views:home")))

# %% [markdown]
# **A command that raised a `ConnectionError` may have run.** If your code catches the error and sends the command
# again, that view is counted twice as well.

# %% [markdown]
# ## Commands that may run twice

# %% [markdown]
# A command that has the same effect whether it runs once or twice is called *idempotent*. `GET` and `SET` are
# idempotent, `INCR` and `RPUSH` aren't. Often you can replace a command that isn't. Here each visit gets an ID, and a
# set keeps the IDs: `SADD` adds an ID only if the set doesn't contain it yet, and `SCARD` says how many the set
# contains. `server.commands()`, a helper of this course, counts the commands that have reached the server.

# %%
sent_before = server.commands()["SADD"]
proxy.reset_after(0)
by_host.sadd("visits:home", "visit-1")
print("SADD sent:", server.commands()["SADD"] - sent_before)
print("visits:", by_host.scard("visits:home"))

# %% [markdown]
# **Make commands idempotent where you can, and let the client retry them. Don't let it retry the rest.**
#
# For a page view an extra count hardly matters. For a payment it does, so give each payment an ID, and let Redis or
# your database refuse the same ID a second time. Where that isn't possible, use a client without retries for these
# commands, and check the state after an error instead of sending the command again. Redis's page on [error
# handling](https://redis.io/docs/latest/develop/clients/redis-py/error-handling/) says which errors are worth a retry.
# Whether the command may run twice is for you to decide.

# %% [markdown]
# ## Summary

# %% [markdown]
# | The connection dies … | your code gets | what helps |
# |---|---|---|
# | while idle | nothing but a reconnect | nothing to do |
# | while your command is on its way | `ConnectionError` | `retry=` on the pool |
# | because Redis restarts | `Error 111 … Connection refused` | retries whose pauses are longer than the restart |
# | after Redis executed the command | an error, or with a retry a second execution | idempotent commands |
#
# `Redis(host=…)` retries ten times. `from_url` and a pool of your own retry only if you give them a `Retry`. A client
# that is given a pool uses the pool's `Retry`, not its own.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>Your program runs <code>Redis.from_url(…)</code>, and after a deployment of Redis you see a burst of
# errors, one per thread. Why one each, and what changes that?</summary>
#
# Each thread was in the middle of a command when its connection broke, and a client from `from_url` doesn't retry.
# Later commands are fine, because the pool reconnects dead connections when it hands them out. Pass `retry=Retry(…)`
# to `from_url`, with pauses that together are longer than the restart.
#
# </details>
#
# <details><summary>An <code>incr</code> raised a <code>ConnectionError</code>. Was the view counted?</summary>
#
# You can't tell from the error. Either the command was lost, or Redis executed it and the reply was lost. If it
# matters, count IDs in a set instead, because you may send the same `SADD` again.
#
# </details>
#
# <details><summary>Why isn't <code>Retry(NoBackoff(), 100)</code> a good protection against a restart?</summary>
#
# While Redis is down, each attempt is refused at once, so a hundred attempts are over long before it's back. You need
# pauses that together are longer than the restart.
#
# </details>

# %% [markdown]
# Close what this page opened:

# %% tags=["no-output"]
for r in (*clients, r_pool, by_host, by_url, hurried, steady):
    r.connection_pool.close()
proxy.close()
server.close()

# %% [markdown]
# **Practise:** [Exercises: survive a restart, and count each visit
# once](../exercises/ex10_when_a_connection_dies.ipynb)
#
# **Next:** [How long can a caller wait?](11_how_long_a_caller_waits.ipynb)
