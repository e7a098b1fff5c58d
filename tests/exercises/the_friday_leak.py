"""Answers to `the-friday-leak`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from contextlib import closing

import redis

from tutorial_lib.exercises.the_friday_leak import solution, starter


class Retries(starter):  # "an error goes away if the client tries again"
    def __init__(self, host, port):
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.01), 3)
        self.r = redis.Redis(host=host, port=port, max_connections=3, retry=retry)
        self.open_orders = {}


class LargerLimit(starter):  # "there are not enough connections"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=50)
        self.open_orders = {}


class ClosesWhenUnpaid(starter):  # "the unpaid orders are the leak"
    def buy(self, order, ask_bank):
        payment = self.r.pubsub()
        payment.subscribe(f"paid:{order}")
        payment.get_message(timeout=1)
        self.open_orders[order] = payment
        ask_bank(order)
        paid = payment.get_message(timeout=0.1) is not None
        self.open_orders.pop(order).close()
        if not paid:
            return "not paid"
        self.r.rpush("orders", order)
        return "paid"


class OnlyTheOrders(starter):  # "orders leak, a report only reads"
    buy = solution.buy


class Unsubscribes(starter):  # "unsubscribing returns the connection"
    items_in = solution.items_in

    def buy(self, order, ask_bank):
        payment = self.open_orders[order] = self.r.pubsub()
        try:
            payment.subscribe(f"paid:{order}")
            payment.get_message(timeout=1)
            ask_bank(order)
            if payment.get_message(timeout=0.1) is None:
                return "not paid"
            self.r.rpush("orders", order)
            return "paid"
        finally:
            payment.unsubscribe()


class SwallowsTheBank(solution):  # "an error is an unpaid order"
    def buy(self, order, ask_bank):
        try:
            return super().buy(order, ask_bank)
        except OSError:
            return "not paid"


class ClosesThemAll(starter):  # "an order that fails cleans up"
    items_in = solution.items_in

    def buy(self, order, ask_bank):
        payment = self.open_orders[order] = self.r.pubsub()
        try:
            payment.subscribe(f"paid:{order}")
            payment.get_message(timeout=1)
            ask_bank(order)
            if payment.get_message(timeout=0.1) is None:
                return "not paid"
            self.r.rpush("orders", order)
            return "paid"
        except ValueError:  # the subscription is gone
            return "not paid"
        finally:
            for left in list(self.open_orders.values()):
                left.close()
            self.open_orders.clear()


class SwallowsRedis(solution):  # "a report may be wrong"
    def items_in(self, key):
        try:
            return self.r.llen(key)
        except redis.ResponseError:
            return 0


class LargerLimitToo(solution):  # "to be on the safe side"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=20)


WRONG = {
    Retries: "After 3 unpaid orders",
    LargerLimit: "4 connections were still in use",
    ClosesWhenUnpaid: "`ask_bank` had raised an `OSError` in one order, 1 connection",
    OnlyTheOrders: "`items_in` had asked for a key",
    SwallowsTheBank: "The caller has to get the error",
    ClosesThemAll: "What did the end of one order do to the other",
    SwallowsRedis: "What does a report say that hides it",
    LargerLimitToo: "are 20 connections in total",
}


class LeavesItToPython(solution):  # "a local variable is cleaned up"
    def buy(self, order, ask_bank):
        payment = self.r.pubsub()
        payment.subscribe(f"paid:{order}")
        payment.get_message(timeout=1)
        ask_bank(order)
        if payment.get_message(timeout=0.1) is None:
            return "not paid"
        self.r.rpush("orders", order)
        return "paid"


ALSO_WRONG = {
    Unsubscribes: "1 order had been paid, 1 connection",
    LeavesItToPython: "The error keeps the variables",
}


class WithFinally:
    def __init__(self, host, port):
        self.pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
        self.r = redis.Redis(connection_pool=self.pool)

    def buy(self, order, ask_bank):
        payment = self.r.pubsub(ignore_subscribe_messages=True)
        try:
            payment.subscribe(f"paid:{order}")
            payment.get_message(timeout=1)
            ask_bank(order)
            paid = payment.get_message(timeout=0.1)
        finally:
            payment.close()
        if paid is None:
            return "not paid"
        self.r.rpush("orders", order)
        return "paid"

    def items_in(self, key):
        connection = self.pool.get_connection()
        try:
            connection.send_command("LLEN", key)
            return connection.read_response()
        finally:
            self.pool.release(connection)


class WithClosing:
    def __init__(self, host, port):
        self.r = redis.Redis(
            connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=3, timeout=1)
        )

    def buy(self, order, ask_bank):
        with closing(self.r.pubsub()) as payment:
            payment.subscribe(f"paid:{order}")
            payment.get_message(timeout=1)
            ask_bank(order)
            answer = payment.get_message(timeout=0.1)
        if answer:
            self.r.rpush("orders", order)
        return "paid" if answer else "not paid"

    def items_in(self, key):
        return self.r.llen(key)


ALSO_RIGHT = [WithFinally, WithClosing]
