"""What lesson 01 shows."""

LESSON = "01_your_first_pool"

SHOWN = {
    22: ["view = PoolView(small, server)"],
    "opens-when-created": ["guess_open.reveal(server.opened() - opened_before)"],
    "zero-is-unlimited": ["guess_zero.reveal("],
    "connections-rotate": ["guess_next.reveal("],
    "url-false-is-false": ["guess_type.reveal(type(answer).__name__)"],
    "close-is-final": ["guess_closed.reveal("],
    "what-pooling-is": ["guess_new.reveal(server.opened() - opened_before)", "guess_greeting.reveal("],
    "when-quick-commands": ["guess_time.reveal("],
    "when-server-load": ['handled["HELLO"], handled["GET"]'],
    "syntax-pool": ["pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)"],
    "syntax-client": ["r = redis.Redis(connection_pool=pool)\nr.set("],
    "meaning-of-arguments": ["guess_open.reveal(server.opened() - opened_before)", "exercise:first-pool"],
    "pool-of-five-here": ['here = redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)'],
    "pool-of-twenty-remote": [
        "far = redis.ConnectionPool(host=",
        "remote = redis.ConnectionPool(",
        "exercise:remote-pool",
    ],
    "greeting-program": ["print(answer.decode())", "exercise:greeting"],
    "close-by-hand": ["pool.close()\ngreet()"],
    "adjust-the-limit": ["playground(limit=3, callers=6, hold=0.5)"],
    "when-several-users": ["playground(limit=3, callers=6, hold=0.5)"],
    "guards-against-too-many": ["borrowed = [small.get_connection() for _ in range(5)]"],
}
