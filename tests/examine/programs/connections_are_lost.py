"""The server closes a connection that is borrowed; nothing retries."""

import os

import redis

port = int(os.environ["PORT"])
admin = redis.Redis(port=port, client_name="admin")
pool = redis.ConnectionPool(port=port)
connection = pool.get_connection()
admin.client_kill_filter(skipme=True)
try:
    connection.send_command("GET", "key")
    connection.read_response()  # stale-reconnects
except redis.ConnectionError:
    pass
pool.release(connection)
