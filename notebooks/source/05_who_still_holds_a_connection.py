# %% [markdown]
# # Who still holds a connection?
#
# It is night, nobody is in the shop, and its pool says `in_use=1`. Somebody has borrowed a connection and has
# not brought it back; this lesson finds out who.
#
# You will be able to
# - say which calls keep a connection, and what gives it back;
# - borrow one by hand so that it always comes back, and carries no secret to the next;
# - find the line of a leak in a running program.
#
# *25 minutes, and 40 for the exercises.*

# %% tags=["nbval-ignore-output"]
import gc
from contextlib import contextmanager, suppress
from threading import Thread
from time import sleep

import redis

from tutorial_lib import PoolView, plot_timeline, predict, record, snapshot, start_server

server = start_server(keys=["greeting", "orders", "stock", "till", "views:home"])
at = {"host": server.host, "port": server.port}  # **at below: host=…, port=…
shop = redis.ConnectionPool(**at, max_connections=5)
r = redis.Redis(connection_pool=shop)
r.mset({"greeting": "hello", "stock": 3, "views:home": 41})
server

# %% [markdown]
# ## Does Python bring it back?
#
# `shop` is our pool, of five. A command such as `r.get` borrows a connection from it and returns it within the call.
# This function borrows by hand, and forgets to return. At its end the variable `connection` is gone; then the garbage
# collector passes by.


# %%
def greet_by_hand():
    connection = shop.get_connection()
    connection.send_command("GET", "greeting")
    return connection.read_response()


# %% jupyter={"source_hidden": true}
guess_dropped = predict(
    "The function has returned, and the garbage is collected. How many connections are in use?",
    {
        0: "Python closes a file that nobody refers to. A lent connection is referred to: by the pool's own list.",
        1: None,
        2: "`r.get` gave its own back within the call. Whoever borrows by hand is not helped like that.",
    },
)
guess_dropped

# %%
with record(shop) as recording:
    print(r.get("greeting"), greet_by_hand())
gc.collect()
guess_dropped.reveal(snapshot(shop).in_use)

# %% [markdown]
# The pool keeps a list of what it has lent. To Python that is a reference, so nothing is freed; to the pool it is a
# debt, which only `release` pays. After four more such calls all five are lost.
#
# `close()` hangs up every connection, the lent ones too. A cure?

# %% jupyter={"source_hidden": true}
guess_closed = predict(
    "All five are lost, and the pool is closed. What does the next `r.get` get?",
    {
        "the greeting": "A closed pool does open new connections. But `close()` took none of the lent off its list.",
        "MaxConnectionsError": None,
        "None": "Nothing came back because nothing was sent: a command needs a connection first.",
    },
)
guess_closed

# %%
view = PoolView(shop, server)
for _ in range(4):
    greet_by_hand()
shop.close()
print(snapshot(shop))
try:
    outcome = "the greeting" if r.get("greeting") else "None"
except redis.MaxConnectionsError as error:
    print(f"MaxConnectionsError: {error}")
    outcome = "MaxConnectionsError"

guess_closed.reveal(outcome)

# %% [markdown]
# The wires are cut, the debts stay. Here is the pool, live:

# %% tags=["nbval-ignore-output"]
print("open on the server's side:", len(server.clients()))
sleep(1)  # the view asks the server too, a few times a second
view.freeze()

# %% [markdown]
# Five slots are lent, and all are closed: where the server's entry would stand, there is a `?`.
#
# A leak has to be mended where it begins, and `record` knows where: the first call was recorded. `still_held()` lists
# what was not back at the end. The shop goes on with a new pool.

# %%
lost, shop = shop, redis.ConnectionPool(**at, max_connections=5)
r = redis.Redis(connection_pool=shop)
recording.still_held()

# %% [markdown]
# Two borrows, one not returned, and this is the line of code.
#
# ## Yours until when?
#
# Some calls need one connection for several steps, so redis-py borrows it for you and keeps it. Listening
# (*pub/sub*) is such a call: others publish on a channel, and Redis sends it on to every connection that has
# subscribed. In redis-py a listener is `r.pubsub()`.

# %% jupyter={"source_hidden": true}
guess_listener = predict(
    "A listener subscribes to the channel `offers`, and unsubscribes. How many connections are in use?",
    {
        0: "Nothing is listened to any more; the connection is kept all the same, in case it subscribes again.",
        1: None,
        2: "Both commands went over the same connection, that of this listener.",
    },
)
guess_listener

# %%
news = r.pubsub()
news.subscribe("offers")
news.unsubscribe()
guess_listener.reveal(snapshot(shop).in_use)

# %% [markdown]
# `close()` gives it back, and so does the end of a `with`. A listener that becomes garbage closes itself. (A lent
# connection never becomes garbage: it is on the pool's list.) But when is its last reference gone? A caught error,
# for one, keeps all variables of the functions that it left.


# %%
def fails(forgotten):
    forgotten.subscribe("offers")
    raise LookupError


news.close()
with r.pubsub() as news:
    news.subscribe("offers")
print("after close, and after with:", snapshot(shop).in_use)
try:
    fails(r.pubsub())
except LookupError as error:
    log = [error]
print("error kept:", snapshot(shop).in_use)
log.clear()
print("error gone:", snapshot(shop).in_use)

# %% [markdown]
# The second is `WATCH`. A pipeline collects commands and sends them together. One that *watches* `stock` is carried
# out only if nobody has changed `stock` since. Redis keeps that watch for one connection, so the pipeline keeps the
# connection. `unwatch()` calls the watch off, and `reset()` makes the pipeline as new.

# %% jupyter={"source_hidden": true}
guess_watching = predict(
    "How many are in use after `watch`, then after `unwatch`, then after `reset`?",
    {
        "1, 0, 0": "`unwatch` tells Redis to forget. The pipeline keeps its connection, to watch something else.",
        "1, 1, 0": None,
        "0, 0, 0": "So it is with a pipeline that only collects commands. A watch is sent at once, and has to last.",
    },
)
guess_watching

# %%
pipe = r.pipeline()
pipe.watch("stock")
after = [snapshot(shop).in_use]
pipe.unwatch()
after.append(snapshot(shop).in_use)
pipe.reset()
after.append(snapshot(shop).in_use)
guess_watching.reveal(", ".join(map(str, after)))

# %%
for another_till in (False, True):
    pipe.watch("stock")
    if another_till:
        r.decr("stock")
    pipe.multi()  # from here on commands are collected
    pipe.decr("stock")
    try:
        print("left:", *pipe.execute())
    except redis.WatchError as error:
        print(f"WatchError: {error}")

print("left:", r.get("stock"), "in use:", snapshot(shop).in_use)

# %% [markdown]
# Another till came between, so nothing of ours was carried out: look again, and begin anew.
#
# | borrowed by | comes back with |
# |---|---|
# | a command, or a pipeline without `watch` | the end of the call |
# | `pubsub()`, from `subscribe` on | `close()`, or the end of its `with` |
# | a pipeline, from `watch` on | `execute()`, `reset()`, or the end of its `with` |
# | `get_connection()` | `release`, and nothing else |
#
# ## A command that takes its time
#
# `BLPOP` waits in Redis until an order comes, and keeps its connection that long. The client waits for a reply, of
# whatever kind, no longer than `socket_timeout`.

# %% jupyter={"source_hidden": true}
guess_resent = predict(
    "`socket_timeout` is shorter than `BLPOP` may wait; `Retry` allows 3 more tries. How many BLPOPs are sent?",
    {
        1: "Its reply was not there in time. A client with tries left hangs up, connects, and sends it once more.",
        3: "Those are the further tries; the first one was sent too.",
        4: None,
    },
)
guess_resent

# %%
sent = []


class Counting(redis.Connection):  # notes what is sent
    def send_command(self, *words, **options):
        sent.append(words[0])
        super().send_command(*words, **options)


more = {"socket_timeout": 0.5, "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 3)}
hasty = redis.ConnectionPool(**at, connection_class=Counting, **more)
try:
    redis.Redis(connection_pool=hasty).blpop("orders", timeout=2)
except redis.TimeoutError as error:
    print(f"TimeoutError: {error}")

guess_resent.reveal(sent.count("BLPOP"))

# %% [markdown]
# No order came, nothing was wrong, and the caller gets an error. A plain `redis.Redis()` does the same: it has a
# `socket_timeout` too, and more tries.
#
# So who waits needs a client, and with it a pool, of its own. There `socket_timeout=None` lets it wait as long as
# `BLPOP` does:

# %%
plain, waiter = redis.Redis(**at), redis.Redis(**at, socket_timeout=None)
print("plain, seconds:   ", plain.get_connection_kwargs()["socket_timeout"])
print("plain, more tries:", plain.get_retry().get_retries())
print("waiter, order:    ", waiter.blpop("orders", timeout=1))

# %% [markdown]
# *Versions:* redis-py 5 to 7 had no `socket_timeout`; 6 and 7 had 3 more tries, 5 had none.
#
# ## Whose answer is this?
#
# It matters, too, in which state a connection comes back. Somebody sends a question, is called away before the answer,
# and releases properly.

# %% jupyter={"source_hidden": true}
guess_answer = predict(
    "The next caller borrows that connection, and asks for the greeting. What does `get` return?",
    {
        "b'hello'": "That answer comes too, behind one that nobody has read.",
        "b'SECRET'": None,
        "an error": "It would be kinder. But the first answer to arrive looks as good as any.",
    },
)
guess_answer

# %%
desk = redis.ConnectionPool(**at, max_connections=1)
r_desk = redis.Redis(connection_pool=desk)
connection = desk.get_connection()
connection.send_command("ECHO", "SECRET")
connection.can_read(timeout=5)  # the answer is there, and nobody reads it
desk.release(connection)

answers = [r_desk.get("greeting"), r_desk.get("views:home"), r_desk.get("stock")]
print("and the next two:", *answers[1:])
desk.disconnect()  # away with the line that is one answer behind
guess_answer.reveal(repr(answers[0]))

# %% [markdown]
# No error, and everybody gets the answer before his own. A pool can see it: there is something to read on a connection
# that should be silent. redis-py 8 lets that pass, for a server may announce its maintenance at any time. Without those
# notices (protocol 2 has none) it connects anew:

# %%
from redis.maint_notifications import MaintNotificationsConfig

quiet = {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}
for name, setting in ("notices off:", quiet), ("protocol 2: ", {"protocol": 2}):
    with redis.ConnectionPool(**at, max_connections=1, **setting) as guarded:
        connection = guarded.get_connection()
        connection.send_command("ECHO", "SECRET")
        connection.can_read(timeout=5)
        guarded.release(connection)
        opened_before = server.opened()
        answer = redis.Redis(connection_pool=guarded).get("greeting")
        print(name, answer, "opened anew:", server.opened() - opened_before)

# %% [markdown]
# *Versions:* redis-py 5 and 6 never let it pass; 7 does with `protocol=3` only, which 8 has by default.
#
# The guard misses an answer that comes a moment later. So whoever is interrupted between question and answer
# disconnects before releasing: over a closed connection nothing old arrives.


# %%
@contextmanager
def borrowed(pool):
    connection = pool.get_connection()
    try:
        yield connection  # the body of the with runs here
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


with suppress(KeyboardInterrupt), borrowed(desk) as connection:
    connection.send_command("ECHO", "SECRET")
    raise KeyboardInterrupt  # somebody presses stop
print(r_desk.get("greeting"), snapshot(desk))

# %% [markdown]
# That is all that borrowing by hand needs: `finally` brings it back, and `except` makes it clean. `BaseException`,
# since a `KeyboardInterrupt` is no `Exception`.
#
# ## Five programs, one night
#
# Five programs share the shop's pool. Read them like a detective. One locks the till and goes home; one leaves
# early; one unsubscribes; one reads the length of a list, and releases.


# %%
def banner():
    for _ in range(5):
        r.get("greeting")
        sleep(0.05)


def cashier():
    r.lock("till", timeout=60).acquire(blocking=False)


def stockroom():
    with r.pipeline() as pipe:
        pipe.watch("stock")
        sleep(0.2)
        if int(pipe.get("stock")) < 10:
            return


# %%
def newsletter():
    news = r.pubsub()
    listeners.append(news)
    news.subscribe("offers")
    sleep(0.3)
    news.unsubscribe()


def bookkeeper():
    try:
        connection = shop.get_connection()
        connection.send_command("LLEN", "views:home")
        connection.read_response()
        shop.release(connection)
    except redis.ResponseError:
        pass  # tomorrow is another day


# %% jupyter={"source_hidden": true}
guess_culprits = predict(
    "Who still holds a connection in the morning?",
    {
        "newsletter": "It does. And the bookkeeper's `release` stands below a line that fails: that key is no list.",
        "cashier and newsletter": "The till stays locked. But a lock in Redis is a key, and a key holds no connection.",
        "bookkeeper and stockroom": "The stockroom leaves early, but out of a `with`, which gives back in any case.",
        "bookkeeper and newsletter": None,
    },
)
guess_culprits

# %%
shop.close()  # a new night, a new pool, nobody listens yet
shop, listeners = redis.ConnectionPool(**at, max_connections=5), []
r = redis.Redis(connection_pool=shop)
programs = [banner, cashier, stockroom, newsletter, bookkeeper]
night = [Thread(target=program, name=program.__name__) for program in programs]
with record(shop) as recording:
    for thread in night:
        thread.start()
    for thread in night:
        thread.join()
leaks = sorted(recording.still_held(), key=lambda lease: lease.who)
for lease in leaks:
    print(f"{lease.who}: {lease.line.text}  in {lease.line.function}()")

guess_culprits.reveal(" and ".join(lease.who for lease in leaks))

# %% [markdown]
# The bookkeeper's `release` was never reached: `LLEN` met a number instead of a list, and raised an error.
# Whoever searches the code for a missing `release` finds nothing. The cashier's lock is a key, and holds no connection.
# In the recording's picture an arrow at the edge means "not back".

# %% tags=["nbval-ignore-output"]
plot_timeline(recording)

# %% [markdown]
# Mended: each borrows in a `with`, whose end gives back. The list still holds the listener, and it does not matter.


# %%
def newsletter():
    with r.pubsub() as news:
        listeners.append(news)
        news.subscribe("offers")


def bookkeeper():
    with suppress(redis.ResponseError), borrowed(shop) as connection:
        connection.send_command("LLEN", "views:home")
        connection.read_response()


with record(shop) as recording:
    newsletter()
    bookkeeper()
recording.still_held()

# %% [markdown]
# ## Exercises
#
# [Five of them](../exercises/05_who_still_holds_a_connection.ipynb): give back whatever happens, listen and leave,
# watch and let go, wait for orders without troubling the shop. In the last you are the detective, and the one that
# screams is not the one that took.
#
# ## Recap
#
# - A connection borrowed by hand comes back by `release` alone; neither the garbage collector nor `close()` pays the
#   debt. A listener keeps its own until `close()`, a watching pipeline until `execute()` or `reset()`.
# - Who waits in Redis needs a client of its own, whose `socket_timeout` is longer than the wait, or `None`.
# - Interrupted between question and answer: disconnect, then release. `still_held()` names the line of a leak.
#
# ## Questions to consider
#
# - Where does your program call `pubsub()`, `watch` or `get_connection`, and what happens there on an error?
# - A program loses one connection a day, and its limit is 100. Who will be there when it stops?
# - In our own process we know every borrower now. The server has a list too, of all of us together: what does it
#   see? That is the next lesson.
#
# Last, close the pools that have connected, and the server.
#
# **Next:** [What does the server see?](07_what_the_server_sees.ipynb) Back to
# [How do many parts share one pool?](04_one_pool_for_many_parts.ipynb)

# %% tags=["no-output"]
for pool_or_client in (lost, shop, hasty, waiter, desk):
    pool_or_client.close()
server.close()
