"""Code under test, which returns its connection or does not."""


def sell(pool):
    pool.release(pool.get_connection())


def sell_and_forget(pool):
    return pool.get_connection()
