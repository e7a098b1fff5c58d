"""A pool for each database and for text."""

import os

import redis

port = int(os.environ["PORT"])
orders = redis.Redis(port=port, db=1)
texts = redis.Redis(port=port, decode_responses=True)
orders.get("key")
texts.get("key")
