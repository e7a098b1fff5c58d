"""What lesson 01 shows."""

LESSON = "01_your_first_pool"

SHOWN = {
    22: ["view = PoolView(small, server)"],
    "opens-when-created": ["guess_open.reveal(server.opened() - opened_before)"],
    "zero-is-unlimited": ["redis.ConnectionPool(max_connections=0)"],
    "connections-rotate": ["guess_next.reveal(borrowed.index(lent))"],
    "url-false-is-false": ["guess_type.reveal(type(answer).__name__)"],
    "close-is-final": ["pool.close()\ngreet()\nserver.opened() - opened_before"],
    "what-pooling-is": ["pooled, afresh = timeit(greet, number=100), timeit(greet_afresh, number=100)"],
    "when-quick-commands": ["pooled, afresh = timeit(greet, number=100), timeit(greet_afresh, number=100)"],
    "when-server-load": ['newcomer["HELLO"], newcomer["GET"]'],
    "syntax-pool": ["pool = redis.ConnectionPool(\n    host=server.host,"],
    "syntax-client": ["r = redis.Redis(connection_pool=pool)\nr.set("],
    "meaning-of-arguments": ["guess_open.reveal(server.opened() - opened_before)", "exercise:first-pool"],
    "pool-of-five-here": ['here = redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)'],
    "pool-of-twenty-remote": [
        "far = redis.ConnectionPool(host=",
        "distant = redis.ConnectionPool(",
        "exercise:remote-pool",
    ],
    "greeting-program": ["exercise:greeting"],
    "close-by-hand": ["pool.close()\ngreet()\nserver.opened() - opened_before"],
    "guards-against-too-many": ["borrowed = [small.get_connection() for _ in range(5)]"],
}
