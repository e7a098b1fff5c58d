# %% [markdown]
# # Start here: is everything ready?
#
# This course is read by running it: each claim is a cell that you can run, change and run again.
# The first page finds a Redis, runs one small program on it, and shows how the other pages work.
#
# You will be able to
# - say which Redis this course uses on your machine, and what that changes;
# - run a program through a connection pool, and close it by hand;
# - find the lesson for an error that you have met.
#
# *10 minutes, and 3 for the exercise.*

# %% [markdown]
# Click the cell below and press Shift+Enter: it runs, and the next cell is selected.
# *Run → Run All Cells* runs the whole page. Nothing here can be broken:
# *Kernel → Restart Kernel* starts again.
#
# The pages come with their results. To be surprised, clear them first: *Edit → Clear Outputs of All Cells*.

# %%
import redis

from tutorial_lib import predict, progress, start_server

# %% [markdown]
# ## Which Redis is this?
#
# `start_server()` takes the first that it finds: the one that you named in `REDIS_URL`; a `redis-server`
# or `valkey-server` that is installed; else fakeredis, a stand-in written in Python.

# %%
server = start_server()

# %% tags=["nbval-ignore-output"]
server

# %% [markdown]
# | If it says | then |
# |---|---|
# | a private redis-server | it is yours alone, until this page closes it or its kernel ends; nothing is left on disk |
# | fakeredis | the connections are real, and times are not Redis's: install redis-server to measure any |
# | your own Redis | lessons write a key or two, such as `greeting`, delete them at the end, and leave the rest alone |
#
# Each lesson runs the same on all three, up to the cells that cut, limit or pause a server: those spare your own, and
# say so. This one answers:

# %%
with redis.Redis(host=server.host, port=server.port) as r:
    print(r.ping())

# %% [markdown]
# Two versions matter in this course. Where another version of redis-py behaves differently, the lesson
# says so.

# %% tags=["nbval-ignore-output"]
print("redis-py", redis.__version__)
print("Redis", server.version)

# %% [markdown]
# ## How a lesson works: predict, run, read
#
# A **connection** is an open line to Redis. A **pool** keeps lines open and lends one for each command,
# so that the next command need not wait for a new one. A lesson claims such a thing, asks for your
# prediction, and runs it.

# %% [markdown]
# The program below builds a pool with a limit of three connections, sets `greeting`, gets it back, and
# prints it. Choose an answer before you run on. A wrong one costs nothing, and is what you will remember.

# %% jupyter={"source_hidden": true}
guess = predict(
    "The pool may open three connections. How many does the program open?",
    {
        3: "Three is the most that it may open. It opens one only when none is idle.",
        2: "SET gave its connection back before GET asked for one, so GET got the same.",
        1: None,
    },
)
guess

# %% [markdown]
# Now the program itself. The first line of the cell asks the server how many connections it has
# accepted so far.

# %%
opened_before = server.opened()

pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)
r = redis.Redis(connection_pool=pool)
r.set("greeting", "hello")
answer = r.get("greeting")
print(answer.decode())

# %%
guess.reveal(server.opened() - opened_before)

# %% [markdown]
# The number comes from the server, which counts whom it lets in. SET borrowed a connection and gave
# it back; GET got the same one.
#
# Why `decode`? Redis stores bytes, and redis-py hands them over as they are:

# %%
answer

# %% [markdown]
# A lesson is yours to change: other words for `hello`, another limit, more commands. A hundred more,
# say. How many connections have been opened now?

# %%
for _ in range(100):
    r.get("greeting")

server.opened() - opened_before

# %% [markdown]
# Whoever opens a pool closes it. When Python ends it hangs up for you; a program that runs for
# weeks has to say when.

# %% tags=["no-output"]
pool.close()

# %% [markdown]
# ## How an exercise works
#
# An exercise is a cell with an unfinished function. You finish it and run the cell: the function is tried on
# a Redis of its own, and you read what it *did*: connections opened, still in use, refused. Two buttons give
# a hint, or the solution.
#
# Try it: [a pool party](../exercises/ex00_start_here.ipynb).

# %% [markdown]
# ## How far are you?
#
# The bar shows every lesson with its exercises, and which exercise comes next. Each part of it is a link. Run the cell
# again whenever you come back: your progress is kept beside the lessons.

# %% tags=["nbval-ignore-output", "no-output"]
progress()

# %% [markdown]
# ## Where to go with an error
#
# [Which error is it?](../docs/errors.md) lists the errors by their exact text. Each leads to the section that makes it
# happen and shows the fix. The [glossary](../docs/glossary.md) explains the words that the lessons use.

# %% [markdown]
# ## Recap
#
# - `start_server()` gives each lesson a Redis, and says which.
# - A pool opens a connection when one is needed, lends it, and takes it back.
# - Predict, run, read: the server's own count decides who is right.
#
# ## Questions to consider
#
# - Which of your programs talk to Redis, and how often in a second?
# - Who closes their connections?
# - How would you find out how many they have open now?

# %% [markdown]
# Last, close the server. Running the page again starts another.
#
# **Next:** [Your first pool](01_your_first_pool.ipynb)

# %% tags=["no-output"]
server.close()
