# %% [markdown]
# # What changes with TLS, Sentinel and Cluster?
#
# So far there was one server, and a pool that led to it. In production the connection is often encrypted. Sentinels may
# replace a master that fails, or a cluster spreads the keys over several nodes. Each of these changes what a connection
# costs, how many pools your program has, and which errors it gets.
#
# **You'll learn to**
# - say what a connection costs with TLS, and recognise a wrong port, a wrong argument and an untrusted certificate;
# - keep one pool for a master that Sentinel watches, and know which writes a failover loses;
# - count the connections of a cluster client, and find the settings that it ignores.
#
# **You need** lessons [03](03_when_the_pool_is_exhausted.ipynb), [04](04_one_pool_for_many_parts.ipynb) and
# [11](11_how_long_a_caller_waits.ipynb). TLS, Sentinel and Cluster are explained as far as you need them. The page starts
# private servers from the redis-server (or valkey-server) on this computer. If there's none, the cells that need one are
# skipped and say so.
# *20 minutes, plus 40 for the exercises.*

# %%
import asyncio
import gc
import ssl
from time import perf_counter, sleep

import redis
from IPython.display import display
from redis.backoff import NoBackoff
from redis.retry import Retry

# %% tags=["nbval-ignore-output"]
from tutorial_lib import (
    PoolView,
    close_labs,
    predict,
    run_threads,
    snapshot,
    start_cluster,
    start_lab,
    start_sentinel,
    start_server,
    start_tls,
)

server = start_server(keys=[])  # this page writes nothing to it
server

# %% [markdown]
# ## Three ways to one server

# %% [markdown]
# Redis listens on a TCP port. It can also listen on a *Unix socket*, which is a file on the same computer, and on a second
# port that speaks *TLS*. With TLS, client and server first agree on keys, and the server shows a certificate that tells
# who it is. After that everything is encrypted.
#
# `start_tls()`, a helper of this course, starts a server with all three. `start_lab` calls it, and lets the page go on if
# there's no redis-server. The certificate is signed by an authority that the server made up when it started, so a client has to
# be told about that authority. That's what `ssl_ca_data` does.

# %% tags=["nbval-ignore-output"]
tls = start_lab(start_tls)
tls

# %% tags=["nbval-ignore-output"]
trusted = {"ssl": True, "ssl_ca_data": tls.ca_data}
ways = {
    "Unix socket": {"unix_socket_path": tls.unix_socket},
    "TCP": {"host": tls.host, "port": tls.port},
    "TLS": {"host": tls.host, "port": tls.tls_port, **trusted},
}

# %% [markdown]
# Now measure how long a PING takes on an open connection, and on a new one. `fastest` runs a function several times and
# returns the shortest time in milliseconds, because other programs on your computer only ever make it longer.


# %%
def fastest(function, times):
    results = []
    for _ in range(times):
        begin = perf_counter()
        function()
        results.append(perf_counter() - begin)
    return min(results) * 1000


def ping_once(way):
    with redis.Redis(**way) as r:
        r.ping()


# %% jupyter={"source_hidden": true}
guess_ways = predict(
    "For which of the three is a new connection most expensive, compared with an open one?",
    {
        "Unix socket": "It saves the network part of the work, so opening one is the cheapest of the three.",
        "TCP": "It needs a handshake of TCP and one of Redis. TLS needs both, too, and a third one.",
        "TLS": "The keys have to be agreed on and the certificate checked. On an open connection, encrypting a PING is "
        "little work.",
    },
    answer="TLS",
)
guess_ways

# %% tags=["nbval-ignore-output", "needs-redis-server"]
ratios = {}
for name, way in ways.items():
    with redis.Redis(**way) as r:
        reused = fastest(r.ping, 500)
    on_a_new_one = fastest(lambda way=way: ping_once(way), 5)
    ratios[name] = on_a_new_one / reused
guess_ways.reveal(max(ratios, key=ratios.get))

# %% tags=["nbval-ignore-output"]
for name, ratio in ratios.items():
    print(f"{name:11}  a new connection takes {ratio:5.0f} times as long")
loading = fastest(ssl.create_default_context, 5)
print(f"TLS: {on_a_new_one:.0f} ms on a new one, {loading:.0f} ms of them to load certificates")

# %% [markdown]
# **With TLS a new connection costs many times what it costs without, so reuse pays most there.**
#
# The last line shows where the time goes on your own computer: for each connection, redis-py calls Python's
# [`ssl.create_default_context`](https://docs.python.org/3/library/ssl.html#ssl.create_default_context), and that loads
# all certificates that the system trusts, even though you've named your own. With a server far away, TLS adds one or
# two round trips, as [lesson 02](02_what_a_connection_costs.ipynb) calculated. On an open connection, TLS costs little.
#
# A Unix socket saves a bit of both, but only reaches a server on the same computer.

# %% [markdown]
# ## `ssl=True` and a pool

# %% [markdown]
# `redis.Redis(ssl=True)` speaks TLS. This program passes the same argument to a pool, with room for two connections. The
# server is the one from the other lessons; it doesn't matter here, as you'll see.

# %% jupyter={"source_hidden": true}
guess_ssl = predict(
    "Three clients use that pool, one after the other. Which errors do they get?",
    {
        "TypeError, three times": "The first two. The pool counts a connection before it has been created, and both are "
        "counted now.",
        "TypeError, TypeError, MaxConnectionsError": "A connection doesn't know `ssl`, so creating it fails. The pool has "
        "counted it already, so after two attempts it's exhausted.",
        "none": "The pool passes arguments that it doesn't know on to its connections. A connection doesn't know `ssl` either.",
    },
    answer="TypeError, TypeError, MaxConnectionsError",
)
guess_ssl

# %%
pool = redis.ConnectionPool(host=server.host, port=server.port, ssl=True, max_connections=2)
errors = []
for _ in range(3):
    try:
        redis.Redis(connection_pool=pool).ping()
    except (TypeError, redis.RedisError) as error:
        errors.append(type(error).__name__)
        print(error)
guess_ssl.reveal(", ".join(errors))

# %% [markdown]
# **`ssl=True` is an argument of `redis.Redis`. A pool needs `connection_class=redis.SSLConnection`, or a URL that begins
# with `rediss://`.**
#
# `redis.Redis` reads `ssl` and chooses the connection class for its pool. A pool that you make yourself takes the class
# from you. After a few attempts the log only says `Too many connections`, which hides the cause. It [happened to
# Redis's own SDK for FastAPI](https://github.com/redis/fastapi-redis-sdk/issues/48). Both pools below are right:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
tls_port = {"host": tls.host, "port": tls.tls_port, "ssl_ca_data": tls.ca_data}
by_class = redis.ConnectionPool(redis.SSLConnection, **tls_port)
by_url = redis.ConnectionPool.from_url(tls.tls_url, ssl_ca_data=tls.ca_data)
for good in (by_class, by_url):
    print(good.connection_class.__name__, redis.Redis(connection_pool=good).ping())
    good.close()

# %% [markdown]
# ## A certificate that isn't trusted

# %% [markdown]
# A client that isn't told about the authority refuses the server's certificate. Will it try again? The class below
# counts attempts to connect, and the client retries three times, without pauses.

# %% jupyter={"source_hidden": true}
guess_attempts = predict(
    "How often does the client try to connect before it raises an error?",
    {
        1: "Another attempt meets the same certificate, so it would be enough. But redis-py takes the failure for one of "
        "the network.",
        4: "The failed check becomes a `ConnectionError`, and redis-py retries those: one attempt and three retries.",
    },
    answer=4,
)
guess_attempts


# %%
class CountedConnection(redis.SSLConnection):
    attempts = 0

    def _connect(self):
        CountedConnection.attempts += 1
        return super()._connect()


# %% tags=["nbval-ignore-output", "needs-redis-server"]
three_retries = Retry(NoBackoff(), 3)
no_trust = {"host": tls.host, "port": tls.tls_port, "retry": three_retries}
strangers = redis.ConnectionPool(CountedConnection, **no_trust)
CountedConnection.attempts = 0
try:
    redis.Redis(connection_pool=strangers).ping()
except redis.ConnectionError as error:
    print(str(error)[str(error).index("[") : str(error).index(" (_ssl")])
guess_attempts.reveal(CountedConnection.attempts)

# %% [markdown]
# **An untrusted certificate is a `ConnectionError`, so redis-py retries it, in vain.**
#
# A default client retries ten times, with pauses, so this mistake takes some seconds to show up. If your program is slow to
# report that it can't connect, look for `CERTIFICATE_VERIFY_FAILED` in the message. Don't answer it with
# `ssl_cert_reqs="none"`: the connection would be encrypted, but it could be with anyone. Name the authority
# with `ssl_ca_certs` (a file) or `ssl_ca_data` (its text).

# %% [markdown]
# ## The wrong port

# %% [markdown]
# Two more mistakes: a client without TLS talks to the TLS port, or a client with TLS talks to the plain port. Both clients
# below don't retry, and have two timeouts: 3 s to connect and 0.5 s for a reply.

# %% jupyter={"source_hidden": true}
guess_port = predict(
    "Which of the two clients has to wait for a timeout?",
    {
        "the one without TLS": "The server sees that these bytes aren't TLS, and closes the connection at once.",
        "the one with TLS": "It sends its first TLS message and waits for an answer. Redis takes that for the beginning of a "
        "command, and waits for the rest.",
        "both": "Only a server that waits for more keeps a client waiting. One of these two servers knows at once that "
        "something is wrong.",
    },
    answer="the one with TLS",
)
guess_port

# %% tags=["nbval-ignore-output", "needs-redis-server"]
careful = {"retry": Retry(NoBackoff(), 0), "socket_connect_timeout": 3, "socket_timeout": 0.5}
clients = {
    "the one without TLS": redis.Redis(host=tls.host, port=tls.tls_port, **careful),
    "the one with TLS": redis.Redis(host=tls.host, port=tls.port, **trusted, **careful),
}
waited = []
for name, r in clients.items():
    try:
        r.ping()
    except redis.TimeoutError as error:
        waited.append(name)
        print(f"{name}: {error}")
    except redis.ConnectionError:
        print(f"{name}: the connection was closed")
guess_port.reveal(" and ".join(waited))

# %% [markdown]
# **A TLS client on a plain port gets no answer, so it waits for a timeout. The other way round, it fails at once.**
#
# The message says `Timeout connecting to server`, although the TCP connection was open. The timeout that applies is
# `socket_timeout`, not `socket_connect_timeout`, because the TLS handshake comes after connecting. Otherwise
# the next cell would take 3 s. The default is 5 s, and [a program that used TLS although its settings
# said `ssl: false`](https://github.com/BerriAI/litellm/issues/32590) stalled that long in each operation.
#
# > **redis-py 7 and older:** there is no default `socket_timeout`, so nothing in the client ends this wait.

# %% tags=["nbval-ignore-output", "needs-redis-server"]
begin = perf_counter()
try:
    clients["the one with TLS"].ping()
except redis.TimeoutError:
    print("it took less than socket_connect_timeout:", perf_counter() - begin < 3)

# %% [markdown]
# ## Asking Sentinel for a client

# %% [markdown]
# A *sentinel* is a small server that watches a Redis *master* and its *replicas*. When the master fails, the sentinels
# agree on a replica that takes its place. A program doesn't know the master's address. It knows the sentinels, and asks
# them for the master by a name, here `mymaster`.
#
# In redis-py, `redis.Sentinel(...)` holds the sentinels' addresses, and its `master_for` returns a client. Neither of
# them connects to anything yet, so the next cell runs without a sentinel.

# %% jupyter={"source_hidden": true}
guess_pools = predict(
    "Three parts of a program each call `master_for` on the same `Sentinel`. How many pools is that?",
    {
        1: "That would be the case if `Sentinel` kept a pool for each name. It doesn't: it keeps only the sentinels.",
        3: "Each call of `master_for` builds a client with a pool of its own, also for the same name.",
        0: "A client always has a pool, although the pool has no connections before the first command.",
    },
    answer=3,
)
guess_pools

# %%
sentinel = redis.Sentinel([("127.0.0.1", 26379)])
parts = [sentinel.master_for("mymaster") for _ in range(3)]

pools = len({id(part.connection_pool) for part in parts})
guess_pools.reveal(pools)

# %% [markdown]
# **Each call of `master_for` builds a new pool, so call it once and keep the client.**
#
# A program that [called it at each access](https://github.com/open-webui/open-webui/issues/27210) opened a connection
# for each of them. `start_sentinel()` starts a master, a replica and three sentinels. Ten calls and ten commands:

# %% tags=["nbval-ignore-output"]
group = start_lab(start_sentinel)
group

# %% tags=["nbval-ignore-output", "needs-redis-server"]
sentinels = redis.Sentinel(group.addresses)
opened_before = group.master.opened()
masters = [sentinels.master_for(group.service) for _ in range(10)]
for each in masters:
    each.ping()
print(group.master.opened() - opened_before, "connections to the master")
for each in masters:
    each.close()

# %% [markdown]
# ## A pool for the master that waits

# %% [markdown]
# `master_for` uses a `SentinelConnectionPool`. It's a plain pool, which never waits. So what about the blocking pool from
# lesson 03?

# %%
try:
    sentinel.master_for("mymaster", connection_pool_class=redis.BlockingConnectionPool)
except ValueError as error:
    print(error)

# %% [markdown]
# The message misleads. `master_for` passes the name and the `Sentinel` to the pool's class, and a blocking pool takes
# the name for its `max_connections`. It couldn't find the master anyway. redis-py has no pool that does both, but you can
# combine the two classes in one line:


# %%
class BlockingSentinelPool(redis.sentinel.SentinelConnectionPool, redis.BlockingConnectionPool):
    pass


waits = {"connection_pool_class": BlockingSentinelPool, "max_connections": 2, "timeout": 5}
snapshot(sentinel.master_for("mymaster", **waits).connection_pool)

# %% [markdown]
# Six threads share that pool's two connections. With a plain pool, four of them would be refused.

# %% tags=["nbval-ignore-output", "needs-redis-server"]
master = sentinels.master_for(group.service, **waits, retry=Retry(NoBackoff(), 3))
master.ping()
opened_before = group.master.opened()
run_threads(6, lambda: master.blpop("jobs", timeout=0.1))
print("opened in addition:", group.master.opened() - opened_before)
snapshot(master.connection_pool)

# %% [markdown]
# **A pool of both classes finds the master and waits at its limit.** All six got their turn, and the pool opened one more
# connection.

# %% [markdown]
# ## During a failover

# %% [markdown]
# A failover can also be started by hand, for maintenance: `group.failover()` has the sentinels make the replica the master.
# Your pool has connections to the old master, which is still running. It hasn't been told yet.

# %% jupyter={"source_hidden": true}
guess_failover = predict(
    "The sentinels have agreed on the new master. Where do the client's next 20 writes go?",
    {
        "to the new master": "The pool asks the sentinels only when it opens a connection, and it has one that works.",
        "nowhere: they fail": "The old master still takes writes, so there's no reason to fail.",
        "to the old master": "Its connection is open, and the old master still thinks it's the master, so it answers.",
    },
    answer="to the old master",
)
guess_failover

# %% [markdown]
# The view shows the client's pool, and beside it the connections that the *old* master has.

# %% tags=["nbval-ignore-output"]
old = group.master
master.set("views:home", 0)
view = PoolView(master.connection_pool, old, title=f"The pool for mymaster, and {old.name}")
view

# %% tags=["nbval-ignore-output", "needs-redis-server"]
new = group.failover()
for _ in range(20):
    master.incr("views:home")
nodes = {"to the old master": old, "to the new master": new}
increments = {where: node.commands()["INCRBY"] for where, node in nodes.items()}
print(increments)  # redis-py sends INCRBY
view.freeze()
guess_failover.reveal(" and ".join(where for where, count in increments.items() if count))

# %% [markdown]
# **After a failover by hand, a client goes on writing to the old master, without an error.**
#
# Look at the view: nothing has changed, and the connections still lead to the old master. The pool only asks the
# sentinels when it opens a connection. After about ten seconds Sentinel turns the old master into a replica, and
# closes its clients' connections. What happens to the writes until then? The cell after the next question goes on counting
# until the counter is lower than before, which takes those ten seconds.

# %% jupyter={"source_hidden": true}
guess_lost = predict(
    "How many of the views that the old master has counted does the new master have in the end?",
    {
        "all": "Nothing copies them. Replicas copy from the master, and the old master no longer is one.",
        "none": "When the old master becomes a replica, it replaces its data with a copy of the new master's.",
    },
    answer="none",
)
guess_lost

# %% tags=["nbval-ignore-output", "needs-redis-server"]
counted, views = 0, master.incr("views:home")
give_up = perf_counter() + 20
while views > counted and perf_counter() < give_up:
    sleep(0.02)
    counted, views = views, master.incr("views:home")

guess_lost.reveal("none" if views == 1 else "all")

# %% tags=["nbval-ignore-output"]
print(f"{counted} views were counted, and then the counter began again at {views}")
PoolView(master.connection_pool, new, title=f"The pool for mymaster, and {new.name}").freeze()

# %% [markdown]
# **Every write that the old master acknowledged after the failover is lost, and the client gets no error.**
#
# In this view the pool has reached the new master: it found its connection closed, asked the sentinels, and opened
# another. After a failover by hand, disconnect the pools of your programs, so that they ask at once. For writes that
# mustn't be lost, read about
# [`min-replicas-to-write`](https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
#
# If the master crashes instead, its connections break, so the client asks the sentinels right away. Until they have
# agreed on a new master, it gets errors: `Connection refused`, and later `No master found for 'mymaster'`. In one of the
# exercises you read the log of such a failover. Retries help here, but a client from `master_for` has none unless you ask
# for them, as this page did:

# %%
for options in ({}, {"retry": Retry(NoBackoff(), 3)}):
    pool = sentinel.master_for("mymaster", **options).connection_pool
    print("retries:", pool.make_connection().retry.get_retries())

# %% [markdown]
# ## How many connections does a cluster client have?

# %% [markdown]
# In a *cluster*, each key belongs to one of 16,384 *slots*, and each node has a part of the slots. `redis.RedisCluster`
# calculates the slot of a key, and sends the command to the right node. `start_cluster()` starts three nodes.

# %% tags=["nbval-ignore-output"]
cluster = start_lab(start_cluster)
cluster

# %% jupyter={"source_hidden": true}
guess_nodes = predict(
    "A cluster client has `max_connections=4`. How many connections may it have at the same time, with three nodes?",
    {
        4: "The limit belongs to a pool, and each node has a pool of its own.",
        12: "Each node has a pool of its own, with a limit of 4. Three times four is twelve.",
    },
    answer=12,
)
guess_nodes

# %% tags=["nbval-ignore-output", "needs-redis-server"]
at = {"host": cluster.nodes[0].host, "port": cluster.nodes[0].port}
rc = redis.RedisCluster(**at, max_connections=4)
pools = [node.redis_connection.connection_pool for node in rc.get_nodes()]
borrowed = [(pool, pool.get_connection()) for pool in pools for _ in range(4)]
guess_nodes.reveal(len(borrowed))

# %% [markdown]
# **A cluster client has a pool for each node, and `max_connections` is the limit of each of them.**
#
# So your budget for a server's `maxclients` is per node, and the number of sockets in your program is limit times
# nodes. Here are the three pools, with four connections in use each. A view of a cluster is a view of each node's
# pool:

# %% tags=["nbval-ignore-output"]
for node, pool in zip(rc.get_nodes(), pools, strict=True):
    lab_node = next(each for each in cluster.nodes if each.port == node.port)
    display(PoolView(pool, lab_node, title=lab_node.name).freeze())

# %% [markdown]
# ## At a node's limit

# %% [markdown]
# All pools are at their limits now. Then the connections are returned to all of them except the one for the node that has
# the key `cart:1`.

# %% tags=["nbval-ignore-output", "needs-redis-server"]
busy = rc.get_node_from_key("cart:1").redis_connection.connection_pool
for pool, connection in borrowed:
    if pool is not busy:
        pool.release(connection)
try:
    rc.get("cart:1")
except redis.exceptions.MaxConnectionsError as error:
    print(error)
print("idle at the other nodes:", sum(snapshot(pool).idle for pool in pools))
for pool, connection in borrowed:
    if pool is busy:
        pool.release(connection)

# %% [markdown]
# **Idle connections to the other nodes don't help, and the pools of a cluster client don't wait by default.**
#
# A key that is asked for more often than the others exhausts the pool of its node. Can the pools wait? The argument
# `connection_pool_class` exists, but only `from_url` uses it:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
wanted = {"connection_pool_class": redis.BlockingConnectionPool, "max_connections": 4}
for r in (redis.RedisCluster(**at, **wanted), redis.RedisCluster.from_url(cluster.url, **wanted)):
    r.set("cart:1", "tea")
    print(type(r.get_node_from_key("cart:1").redis_connection.connection_pool).__name__)
    r.close()

# %% [markdown]
# The first client got no error, and no blocking pool either. There are [several](https://github.com/redis/redis-py/issues/2522)
# [issues](https://github.com/redis/redis-py/issues/3135) about it.

# %% [markdown]
# ## What does a PING reach?

# %% [markdown]
# [Lesson 11](11_how_long_a_caller_waits.ipynb) recommended a PING when your program starts, so that a wrong address shows
# up early. Three clients of the cluster do that. `cluster.opened()` says how many connections each
# node has accepted.

# %% jupyter={"source_hidden": true}
guess_ping = predict(
    "On how many of the three nodes do the three clients open connections?",
    {
        1: "A PING has no key, so it goes to the client's default node, and that's the same node for all three.",
        3: "A connection to a node is opened when a command goes there. A PING goes to one node.",
    },
    answer=1,
)
guess_ping

# %% tags=["nbval-ignore-output", "needs-redis-server"]
opened_before = cluster.opened()
pinging = [redis.asyncio.RedisCluster(**at) for _ in range(3)]
for each in pinging:
    await each.ping()
reached = [name for name, opened in cluster.opened().items() if opened > opened_before[name]]
guess_ping.reveal(len(reached))

# %% [markdown]
# **A PING opens a connection to the default node only, and tells nothing about the others.**
#
# A large service [had 16,821 connections at one node](https://github.com/plastic-labs/honcho/issues/1198), and 1,190 at
# the others. Nearly all of them had sent one PING and were never used again. So when your program starts, get a few keys
# of your own instead.

# %% [markdown]
# ## Settings and errors that get lost

# %% [markdown]
# Two more things that cluster clients do differently. The first is a health check. `redis.RedisCluster` accepts
# `health_check_interval`, and here is what reaches the connections:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
checked = redis.RedisCluster(**at, health_check_interval=7)
pool = checked.get_node_from_key("cart:1").redis_connection.connection_pool
print("sync:   ", pool.connection_kwargs.get("health_check_interval"))
checked.close()

other = redis.asyncio.RedisCluster(**at, health_check_interval=7)
print("asyncio:", other.connection_kwargs.get("health_check_interval"))

# %% [markdown]
# **The synchronous cluster client drops `health_check_interval` without a word.** The asyncio client keeps it.
#
# A program that relied on it [got `Broken pipe`](https://github.com/langgenius/dify/issues/38972) after its provider had
# closed idle connections. The second is an error with no text. With asyncio each node keeps its connections itself,
# without a pool, and at its limit it raises this:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
small = redis.asyncio.RedisCluster(**at, max_connections=2)
await small.set("cart:1", "tea")
results = await asyncio.gather(*[small.get("cart:1") for _ in range(10)], return_exceptions=True)
errors = [error for error in results if isinstance(error, Exception)]
print(f"{len(errors)} times {type(errors[0]).__name__}, and its text is {str(errors[0])!r}")

# %% [markdown]
# **The `MaxConnectionsError` of an asyncio cluster client has no text.** So log the type of an error, not only its text.
#
# And a connection that is borrowed by hand and forgotten counts for ever, as in [lesson
# 05](05_who_still_holds_a_connection.ipynb):

# %% tags=["nbval-ignore-output", "needs-redis-server"]
node = small.get_node_from_key("cart:1")
connection = node.acquire_connection()
del connection
gc.collect()
print(f"{len(node._connections) - len(node._free)} of {len(node._connections)} connections in use")

# %% [markdown]
# ## Summary

# %% [markdown]
# | with | pools | what to remember |
# |---|---|---|
# | TLS | as many as before | opening is expensive; `rediss://` or `SSLConnection` for a pool; a wrong port means a timeout |
# | Sentinel | one for each call of `master_for` | call it once; after a failover by hand, writes go on to the old master and are lost |
# | Cluster | one for each node | the limit is per node; it doesn't wait; a PING reaches one node |
#
# Clients also accept settings that they never use, such as `connection_pool_class` or `health_check_interval` of a
# cluster client. Check what the pool has, as the cells of this page do.

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>A program calls <code>master_for</code> in a function that runs for each request. What does the
# master see?</summary>
#
# A new connection for each request, because each call builds a new pool, and a new pool has no idle connection.
#
# </details>
#
# <details><summary>The log says <code>Timeout connecting to server</code>, but the server is up and the port is open. What
# do you check?</summary>
#
# Whether a TLS client talks to a plain port. The handshake gets no answer there.
#
# </details>
#
# <details><summary>A cluster has 6 nodes and your 10 processes have a limit of 50. How many connections may one node
# get?</summary>
#
# 500: each process has a pool of 50 for it. In total, all nodes may get 3,000.
#
# </details>

# %% [markdown]
# Close what this page opened, and stop the servers. `close_labs` closes what `start_lab` has started.

# %% tags=["nbval-ignore-output", "no-output"]
for each in (*pinging, other, small):
    await each.aclose()
master.close()

# %% tags=["no-output"]
close_labs()
server.close()

# %% [markdown]
# **Practise:** [Exercises: a pool that speaks TLS, one pool for the master, a failover's log, and the limit for a
# cluster](../exercises/ex14_beyond_one_server.ipynb)
#
# **Next:** [What do you watch in production?](15_in_production.ipynb)
