"""Answers to two-databases: the mistakes that learners make, and other right ways."""

import threading

import redis


def lock_around_select_only(host, port):
    r = redis.Redis(host=host, port=port)
    lock = threading.Lock()

    def count_view():
        with lock:
            r.select(0)
        return r.incr("views:home")

    def take_order(order):
        with lock:
            r.select(1)
        return r.rpush("orders", order)

    return count_view, take_order


def selects_once_on_a_shared_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    views, orders = redis.Redis(connection_pool=pool), redis.Redis(connection_pool=pool)
    views.select(0)
    orders.select(1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def db_on_clients_of_one_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    views = redis.Redis(connection_pool=pool, db=0)
    orders = redis.Redis(connection_pool=pool, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def url_has_the_other_database(host, port):
    # "db=1 beside the URL wins." The URL wins.
    url = f"redis://{host}:{port}/0"
    views, orders = redis.from_url(url), redis.from_url(url, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def client_for_each_call(host, port):
    def count_view():
        with redis.Redis(host=host, port=port, db=0) as r:
            return r.incr("views:home")

    def take_order(order):
        with redis.Redis(host=host, port=port, db=1) as r:
            return r.rpush("orders", order)

    return count_view, take_order


def swapped(host, port):
    views, orders = redis.Redis(host=host, port=port, db=1), redis.Redis(host=host, port=port, db=0)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def front_of_the_list(host, port):
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.lpush("orders", order)


def get_then_set(host, port):
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)

    def count_view():
        number = int(views.get("views:home") or 0) + 1
        views.set("views:home", number)
        return number

    return count_view, lambda order: orders.rpush("orders", order)


def returns_nothing(host, port):
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)

    def count_view():
        views.incr("views:home")

    def take_order(order):
        orders.rpush("orders", order)

    return count_view, take_order


def plain_pools_of_one(host, port):
    # "At most 2 connections, so one each."
    views = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, db=0, max_connections=1))
    orders = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, db=1, max_connections=1))
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def moves_the_order_afterwards(host, port):
    # writes into 0 and moves: two commands, and the list in 1 exists already
    r = redis.Redis(host=host, port=port, db=0)

    def take_order(order):
        number = r.rpush("orders", order)
        r.move("orders", 1)
        return number

    return lambda: r.incr("views:home"), take_order


def counts_at_home(host, port):
    # a cheat: numbers from a local counter, written now and then
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)
    number = 0

    def count_view():
        nonlocal number
        number += 1
        views.set("views:home", number)
        return number

    return count_view, lambda order: orders.rpush("orders", order)


def two_clients(host, port):
    views, orders = (redis.Redis(host=host, port=port, db=db) for db in (0, 1))

    class Count:
        def __call__(self):
            return views.incr("views:home")

    return Count(), lambda order: orders.rpush("orders", order)


def lock_around_both(host, port):
    r = redis.Redis(host=host, port=port)
    lock = threading.Lock()

    def count_view():
        with lock:
            r.select(0)
            return r.incr("views:home")

    def take_order(order):
        with lock:
            r.select(1)
            return r.rpush("orders", order)

    return count_view, take_order


def select_in_a_pipeline(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view():
        with r.pipeline(transaction=False) as pipe:
            return pipe.select(0).incr("views:home").execute()[-1]

    def take_order(order):
        with r.pipeline(transaction=False) as pipe:
            return pipe.select(1).rpush("orders", order).execute()[-1]

    return count_view, take_order


def urls_with_the_database(host, port):
    views = redis.from_url(f"redis://{host}:{port}/0")
    orders = redis.from_url(f"redis://{host}:{port}?db=1")
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


WRONG = {
    lock_around_select_only: "in the wrong database; between SELECT and the command another thread selects",
    selects_once_on_a_shared_pool: "wrong database: both share a connection",
    db_on_clients_of_one_pool: "orders in database 0: db on a client with a pool is ignored",
    url_has_the_other_database: "orders in database 0 (URL wins)",
    client_for_each_call: "N connections opened",
    swapped: "views in database 1",
    front_of_the_list: "order is at the front",
    get_then_set: "views lost",
    returns_nothing: "returned None",
    plain_pools_of_one: "MaxConnectionsError with 8 threads",
    moves_the_order_afterwards: "orders left in database 0",
    counts_at_home: "count ignores what's there / lost",
}
ALSO_RIGHT = [two_clients, lock_around_both, select_in_a_pipeline, urls_with_the_database]
