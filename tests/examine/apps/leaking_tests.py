"""Tests for ``pytest --examine-pools``: one of them leaks."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))


def test_that_leaks():
    first = pool.get_connection()
    second = pool.get_connection()
    assert first is not second


def test_that_returns():
    connection = pool.get_connection()
    pool.release(connection)
