# %% [markdown]
# # What changes with TLS, Sentinel and Cluster?
#
# In the lessons so far there was one server, and one pool of connections to it. In production the connections are often
# encrypted, and one server is often not enough: Sentinel replaces a server that fails, and Cluster spreads the keys over
# several servers. Each of these changes what a connection costs, how many pools your program has, or which errors it gets.
#
# **You'll learn to**
# - say what a connection costs with TLS, and recognise a wrong port, a wrong argument and an untrusted certificate;
# - keep one pool for a server that Sentinel watches, and say which writes a failover loses;
# - count the connections of a cluster client, and find the settings that it ignores.
#
# **You need** lessons [03](03_when_the_pool_is_exhausted.ipynb), [04](04_one_pool_for_many_parts.ipynb) and
# [11](11_how_long_a_caller_waits.ipynb), and [12](12_asyncio.ipynb) for the cells with asyncio. TLS, Sentinel and
# Cluster are explained as far as you need them. The page starts private servers from the redis-server or valkey-server on
# this computer. If there's none, the cells that need one are skipped and say so.
# *20 minutes, plus 40 for the exercises.*

# %%
import asyncio
import gc
import ssl
import warnings
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
# port that speaks *TLS*. With TLS, client and server first agree on keys, and the server shows a *certificate* that says
# who it is. After that, everything they send is encrypted. The certificate is signed by an *authority*, and a client only
# accepts it if it trusts that authority.
#
# This course's helper `start_tls` starts a server that listens in all three ways. The helper `start_lab` calls it, and lets
# the page go on if there's no redis-server. The server's authority was created together with the server, so your computer
# doesn't know it. The argument `ssl_ca_data` tells redis-py to trust it.

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
# returns the shortest time in milliseconds, because other programs on your computer can only make it longer.
# `ping_on_a_new_one` disconnects the client's pool first, so the PING has to open a connection.


# %%
def fastest(function, times):
    results = []
    for _ in range(times):
        begin = perf_counter()
        function()
        results.append(perf_counter() - begin)
    return min(results) * 1000


def ping_on_a_new_one(r):
    r.connection_pool.disconnect()
    r.ping()


# %% jupyter={"source_hidden": true}
guess_ways = predict(
    "For which of the three is a new connection most expensive, compared with an open one?",
    {
        "Unix socket": "Opening one needs neither TCP's handshake nor that of TLS.",
        "TCP": "A new connection needs TCP's handshake and that of Redis. TLS needs both of these, and one of its own.",
        "TLS": "Client and server have to agree on keys and check the certificate. On an open connection, encrypting a "
        "PING is little work.",
    },
    answer="TLS",
)
guess_ways

# %% tags=["nbval-ignore-output", "needs-redis-server"]
measured, ratios = {}, {}
for name, way in ways.items():
    with redis.Redis(**way) as r:
        measured[name] = fastest(r.ping, 500), fastest(lambda r=r: ping_on_a_new_one(r), 10)
    on_an_open_one, on_a_new_one = measured[name]
    ratios[name] = on_a_new_one / on_an_open_one
guess_ways.reveal(max(ratios, key=ratios.get))

# %% tags=["nbval-ignore-output"]
for name, (on_an_open_one, on_a_new_one) in measured.items():
    times = f"{on_an_open_one:.3f} ms on an open connection, {on_a_new_one:6.2f} ms on a new one"
    print(f"{name:11}  {times}: {ratios[name]:.0f} times as long")
loading = fastest(ssl.create_default_context, 10)
print(f"to load the certificates that this computer trusts: {loading:.0f} ms")

# %% [markdown]
# **With TLS, opening a connection costs many times as much as without it, so reusing connections pays off most there.**
#
# The last line shows where most of that time goes if the server is on your own computer. For each connection, redis-py
# calls Python's
# [`ssl.create_default_context`](https://docs.python.org/3/library/ssl.html#ssl.create_default_context), which loads all
# certificates that the system trusts, even if you name your own authority. If the server is far away, the handshake of
# TLS also adds one or two round trips, as [lesson 02](02_what_a_connection_costs.ipynb) calculated. On an open connection,
# TLS costs little.
#
# Compare the first two lines, too: a PING through the Unix socket is usually faster than one through TCP. But a Unix
# socket only reaches a server on the same computer.

# %% [markdown]
# ## `ssl=True` and a pool

# %% [markdown]
# `redis.Redis(ssl=True)` speaks TLS. As in [lesson 11](11_how_long_a_caller_waits.ipynb#A-misspelled-argument), the
# program below passes that argument to a pool, here to one that may open two connections. It uses the ordinary `server`
# without TLS from the top of this page, which makes no difference here: the pool fails before it connects to anything.

# %% jupyter={"source_hidden": true}
guess_ssl = predict(
    "Three clients use that pool, one after the other. Which errors do they get?",
    {
        "TypeError, three times": "Only the first two get one. The pool counts a connection before it creates it, so two "
        "failed attempts use up a limit of two.",
        "TypeError, TypeError, MaxConnectionsError": "A connection doesn't know `ssl`, so creating it fails. The pool has "
        "already counted it by then, so after two attempts the pool is exhausted.",
        "none": "The pool passes the arguments that it doesn't know to its connections, and they don't know `ssl` either.",
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
# `redis.Redis` reads `ssl` and chooses the connection class for its pool. If you create the pool yourself, you choose the
# class. Once as many attempts have failed as the pool's limit allows, the log only says `Too many connections`, which
# hides the cause. This mistake [happened in Redis's own SDK for
# FastAPI](https://github.com/redis/fastapi-redis-sdk/pull/48).
#
# > **redis-py 5 and older:** the third error is a plain `ConnectionError` with the same text.
#
# Both pools below are right:

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
# A client that isn't told about the authority refuses the server's certificate. Does redis-py retry then? The pool below
# uses a connection class that counts its attempts to connect. `Retry(NoBackoff(), 3)` allows three retries, without
# pauses between them.

# %% jupyter={"source_hidden": true}
guess_attempts = predict(
    "How many times does the client try to connect before it raises an error?",
    {
        1: "One attempt should be enough, because the certificate stays the same. But redis-py treats the failed check "
        "like a network error.",
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


# %% [markdown]
# The next cell prints the part of the message that comes from Python's `ssl` module, and then the number of attempts:

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
# **An untrusted certificate raises a `ConnectionError`, so redis-py retries it, in vain.**
#
# A default client retries ten times, with pauses, so this mistake takes some seconds to show up. If your program is slow to
# report that it can't connect, look for `CERTIFICATE_VERIFY_FAILED` in the message. Don't get rid of it with
# `ssl_cert_reqs="none"`: the connection would still be encrypted, but you wouldn't know who is at the other end. Name the
# authority instead. `ssl_ca_certs` takes the name of a file with its certificate, and `ssl_ca_data` takes the text.
#
# > **redis-py 7 and older:** a default client retried three times in redis-py 6 and 7, and not at all in redis-py 5.

# %% [markdown]
# ## The wrong port

# %% [markdown]
# There are two more mistakes: a client without TLS talks to the TLS port, or a client with TLS talks to the plain port.
# Neither of the clients below retries. Each has two timeouts: 3 s to connect, and 0.5 s for a reply.

# %% jupyter={"source_hidden": true}
guess_port = predict(
    "Which of the two clients has to wait for a timeout?",
    {
        "the one without TLS": "The server sees that what it receives isn't TLS, and closes the connection at once.",
        "the one with TLS": "It sends its first TLS message and waits for an answer. The plain port mistakes that message "
        "for the beginning of a command, and waits for the rest.",
        "both": "The TLS port notices at once that it received something other than TLS, so only one client has to wait.",
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
# The message says `Timeout connecting to server`, although the TCP connection was open. The TLS handshake comes after
# connecting, so the timeout that ends the wait is `socket_timeout`, not `socket_connect_timeout`. The cell below shows it:
# it takes less than 3 s. The default `socket_timeout` is 5 s, and [a program that used TLS although its settings said
# `ssl: false`](https://github.com/BerriAI/litellm/pull/32590) stalled for that long whenever it called Redis.
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
# With Sentinel, one Redis server, the *master*, takes the writes, and one or more *replicas* copy its data. A *sentinel* is
# a small server that watches them. When the master fails, the sentinels agree on a replica that takes its place: that's a
# *failover*. So your program doesn't store the master's address. It knows the addresses of the sentinels, and asks them for
# the master by a name, here `mymaster`.
#
# In redis-py, `redis.Sentinel(...)` holds the sentinels' addresses, and its `master_for` returns a client. Neither of
# these connects to anything yet, so the next cell runs without a sentinel.

# %% jupyter={"source_hidden": true}
guess_pools = predict(
    "Three parts of a program each call `master_for` on the same `Sentinel`. How many pools is that?",
    {
        1: "That would be true if `Sentinel` kept a pool for each name. It only keeps clients for the sentinels.",
        3: "Each call of `master_for` builds a client with a pool of its own, even for the same name.",
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
# A program that [called it each time it used Redis](https://github.com/open-webui/open-webui/issues/27210) opened a new
# connection each time. Now do the same with a real master: `start_sentinel` starts one, with a replica and three sentinels.
# The cell after it calls `master_for` ten times, and sends one command with each client:

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
# `close()` on a client closes the client's own pool. The `Sentinel` asked through clients of its own, which stay
# connected until you close the `Sentinel` too:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
print("still connected to sentinels:", sum(len(node.clients()) for node in group.sentinels))
sentinels.close()
print("after sentinels.close():", sum(len(node.clients()) for node in group.sentinels))

# %% [markdown]
# With asyncio it's `await sentinels.aclose()`. Without it, the connections to the sentinels stay open until Python
# collects them, and Python warns about them if you ask it to. Here only the client is closed:


# %% tags=["nbval-ignore-output", "needs-redis-server"]
async def ask_and_leave():
    asking = redis.asyncio.Sentinel(group.addresses)
    master = asking.master_for(group.service)
    await master.ping()
    await master.aclose()


gc.collect()  # What earlier cells left is not meant.
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    await ask_and_leave()
    gc.collect()
said = {f"{each.category.__name__}: {each.message}".partition(" <")[0] for each in caught}
print(*[warning for warning in said if "Connection" in warning])

# %% [markdown]
# > **redis-py 8.0 and older:** a `Sentinel` has no `close()`. Close each client in `sentinels.sentinels`.

# %% [markdown]
# ## A pool for the master that waits

# %% [markdown]
# `master_for` uses a `SentinelConnectionPool`, which is a plain pool that never waits. Can you give it the blocking pool from
# lesson 03 instead?

# %%
try:
    sentinel.master_for("mymaster", connection_pool_class=redis.BlockingConnectionPool)
except ValueError as error:
    print(error)

# %% [markdown]
# The message is misleading. `master_for` passes the name and the `Sentinel` to the pool's class as its first two
# arguments, and the first argument of a blocking pool is `max_connections`. A blocking pool can't ask sentinels anyway.
# redis-py has no pool that can do both, but a class that inherits from both pools can, without any code of its own:


# %%
class BlockingSentinelPool(redis.sentinel.SentinelConnectionPool, redis.BlockingConnectionPool):
    pass


waits = {"connection_pool_class": BlockingSentinelPool, "max_connections": 2, "timeout": 5}
snapshot(sentinel.master_for("mymaster", **waits).connection_pool)

# %% [markdown]
# In the next cell, six threads share two connections of that pool. With a plain pool, four of them would be refused. This
# client may also retry. By default it wouldn't, as you'll see at the end of the next section.

# %% tags=["nbval-ignore-output", "needs-redis-server"]
master = sentinels.master_for(group.service, **waits, retry=Retry(NoBackoff(), 3))
master.ping()
opened_before = group.master.opened()
results = run_threads(6, lambda: master.blpop("jobs", timeout=0.1))
print("refused:", sum(isinstance(result, redis.ConnectionError) for result in results))
print("opened in addition to the first:", group.master.opened() - opened_before)
snapshot(master.connection_pool)

# %% [markdown]
# **A pool that inherits from both classes finds the master, and waits at its limit.** None of the six threads was refused,
# and the pool opened one more connection.

# %% [markdown]
# ## During a failover

# %% [markdown]
# A failover can also be started by hand, for example for maintenance. The lab's `group.failover()` does that: it asks the
# sentinels to make the replica the master. Your pool has connections to the old master, which is still running.

# %% jupyter={"source_hidden": true}
guess_failover = predict(
    "The sentinels have agreed on the new master. Where do the client's next 20 writes go?",
    {
        "to the new master": "The pool asks the sentinels only when it opens a connection, and it has one that works.",
        "nowhere: they fail": "The old master is still running and accepts writes, so they succeed.",
        "to the old master": "The client's connection is open, and the old master hasn't been told yet that it's no longer "
        "the master, so it accepts writes.",
    },
    answer="to the old master",
)
guess_failover

# %% [markdown]
# The view shows the client's pool, and beside it the connections that the *old* master has. The cell after it starts the
# failover and adds 1 to a counter 20 times. A node's `commands()` says how often it has run each command:

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
# In the view nothing has changed: the connections still lead to the old master, because the pool only asks the sentinels
# when it opens a connection. After about ten seconds Sentinel turns the old master into a replica, and closes its
# clients' connections. What happens to the writes until then? The cell after the next question keeps adding to the counter
# until its value is lower than before, which takes those ten seconds.

# %% jupyter={"source_hidden": true}
guess_lost = predict(
    "How many of the views that the old master has counted does the new master have in the end?",
    {
        "all": "Nothing copies them to the new master: a replica copies from its master, never the other way round.",
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
# This view shows that the pool has reached the new master: it found its connection closed, asked the sentinels, and opened
# another. After a failover by hand, call `disconnect()` on the pools of your programs, so that they ask the sentinels at
# once. If some writes mustn't be lost, read about `min-replicas-to-write` on Redis's page on
# [Sentinel](https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
#
# If the master crashes instead, its connections break, so the client asks the sentinels right away. Until they have
# agreed on a new master, it gets errors: `Connection refused`, and later `No master found for 'mymaster'`. In one of the
# exercises you read the log of such a failover. Retries help here, but a client from `master_for` doesn't retry unless you
# ask it to, as this page did:

# %%
for options in ({}, {"retry": Retry(NoBackoff(), 3)}):
    pool = sentinel.master_for("mymaster", **options).connection_pool
    print("retries:", pool.make_connection().retry.get_retries())

# %% [markdown]
# ## How many connections does a cluster client have?

# %% [markdown]
# A *cluster* consists of several Redis servers, called *nodes*. Each key belongs to one of 16,384 *slots*, and each node
# stores the keys of some of the slots. `redis.RedisCluster` calculates the slot of a key, and sends the command to the
# right node. You give it the address of one node, and it asks that node for the others. `start_cluster` starts three nodes.

# %% tags=["nbval-ignore-output"]
cluster = start_lab(start_cluster)
cluster

# %% jupyter={"source_hidden": true}
guess_nodes = predict(
    "A cluster client has `max_connections=4`. How many connections may it have at the same time, with three nodes?",
    {
        4: "That would be true if the client had one pool. `max_connections` is the limit of a pool, and the client has "
        "several.",
        12: "The client has a pool for each of the three nodes, and each pool may open four connections.",
    },
    answer=12,
)
guess_nodes

# %% [markdown]
# In redis-py, `get_nodes()` returns what the client knows about each node, and `node.redis_connection` is its client for
# that node. The cell borrows as many connections as it can get, without sending a command:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
at = {"host": cluster.nodes[0].host, "port": cluster.nodes[0].port}
rc = redis.RedisCluster(**at, max_connections=4)
pools = [node.redis_connection.connection_pool for node in rc.get_nodes()]
borrowed = [(pool, pool.get_connection()) for pool in pools for _ in range(4)]
guess_nodes.reveal(len(borrowed))

# %% [markdown]
# **A cluster client has a pool for each node, and `max_connections` is the limit of each of them.**
#
# A node's `maxclients` has to allow for one such pool from each client. Your program may open more connections than that,
# because it has a pool for each node: the limit times the number of nodes. Here is a view of each of the three pools, with
# four connections in use:

# %% tags=["nbval-ignore-output"]
for node, pool in zip(rc.get_nodes(), pools, strict=True):
    lab_node = next(each for each in cluster.nodes if each.port == node.port)
    display(PoolView(pool, lab_node, title=lab_node.name).freeze())

# %% [markdown]
# ## At a node's limit

# %% [markdown]
# All three pools are at their limits now. The next cell returns the connections of two of them. The third pool, which stays
# exhausted, belongs to the node that stores the key `cart:1`.

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
# So a key that is read far more often than others can exhaust the pool of its node. Can the pools wait? `RedisCluster`
# accepts the argument `connection_pool_class`, but only `from_url` uses it:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
wanted = {"connection_pool_class": redis.BlockingConnectionPool, "max_connections": 4}
for r in (redis.RedisCluster(**at, **wanted), redis.RedisCluster.from_url(cluster.url, **wanted)):
    r.set("cart:1", "tea")
    print(type(r.get_node_from_key("cart:1").redis_connection.connection_pool).__name__)
    r.close()

# %% [markdown]
# The first client raised no error, but it didn't get a blocking pool either. The client for asyncio has no such argument:
# [the issue that asked for it](https://github.com/redis/redis-py/issues/2522) was closed.

# %% [markdown]
# ## What does a cluster client close?

# %% [markdown]
# In [lesson 04](04_one_pool_for_many_parts.ipynb#Who-closes-the-pool?), `close()` closed the pool that a client had created,
# and left a pool open that the client was given. You don't give a cluster client any pools, because it creates one for each
# node. Below, one cluster client gets the address of a node, and another one gets a URL. Each sends commands to all three
# nodes, so it has a connection to each of them, and is then closed. All these connections are called `shop`, so that they
# can be counted at the nodes.

# %% jupyter={"source_hidden": true}
guess_close = predict(
    "How many of the six connections named `shop` are still open?",
    {
        0: "The client that got the address closed its three connections, but the one that got the URL closed none.",
        3: "Only the client that got the address closed its pools. With a URL, redis-py creates the pool of a node first, "
        "and then gives it to the client for that node, which leaves it open.",
        6: "The client that got the URL closed none, but the one that got the address closed its three connections.",
    },
    answer=3,
)
guess_close


# %% tags=["nbval-ignore-output", "needs-redis-server"]
def shop_connections():
    return sum(client.name == "shop" for node in cluster.nodes for client in node.clients())


from_address = redis.RedisCluster(**at, client_name="shop")
from_url = redis.RedisCluster.from_url(cluster.url, client_name="shop")
for r in (from_address, from_url):
    for number in range(10):
        r.set(f"cart:{number}", "tea")
    r.close()

guess_close.reveal(shop_connections())

# %% [markdown]
# **If `from_url` created a cluster client, `close()` leaves its connections open.**
#
# A cluster client has a client for each node, and its `close()` closes these clients. In redis-py's
# [source](https://github.com/redis/redis-py/blob/v8.1.0/redis/cluster.py), `create_redis_node` gives them a pool if there
# was a URL, and a client doesn't close a pool that it was given. To close those pools, call
# `disconnect_connection_pools()`:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
from_url.disconnect_connection_pools()
print("open:", shop_connections())

# %% [markdown]
# The cluster client for asyncio closes its connections, even if it got a URL:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
asyncio_client = redis.asyncio.RedisCluster.from_url(cluster.url, client_name="shop")
await asyncio_client.set("cart:1", "tea")
print("open before aclose():", shop_connections())
await asyncio_client.aclose()
print("and after it:", shop_connections())

# %% [markdown]
# ## What does a PING reach?

# %% [markdown]
# [Lesson 11](11_how_long_a_caller_waits.ipynb) recommended a PING when your program starts, so that a mistake shows up
# early. Three asyncio clients of the cluster do that here. `cluster.opened()` says how many connections each node has
# accepted.

# %% jupyter={"source_hidden": true}
guess_ping = predict(
    "On how many of the three nodes do the three clients open connections?",
    {
        1: "A PING has no key, so it goes to the client's default node, and that's the same node for all three.",
        3: "A client opens a connection to a node when it sends a command there, and it sends a PING to one node only.",
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
# **A PING goes to the client's default node only, and tells you nothing about the other nodes.**
#
# Those connections add up. A large service had [16,821 connections at one
# node](https://github.com/plastic-labs/honcho/pull/1198), and fewer than 1,200 at each of the other two. The last command
# of 15,511 of them had been a PING. If you want to check every node, say so:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
await pinging[0].ping(target_nodes=redis.asyncio.RedisCluster.ALL_NODES)
reached = [name for name, opened in cluster.opened().items() if opened > opened_before[name]]
print(len(reached), "nodes reached")

# %% [markdown]
# ## Settings and errors that get lost

# %% [markdown]
# Cluster clients do two more things differently. The first is the health check from lesson 11. `redis.RedisCluster` accepts
# `health_check_interval`. Here is what reaches the connections:

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
# A program that relied on it [got `Broken pipe`](https://github.com/langgenius/dify/issues/38972) after its cloud provider
# had closed idle connections.
#
# The second is an error without a text. In the client for asyncio, each node keeps its connections itself instead of in a
# pool. Ten tasks share two connections here:

# %% tags=["nbval-ignore-output", "needs-redis-server"]
small = redis.asyncio.RedisCluster(**at, max_connections=2)
await small.set("cart:1", "tea")
results = await asyncio.gather(*[small.get("cart:1") for _ in range(10)], return_exceptions=True)
errors = [error for error in results if isinstance(error, Exception)]
print(f"{len(errors)} times {type(errors[0]).__name__}, and its text is {str(errors[0])!r}")

# %% [markdown]
# **The `MaxConnectionsError` of an asyncio cluster client has no text.** So log the type of an error, not only its text.
#
# These nodes have one thing in common with a pool: a connection that you borrow by hand and forget is counted as in use
# forever, as in [lesson 05](05_who_still_holds_a_connection.ipynb):

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
# | TLS | as many as without it | opening is expensive; a pool needs `rediss://` or `SSLConnection`; a TLS client on a plain port waits for a timeout |
# | Sentinel | one for each call of `master_for` | call it once; after a failover by hand, writes still go to the old master for some seconds, and are lost |
# | Cluster | one for each node | the limit is per node; the pools don't wait; a PING reaches one node; `close()` leaves connections open after `from_url` |
#
# A cluster client also accepts settings that it never uses, such as `connection_pool_class` and `health_check_interval`.
# Look at what its pools got, as the cells of this page do.

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
# Whether a client with TLS talks to a port without TLS. Its handshake gets no answer there.
#
# </details>
#
# <details><summary>A cluster has 6 nodes, and each of your 10 processes has one client with
# <code>max_connections=50</code>. How many connections may one node get?</summary>
#
# 500, because each process has a pool for that node with a limit of 50. All six nodes together may get 3,000 connections.
#
# </details>

# %% [markdown]
# Close what this page opened, and stop the servers. `close_labs` closes what `start_lab` has started.

# %% tags=["nbval-ignore-output", "no-output"]
for each in (*pinging, other, small):
    await each.aclose()
master.close()
sentinels.close()  # master asked it again

# %% tags=["no-output"]
close_labs()
server.close()

# %% [markdown]
# **Practise:** [Exercises: a pool that speaks TLS, one pool for the master, a failover's log, and the limit for a
# cluster](../exercises/ex14_beyond_one_server.ipynb)
#
# **Next:** [What do you watch in production?](15_in_production.ipynb)
