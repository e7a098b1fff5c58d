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

from tutorial_lib import predict, start_server

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
# Try it: [a pool party](../exercises/00_start_here.ipynb).

# %% [markdown]
# ## Where to go with an error
#
# You may be here because of one of these. If not, go on to the recap: the table will keep. A lesson that is not
# open yet opens at its top; come back and click once more, and it goes to the section.
# Lessons without a link are to come.
#
# | What you see | Lesson |
# |---|---|
# | every request opens a connection | [02 What does a connection cost?](02_what_a_connection_costs.ipynb#A-hundred-visitors,-three-times) |
# | `Cannot assign requested address`, `TIME_WAIT` | [02](02_what_a_connection_costs.ipynb#What-closing-leaves-behind) |
# | the wrong database, or `bytes` for `str`, with `from_url` | [01 Your first pool](01_your_first_pool.ipynb#The-address-in-one-string) |
# | `MaxConnectionsError: Too many connections` | [03 What happens when the pool is exhausted?](03_when_the_pool_is_exhausted.ipynb#Ten-customers,-four-connections) |
# | `ConnectionError: No connection available.` | [03](03_when_the_pool_is_exhausted.ipynb#Busy,-or-down?) |
# | more connections than `max_connections` allows | [04 How do many parts share one pool?](04_one_pool_for_many_parts.ipynb#Two-parts,-two-pools) |
# | `Too many open files`, and `connected_clients` climbs | [04](04_one_pool_for_many_parts.ipynb#A-client-for-each-request) |
# | `I/O operation on closed file.` | [04](04_one_pool_for_many_parts.ipynb#Who-closes-the-pool?) |
# | `decode_responses` or `db` on the client has no effect | [04](04_one_pool_for_many_parts.ipynb#Whose-settings-hold?) |
# | `Too many connections`, and it never ends | [05 Who still holds a connection?](05_who_still_holds_a_connection.ipynb#Does-Python-return-what-you-borrowed?) |
# | connections in use that nobody uses; pub/sub or WATCH keeps one | [06](06_commands_that_keep_a_connection.ipynb#When-does-a-subscription-return-its-connection?) |
# | `Timeout reading from socket` while BLPOP waits | [06](06_commands_that_keep_a_connection.ipynb#A-BLPOP-that-waits-longer-than-socket_timeout) |
# | a reply that belongs to another command | [05](05_who_still_holds_a_connection.ipynb#What-does-an-interrupted-caller-leave-behind?); with asyncio 12 |
# | `ERR max number of clients reached` | [07 What does the server see?](07_what_the_server_sees.ipynb#The-server-is-full) |
# | connections that stay open after a busy hour | [07](07_what_the_server_sees.ipynb#Nothing-shrinks) |
# | slow at the busiest moment, and more connections do not help | [08 How many connections do you need?](08_how_many_connections.ipynb#Eight-connections,-one-Redis) |
# | `Connection closed by server.` or `Connection reset by peer` | [10 What if a connection dies?](10_when_a_connection_dies.ipynb#Cut-while-it-is-lent) |
# | `Timeout reading from socket` on a quick command | [10](10_when_a_connection_dies.ipynb#Silence) |
# | a counter that counts too much after an error | [10](10_when_a_connection_dies.ipynb#Counted-twice) |
# | `Error 111 connecting to …. Connection refused.` | [10](10_when_a_connection_dies.ipynb#Nobody-at-home) |
# | `unexpected keyword argument`, then `Too many connections` for ever | [10](10_when_a_connection_dies.ipynb#A-wrong-word) |
# | `Event loop is closed`, or `attached to a different loop` | 12 asyncio |
# | `cannot pickle '_thread.RLock' object`; errors after a fork; Celery over its limit | 13 Processes and fleets |
# | Cluster or Sentinel opens more than the limit | 14 Beyond one server |

# %% [markdown]
# ## The words
#
# A word means one thing in all lessons. This table, too, will keep.
#
# | word | what it means |
# |---|---|
# | **server** | the Redis that a program talks to |
# | **connection**, **line** | what is open between a program and the server: commands go one way, replies the other |
# | **client** | redis-py's `redis.Redis`, which gives the commands their names and has a pool |
# | **pool** | keeps connections open, and lends one for each command |
# | **borrow**, **give back** | take a connection from the pool, and return it: `get_connection()`, `release()` |
# | **lease** | one borrow: who, how long it waited, how long it was held |
# | **`limit`** | the most connections that the pool may hold: `max_connections` |
# | **`in_use`**, **`idle`** | lent now; in the pool, and ready to be lent |
# | **full** | said of a pool that has lent all it may (also: empty, used up), or of a server at `maxclients` |
# | **`waiting`**, **queue** | callers who stand at a full pool until a connection comes back |
# | **refused** | turned away at once, by a full pool or by a server that lets nobody in any more |
# | **`opened`** | connections that the *server* has accepted: its count, not ours |
# | **leak** | a connection that was borrowed and is never given back |
# | **hold** | how long one borrow keeps its connection |
# | **handshake** | what a new connection says before its first command, beginning with `HELLO` |
# | **round trip** | the way of a command to the server and of its reply back |
# | **pipeline** | many commands sent together, their replies read together |
# | **knee** | the limit beyond which a larger pool shortens hardly any wait, or none that matters to you (budget) |
# | **blocking command** | one that the server answers only when there is something to say, such as `BLPOP` |
# | **pub/sub** | some publish, and all who have subscribed hear of it, each on a connection of their own |
# | **transaction** | commands carried out together; `WATCH` gives it up if a key was changed meanwhile |
# | **retry** | redis-py's own next try of a command whose connection broke |
# | **backoff** | the pause before the next try |
# | **idempotent** | may be done twice and leaves what once leaves: GET and SET, not INCR |
# | **health check** | a PING before a command, on a connection that is new or was quiet for long |
# | **`CLIENT LIST`** | the server's own list of the connections it has |
# | **`maxclients`** | the most connections that the server lets in |
# | **reset**, **blackhole** | a line that is cut; a line that takes everything and answers nothing |

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
