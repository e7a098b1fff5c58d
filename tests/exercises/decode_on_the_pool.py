"""Answers to decode-on-the-pool: the mistakes that learners make, and other right ways."""

import redis


def decodes_on_the_client(host, port):
    # "decode_responses is an argument of the client."
    pool = redis.ConnectionPool(host=host, port=port, max_connections=10)
    return redis.Redis(connection_pool=pool, decode_responses=True), redis.Redis(connection_pool=pool)


def only_get_decodes(host, port):
    class Text(redis.Redis):
        def get(self, name):
            value = super().get(name)
            return None if value is None else value.decode()

    return Text(host=host, port=port, max_connections=5), redis.Redis(host=host, port=port, max_connections=5)


def callback_for_get(host, port):
    text = redis.Redis(host=host, port=port, max_connections=5)
    for command in ("GET", "HGET"):
        text.set_response_callback(command, lambda reply, **options: reply and reply.decode())
    return text, redis.Redis(host=host, port=port, max_connections=5)


def raw_replaces_what_it_cannot_decode(host, port):
    # "errors='replace' never raises, so pictures pass."
    pool = redis.ConnectionPool(
        host=host, port=port, decode_responses=True, encoding_errors="replace", max_connections=10
    )

    class Raw(redis.Redis):
        def execute_command(self, *args, **options):
            reply = super().execute_command(*args, **options)
            return reply.encode() if isinstance(reply, str) else reply

    return redis.Redis(connection_pool=pool), Raw(connection_pool=pool)


def ten_for_each(host, port):
    return (
        redis.Redis(host=host, port=port, decode_responses=True, max_connections=10),
        redis.Redis(host=host, port=port, max_connections=10),
    )


def one_and_nine(host, port):
    # "Pictures are bigger, so they get more."
    return (
        redis.from_url(f"redis://{host}:{port}?decode_responses=1", max_connections=1),
        redis.from_url(f"redis://{host}:{port}", max_connections=9),
    )


def latin_text(host, port):
    # an encoding that never fails, and is not what others wrote
    return (
        redis.Redis(host=host, port=port, decode_responses=True, encoding="latin-1", max_connections=5),
        redis.Redis(host=host, port=port, max_connections=5),
    )


def ascii_ignoring_the_rest(host, port):
    return (
        redis.Redis(
            host=host, port=port, decode_responses=True, encoding="ascii", encoding_errors="ignore", max_connections=6
        ),
        redis.Redis(host=host, port=port, max_connections=4),
    )


def decode_false_in_the_url(host, port):
    # "?decode_responses=False turns it off." It turns it on.
    return (
        redis.from_url(f"redis://{host}:{port}?decode_responses=True&max_connections=5"),
        redis.from_url(f"redis://{host}:{port}?decode_responses=False&max_connections=5"),
    )


def swapped(host, port):
    text = redis.Redis(host=host, port=port, decode_responses=True, max_connections=5)
    raw = redis.Redis(host=host, port=port, max_connections=5)
    return raw, text


def no_limits(host, port):
    return redis.Redis(host=host, port=port, decode_responses=True), redis.Redis(host=host, port=port)


def other_database(host, port):
    # "Two kinds of values, two databases."
    return (
        redis.Redis(host=host, port=port, db=0, decode_responses=True, max_connections=5),
        redis.Redis(host=host, port=port, db=1, max_connections=5),
    )


def two_clients_five_each(host, port):
    def client(**how):
        return redis.Redis(host=host, port=port, max_connections=5, **how)

    return [client(decode_responses=True), client()]


def blocking_pools_four_and_six(host, port):
    return tuple(
        redis.Redis(
            connection_pool=redis.BlockingConnectionPool(
                host=host, port=port, max_connections=limit, timeout=5, decode_responses=decode
            )
        )
        for limit, decode in ((4, True), (6, False))
    )


def from_urls(host, port):
    return (
        redis.from_url(f"redis://{host}:{port}/0?decode_responses=True&max_connections=4"),
        redis.from_url(f"redis://{host}:{port}/0?max_connections=4"),
    )


WRONG = {
    decodes_on_the_client: "text returns bytes: decode_responses on a client with a pool is ignored",
    only_get_decodes: "GET gave str, HGETALL etc. bytes",
    callback_for_get: "some command gives bytes",
    raw_replaces_what_it_cannot_decode: "the picture came back changed",
    ten_for_each: "together 20 connections",
    one_and_nine: "text can hold only 1 at once",
    latin_text: "text not as it was written: encoding",
    ascii_ignoring_the_rest: "letters are missing",
    decode_false_in_the_url: "raw returns str: any non-empty... turns decoding on",
    swapped: "text reads bytes: order",
    no_limits: "together 200",
    other_database: "raw does not find what text wrote",
}
ALSO_RIGHT = [two_clients_five_each, blocking_pools_four_and_six, from_urls]
