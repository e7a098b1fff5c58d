# %% [markdown]
# # What changes with TLS, Sentinel and Cluster?
#
# So far there was one server, and a pool led to it. In production the connection is often encrypted, sentinels replace
# a master that fails, or a cluster spreads the keys over several nodes. Each of them changes what a pool opens, and how
# many pools there are.
#
# **You'll learn to**
# - say how many pools a client of Sentinel has, and where to keep it;
# - start a private server with TLS, a master with sentinels, or a cluster, to try things on;
# - practise all three in the exercises.
#
# **You need** [lesson 04](04_one_pool_for_many_parts.ipynb) (one pool for many parts). Sentinel is explained here.
# *5 minutes, plus 40 for the exercises.*

# %% tags=["nbval-ignore-output"]
import redis

from tutorial_lib import predict, start_server

server = start_server()
server

# %% [markdown]
# ## Asking Sentinel for a client

# %% [markdown]
# A *sentinel* is a small server that watches a Redis *master* and its *replicas*. When the master fails, the sentinels
# agree on a replica that takes its place. A program doesn't know the master's address. It knows the sentinels, and asks
# them for the master by a name, here `mymaster`.
#
# In redis-py, `redis.Sentinel(...)` holds the sentinels' addresses, and its `master_for` returns a client. Neither of
# them connects to anything yet, so the cell below needs no sentinel.

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
# **Each call of `master_for` builds a new pool.**
#
# So call it once, and keep the client as you'd keep any other. If you call it for each request, each request opens
# connections that the next one can't use.

# %% [markdown]
# ## Summary

# %% [markdown]
# With Sentinel you ask for the master by its name, and `master_for` returns a client with a new pool each time. Call it
# once for each process. The exercises also have a pool that speaks TLS, the log of a failover, and the limit for a
# client of a cluster. To try things yourself, `start_tls()`, `start_sentinel()` and `start_cluster()` of `tutorial_lib`
# start private servers, if there is a redis-server on this computer.

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
# <details><summary>Why doesn't the cell above fail, although no sentinel listens there?</summary>
#
# Because creating a client opens no connection. The first command asks a sentinel where the master is.
#
# </details>

# %% [markdown]
# Close what this page opened:

# %% tags=["no-output"]
server.close()

# %% [markdown]
# **Practise:** [Exercises: a pool that speaks TLS, one pool for the master, a failover's log, and the limit for a
# cluster](../exercises/ex14_beyond_one_server.ipynb)
#
# **Next:** [What do you watch in production?](15_in_production.ipynb)
