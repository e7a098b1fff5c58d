"""Answers to `pickle-it`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools

import redis

kept_clients = {}


def blocking(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=3, client_name="shop")
    return redis.Redis(connection_pool=pool)


class Base:
    def __init__(self, host, port, currency):
        self.host, self.port, self.currency = host, port, currency
        self.r = blocking(host, port)

    def price(self, item):
        return f"{self.r.get(f'price:{item}').decode()} {self.currency}"


class sends_the_client(Base):  # noqa: N801  "pickle copies everything"
    pass


class deletes_its_own(Base):  # noqa: N801  "the client must not be sent, so I remove it"
    def __getstate__(self):
        del self.__dict__["r"]
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.r = blocking(self.host, self.port)


class forgets_the_client(Base):  # noqa: N801  "leaving it out is enough"
    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "r"}


class default_client(Base):  # noqa: N801  "an address is all that it takes"
    def __getstate__(self):
        return {"host": self.host, "port": self.port, "currency": self.currency}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.r = redis.Redis(host=self.host, port=self.port, client_name="shop")


class begins_anew(Base):  # noqa: N801  "the arguments of __init__ are the state"
    def __init__(self, host, port, currency):
        super().__init__(host, port, currency)
        self.arguments = host, port, currency

    def __getstate__(self):
        return self.arguments

    def __setstate__(self, state):
        self.__init__(*state)


class closes_before_sending(Base):  # noqa: N801  "nothing may be open when it is sent"
    def __getstate__(self):
        self.r.close()
        self.r.connection_pool.disconnect()
        return {"host": self.host, "port": self.port, "currency": self.currency}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.r = blocking(self.host, self.port)


class pings_at_once(Base):  # noqa: N801  "better to know at once whether Redis answers"
    def __getstate__(self):
        return {"host": self.host, "port": self.port, "currency": self.currency}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.r = blocking(self.host, self.port)
        self.r.ping()


class loses_the_name(Base):  # noqa: N801  "limit and waiting are the settings"
    def __getstate__(self):
        return {"host": self.host, "port": self.port, "currency": self.currency}

    def __setstate__(self, state):
        self.__dict__.update(state)
        pool = redis.BlockingConnectionPool(host=self.host, port=self.port, max_connections=3)
        self.r = redis.Redis(connection_pool=pool)


WRONG = {
    sends_the_client: "cannot pickle '_thread.RLock' object",
    deletes_its_own: "a copy of the attributes, or the attributes?",
    forgets_the_client: "has no attribute 'r'",
    default_client: "threads opened 6 connections",
    begins_anew: "Where does the copy take its own from",
    closes_before_sending: "the shop had to open a connection",
    pings_at_once: "before anything asked for a price",
    loses_the_name: "aren't all called `shop`",
}


class sends_a_number(Base):  # noqa: N801  "the client stays in a table of mine"
    def __getstate__(self):
        kept_clients[id(self.r)] = self.r
        return id(self.r), self.currency

    def __setstate__(self, state):
        self.r = kept_clients[state[0]]
        self.currency = state[1]


class sends_nothing(Base):  # noqa: N801  "there is nothing to send"
    def __getstate__(self):
        return None

    def __setstate__(self, state):
        self.currency = "EUR"


class plain_pool(Base):  # noqa: N801  "a pool is a pool"
    def __getstate__(self):
        return {"host": self.host, "port": self.port, "currency": self.currency}

    def __setstate__(self, state):
        self.__dict__.update(state)
        pool = redis.ConnectionPool(host=self.host, port=self.port, max_connections=3, client_name="shop")
        self.r = redis.Redis(connection_pool=pool)


class client_for_each_call:  # noqa: N801  "then there is nothing to send"
    def __init__(self, host, port, currency):
        self.host, self.port, self.currency = host, port, currency

    def price(self, item):
        return f"{blocking(self.host, self.port).get(f'price:{item}').decode()} {self.currency}"


class forgets_the_address(Base):  # noqa: N801
    def __getstate__(self):
        return self.currency

    def __setstate__(self, currency):
        self.currency = currency
        self.r = redis.Redis(client_name="shop")


def not_a_shop(host, port, currency):
    return {"currency": currency}


ALSO_WRONG = {
    sends_a_number: "raised `KeyError",
    sends_nothing: "has no attribute 'r'",
    plain_pool: "Too many connections",
    client_for_each_call: "How often does your code create a client",
    forgets_the_address: "tried to connect to localhost:6379",
    not_a_shop: "has no method `price`",
}


# -- right in other words


class reduces(Base):  # noqa: N801
    def __reduce__(self):
        return reduces, (self.host, self.port, self.currency)


@functools.cache
def client_for(host, port):
    return blocking(host, port)


class holds_settings_only:  # noqa: N801
    def __init__(self, host, port, currency):
        self.host, self.port, self.currency = host, port, currency

    def price(self, item):
        return f"{client_for(self.host, self.port).get(f'price:{item}').decode()} {self.currency}"


class creates_when_used(Base):  # noqa: N801
    def __getstate__(self):
        return {**vars(self), "r": None}

    def price(self, item):
        if self.r is None:
            self.r = blocking(self.host, self.port)
        return super().price(item)


class reads_them_from_the_pool:  # noqa: N801
    def __init__(self, host, port, currency):
        self.currency, self.r = currency, blocking(host, port)

    def price(self, item):
        return f"{self.r.get(f'price:{item}').decode()} {self.currency}"

    def __getstate__(self):
        kwargs = self.r.connection_pool.connection_kwargs
        return kwargs["host"], kwargs["port"], self.currency

    def __setstate__(self, state):
        self.__init__(*state)


ALSO_RIGHT = [reduces, holds_settings_only, reads_them_from_the_pool]
