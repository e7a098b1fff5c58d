# %% [markdown]
# # Start here: is everything ready?
#
# This course is about connection pools: how a Python program shares a few connections to Redis among many requests,
# and what goes wrong when it doesn't. You learn by running code, because every claim is a cell that you can run and
# change. This first page finds a Redis for you and shows how lessons and exercises work.
#
# **You'll learn to**
# - say which Redis this course uses on your computer;
# - work through a lesson: predict, run, read;
# - check your own code with an exercise, and see how far you are.
#
# **You need** Python, and a rough idea of what Redis does with `SET` and `GET`. *5 minutes, plus 3 for the exercise.*

# %% [markdown]
# Click the cell below and press Shift+Enter. That runs the cell and moves on to the next one. *Run → Run All Cells*
# runs the whole page. You can't break anything: *Kernel → Restart Kernel* starts again from the top.
#
# If you already see results below the cells, choose *Edit → Clear Outputs of All Cells* first, because they'd give
# the answers away.

# %%
import redis

from tutorial_lib import predict, progress, start_server

# %% [markdown]
# ## Which Redis is this?

# %% [markdown]
# `redis` is redis-py, the library that the course is about. `tutorial_lib` is the course's own, and whatever comes
# from it is explained where you first meet it. `start_server()` finds a Redis and returns an object that represents
# it. It uses the first of these three that it finds: the Redis named in the environment variable `REDIS_URL`, an
# installed `redis-server` or `valkey-server`, or fakeredis, which imitates Redis in Python.

# %%
server = start_server()

# %% tags=["nbval-ignore-output"]
server

# %% [markdown]
# | If it says | then |
# |---|---|
# | a private redis-server | It's yours alone, and it ends with this page. Nothing stays on disk. |
# | fakeredis | The connections are real, but times say nothing about Redis. Install redis-server to measure times. |
# | your own Redis | Lessons write a few keys, such as `greeting`, and delete them at the end. They leave the rest alone. |
#
# Every lesson works on all three. Cells that disconnect, limit or pause a server skip your own Redis, and say so.
# Check that yours responds:

# %%
with redis.Redis(host=server.host, port=server.port) as client:
    print(client.ping())

# %% [markdown]
# The course is about redis-py 8.1. Where older versions behave differently, a note says so. You have:

# %% tags=["nbval-ignore-output"]
print("redis-py", redis.__version__)
print("Redis", server.version)

# %% [markdown]
# ## How a lesson works

# %% [markdown]
# Each lesson asks you to predict what will happen, and then measures it. Try one. The code below sends a hundred
# PINGs to Redis, one after the other, through one client. `server.opened()` asks the server how many connections it
# has accepted.
#
# Choose an answer before you run the next cell. Wrong answers cost nothing, and you'll remember them best.

# %% jupyter={"source_hidden": true}
guess = predict(
    "A hundred PINGs go through one client, one after the other. How many connections does the server accept?",
    {
        1: "The client keeps its connection open after the first PING, and uses it for the other ninety-nine.",
        100: "The client doesn't close its connection after a command. The next PING uses the same one.",
    },
    answer=1,
)
guess

# %%
opened_before = server.opened()

client = redis.Redis(host=server.host, port=server.port)
for _ in range(100):
    client.ping()

guess.reveal(server.opened() - opened_before)

# %% [markdown]
# **A client keeps its connection and reuses it.** It can do that because it contains a *connection pool*, and the
# rest of this course is about what happens inside.
#
# The bold sentence is what to take home from a section, and the sentences after it explain why. The cells are yours
# to change. Try it: move the line that creates the client into the loop, and run the cell again. Now the server
# accepts a hundred connections.

# %% [markdown]
# ## How an exercise works

# %% [markdown]
# An exercise is a cell with an unfinished function. You finish it and run the cell. The course then calls your
# function on a Redis of its own and tells you what it did: how many connections it opened, which are still in use,
# which callers were refused. One button gives you a hint, another shows a solution.
#
# The first one takes three minutes: [a pool party](../exercises/ex00_start_here.ipynb). Then come back here and run
# the next cell. Its bar shows every lesson with its exercises, what you have passed and what comes next. Each part of
# the bar is a link.

# %% tags=["nbval-ignore-output", "no-output"]
progress()

# %% [markdown]
# ## Three ways through the course

# %% [markdown]
# - **The short way**, about three hours with exercises: [01](01_your_first_pool.ipynb) on pools,
#   [03](03_when_the_pool_is_exhausted.ipynb) on their limit, [05](05_who_still_holds_a_connection.ipynb) on leaks,
#   and [11](11_how_long_a_caller_waits.ipynb) on timeouts. These four cover what everyone who uses Redis should know.
# - **By symptom**: you have an error. [Which error is it?](../docs/errors.md) lists errors by their exact text, and
#   each leads to the section that makes it happen and shows the fix.
# - **All of it**, in order. Each lesson ends with a link to the next.
#
# The [glossary](../docs/glossary.md) explains the words, and the [summary](../docs/summary.md) has the whole course
# on one page, to print.

# %% [markdown]
# ## Summary

# %% [markdown]
# `start_server()` gives each lesson a Redis and says which one it is. A lesson asks for your prediction, measures
# what happens, and says in one bold sentence what to take home. An exercise runs your code and tells you what it did.
# If you came with an error, start at [Which error is it?](../docs/errors.md).

# %% [markdown]
# ## Check yourself

# %% [markdown]
# <details><summary>This page says fakeredis. Which results of the lessons can you trust?</summary>
#
# Everything that is counted, such as connections, errors and replies. Measured times say nothing about Redis.
#
# </details>
#
# <details><summary>Why did a hundred PINGs open only one connection?</summary>
#
# The client has a connection pool, which keeps the connection open for the next command.
#
# </details>

# %% [markdown]
# Last, close the client and the server. If you run the page again, it starts another server.

# %% tags=["no-output"]
client.close()
server.close()

# %% [markdown]
# **Practise:** [Exercise: a pool party](../exercises/ex00_start_here.ipynb)
#
# **Next:** [What is a connection pool, and how do you make one?](01_your_first_pool.ipynb)
