"""A small web shop with six mistakes in how it uses Redis. Lesson 15 fixes three of them, and leaves three to you.

Examine it, in this folder: redis-pool-tutorial examine python web_shop.py redis://localhost:6379
"""

import sys
from collections import Counter

import redis


class SoldOut(Exception):
    pass


class Shop:
    def __init__(self, url):
        self.url = url
        self.pool = redis.ConnectionPool.from_url(url, max_connections=8, socket_timeout=1)
        self.r = redis.Redis(connection_pool=self.pool, decode_responses=True)
        self.sessions = redis.Redis.from_url(url)
        self.listeners = []
        self.r.mset({"shop:price:tea": 3, "shop:stock:tea": 5})

    def price(self, item):
        r = redis.Redis.from_url(self.url)
        return r.get(f"shop:price:{item}")

    def buy(self, item):
        connection = self.pool.get_connection()
        connection.send_command("DECR", f"shop:stock:{item}")
        left = connection.read_response()
        if left < 0:
            raise SoldOut(item)
        self.pool.release(connection)
        return left

    def visit(self, customer):
        with self.sessions as r:
            return r.set(f"shop:session:{customer}", "tea", ex=60)

    def offers(self):
        listener = self.r.pubsub()
        self.listeners.append(listener)
        listener.subscribe("shop:offers")
        listener.get_message(timeout=1)
        listener.unsubscribe("shop:offers")
        listener.get_message(timeout=1)

    def next_order(self):
        return self.r.blpop("shop:orders", timeout=2)

    def close(self):
        self.pool.close()
        self.sessions.close()


def open_for_a_day(shop):
    """Serve twenty customers, one after the other, and return how often what happened."""
    requests = [shop.next_order, shop.offers]
    for customer in range(20):
        requests += [lambda customer=customer: shop.visit(customer), lambda: shop.price("tea"), lambda: shop.buy("tea")]
    outcomes = Counter()
    for request in requests:
        try:
            request()
            outcomes["served"] += 1
        except (redis.RedisError, SoldOut) as error:
            outcomes[f"{type(error).__name__}: {error}"] += 1
    return outcomes


if __name__ == "__main__":
    shop = Shop(sys.argv[1] if len(sys.argv) > 1 else "redis://localhost:6379")
    for outcome, times in open_for_a_day(shop).items():
        print(f"{times:4} x {outcome}")
    shop.close()
