"""Answers to `the-slow-consumer`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading

import redis

from tutorial_lib.exercises.the_slow_consumer import solution, starter


class LargerLimit(starter):  # "the page needs a connection more"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=10)


class OneAtATime(starter):  # "a lock makes it right"
    def __init__(self, host, port):
        super().__init__(host, port)
        self.lock = threading.Lock()

    def handle(self, send):
        with self.lock:
            return super().handle(send)


class LocksInRedis(starter):  # "a lock of Redis, then"
    def handle(self, send):
        with self.r.lock("mail", timeout=10):
            mail = self.r.lindex("mails", 0)
            if mail is None:
                return False
            send(mail.decode())
            self.r.lpop("mails")
            return True


class TakesAndForgets(solution):  # "lpop is enough"
    def handle(self, send):
        mail = self.r.lpop("mails")
        if mail is None:
            return False
        send(mail.decode())
        return True


class KeepsItsConnection(solution):  # "a client for each mail is safe"
    def handle(self, send):
        with self.r.client() as r:
            mail = r.lpop("mails")
            if mail is None:
                return False
            send(mail.decode())
            return True


class SwallowsTheError(solution):  # "it is put back, so all is well"
    def handle(self, send):
        try:
            return super().handle(send)
        except OSError:
            return False


class LargerLimitToo(solution):  # "to be on the safe side"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=10)


WRONG = {
    LargerLimit: "both sent `mail 3`",
    OneAtATime: "What does the second thread wait for",
    LocksInRedis: "and `Lock.release` sends one",
    TakesAndForgets: "`mail 6` is lost",
    KeepsItsConnection: "2 connections were in use",
    SwallowsTheError: "How does the caller learn of the error",
    LargerLimitToo: "are 10 connections in total",
}


class PutsBack(solution):
    def handle(self, send):
        mail = self.r.lpop("mails")
        if mail is None:
            return False
        try:
            send(mail.decode())
        except Exception:
            self.r.lpush("mails", mail)
            raise
        return True


class TwoPools(solution):
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=1)
        pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1, timeout=1, decode_responses=True)
        self.queue = redis.Redis(connection_pool=pool)

    def handle(self, send):
        mail = self.queue.lmove("mails", "sending", "LEFT", "RIGHT")
        if mail is None:
            return False
        try:
            send(mail)
        except Exception:
            self.queue.pipeline().lrem("sending", 1, mail).lpush("mails", mail).execute()
            raise
        self.queue.lrem("sending", 1, mail)
        return True


ALSO_RIGHT = [PutsBack, TwoPools]
