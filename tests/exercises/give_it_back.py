"""Answers to give-it-back: the mistakes that learners make, and other right ways."""

import contextlib

import redis


def only_exceptions(pool, words, meanwhile):
    # "except Exception catches everything."
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except redis.ResponseError:
        pool.release(connection)
        raise
    except Exception:
        connection.disconnect()
        pool.release(connection)
        raise
    pool.release(connection)
    return reply


def releases_with_the_reply_unread(pool, words, meanwhile):
    @contextlib.contextmanager
    def borrowed():
        connection = pool.get_connection()
        try:
            yield connection
        finally:
            pool.release(connection)

    with borrowed() as connection:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()


def always_disconnects(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        connection.disconnect()
        pool.release(connection)


def clears_the_pool(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except BaseException:
        pool.release(connection)
        pool.disconnect()
        raise
    pool.release(connection)
    return reply


def resets_the_pool(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except BaseException:
        pool.reset()
        raise
    pool.release(connection)
    return reply


def swallows(pool, words, meanwhile):
    class Borrowed:
        def __enter__(self):
            self.connection = pool.get_connection()
            return self.connection

        def __exit__(self, kind, error, trace):
            if kind is not None:
                self.connection.disconnect()
            pool.release(self.connection)
            return True

    with Borrowed() as connection:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()


def asks_only_afterwards(pool, words, meanwhile):
    meanwhile()
    return redis.Redis(connection_pool=pool).execute_command(*words)


def asks_first_then_waits(pool, words, meanwhile):
    # reads the reply before meanwhile is called: it is not shown while Redis works
    reply = redis.Redis(connection_pool=pool).execute_command(*words)
    meanwhile()
    return reply


def disconnects_without_release(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except BaseException:
        connection.disconnect()
        raise
    pool.release(connection)
    return reply


def returns_the_error(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except redis.ResponseError as error:
        pool.release(connection)
        return error
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    pool.release(connection)
    return reply


def forgets_server_errors(pool, words, meanwhile):
    # releases in an else branch: an error reply leaks
    connection = pool.get_connection()
    connection.send_command(*words)
    try:
        meanwhile()
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    reply = connection.read_response()
    pool.release(connection)
    return reply


def own_pool(pool, words, meanwhile):
    # never touches the pool it was given
    with redis.Redis(**pool.connection_kwargs) as r:
        connection = r.connection_pool.get_connection()
        try:
            connection.send_command(*words)
            meanwhile()
            return connection.read_response()
        finally:
            connection.disconnect()
            r.connection_pool.release(connection)


def disconnects_on_any_error(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def exit_stack(pool, words, meanwhile):
    with contextlib.ExitStack() as stack:
        connection = pool.get_connection()
        stack.callback(pool.release, connection)
        unread = stack.enter_context(contextlib.ExitStack())
        unread.callback(connection.disconnect)
        connection.send_command(*words)
        meanwhile()
        try:
            reply = connection.read_response()
        except redis.ResponseError:
            unread.pop_all()
            raise
        unread.pop_all()
        return reply


def state_in_a_flag(pool, words, meanwhile):
    connection = pool.get_connection()
    clean = False
    try:
        connection.send_command(*words)
        meanwhile()
        try:
            return connection.read_response()
        finally:
            clean = True
    finally:
        if not clean:
            connection.disconnect()
        pool.release(connection)


WRONG = {
    only_exceptions: "KeyboardInterrupt: still in use",
    releases_with_the_reply_unread: "next question gets the previous answer",
    always_disconnects: "two that went well opened 2 connections",
    clears_the_pool: "another borrower's connection was cut",
    resets_the_pool: "others: the pool forgets who borrowed",
    swallows: "the error did not reach the caller",
    asks_only_afterwards: "command was not sent before meanwhile",
    asks_first_then_waits: "meanwhile was called after the reply: Redis was not at work any more",
    disconnects_without_release: "still in use",
    returns_the_error: "error returned instead of raised",
    forgets_server_errors: "in use after an error reply",
    own_pool: "the pool's connection wasn't used; 2 opened",
}
ALSO_RIGHT = [disconnects_on_any_error, exit_stack, state_in_a_flag]
