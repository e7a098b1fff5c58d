"""Tests for ``pytest --examine-pools`` whose fixtures clean up, or do not. No server is needed."""

import pytest
import redis
from shop import sell, sell_and_forget

from tests.fake_connections import FakeConnection


def new_pool(limit):
    return redis.ConnectionPool(connection_class=FakeConnection, max_connections=limit)


@pytest.fixture
def pool():
    pool = new_pool(3)
    yield pool
    pool.disconnect()


@pytest.fixture(scope="module")
def shared():
    return new_pool(100)


@pytest.fixture(scope="module")
def kept_for_the_module(shared):
    connection = shared.get_connection()
    yield connection
    shared.release(connection)


@pytest.fixture
def connection(shared):
    connection = shared.get_connection()
    yield connection
    shared.release(connection)


@pytest.fixture
def forgotten(shared):
    return shared.get_connection()


def test_right_borrows_itself_from_a_pool_that_its_fixture_closes(pool):
    kept = [pool.get_connection() for _ in range(3)]
    with pytest.raises(redis.MaxConnectionsError):
        pool.get_connection()


def test_right_has_a_connection_that_its_fixture_returns(connection):
    pass


def test_right_has_a_connection_that_its_module_keeps(kept_for_the_module):
    pass


def test_right_again(kept_for_the_module, pool):
    sell(pool)


def test_wrong_has_a_fixture_that_leaks(forgotten):
    pass


def test_wrong_calls_code_that_leaks_although_its_fixture_closes_the_pool(pool):
    sell_and_forget(pool)


def test_wrong_leaks_from_a_pool_that_stays_open(shared):
    kept = shared.get_connection()


def test_failed_by_itself(shared):
    shared.get_connection()
    raise AssertionError("this is what the test is about")


def test_skipped(shared):
    shared.get_connection()
    pytest.skip("not today")
