"""A list of errors keeps the pipeline of a function that failed."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
errors = []


def sell():
    pipe = r.pipeline()
    pipe.watch("stock")  # kept-by-exception
    raise LookupError("sold out")


try:
    sell()
except LookupError as error:
    errors.append(error)
