"""Answers to watch-and-release: the mistakes that learners make, and other right ways."""

import threading

import redis


def gives_up_at_the_first_change(r, agree):
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")
        return pipe.execute()[0]


def gives_up_after_three(r, agree):
    for _attempt in range(3):
        with r.pipeline() as pipe:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue
    raise LookupError("too busy")


def pipeline_never_reset(r, agree):
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def takes_and_puts_back(r, agree):
    if int(r.get("stock")) == 0:
        raise LookupError("sold out")
    agree()
    left = r.decr("stock")
    if left < 0:
        r.incr("stock")
        raise LookupError("sold out")
    return left


def watches_after_the_customer_thought(r, agree):
    while True:
        if int(r.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        with r.pipeline() as pipe:
            try:
                pipe.watch("stock")
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                pass


def looks_once_only(r, agree):
    with r.pipeline() as pipe:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        while True:
            try:
                pipe.watch("stock")
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


def sets_the_number(r, agree):
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    r.set("stock", left - 1)
    return left - 1


till = threading.RLock()


def locks_in_this_process(r, agree):
    with till:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        return r.decr("stock")


def asks_before_it_looks(r, agree):
    agree()

    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(take, "stock")[0]


def swallows_the_customers_no(r, agree):
    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        try:
            agree()
        except Exception:
            return
        pipe.multi()
        pipe.decr("stock")

    sold = r.transaction(take, "stock")
    return sold[0] if sold else None


def with_a_script(r, agree):
    agree()
    left = r.eval("if tonumber(redis.call('get', KEYS[1])) > 0 then return redis.call('decr', KEYS[1]) end", 1, "stock")
    if left is None:
        raise LookupError("sold out")
    return left


def takes_first(r, agree):
    # reserves before the customer agrees, and gives back if not
    left = r.decr("stock")
    if left < 0:
        r.incr("stock")
        raise LookupError("sold out")
    agree()
    return left


def watches_through_the_client(r, agree):
    # "WATCH is a command like another": on a pool it may end on another connection
    while True:
        r.execute_command("WATCH", "stock")
        if int(r.get("stock")) == 0:
            r.execute_command("UNWATCH")
            raise LookupError("sold out")
        agree()
        try:
            with r.pipeline() as pipe:
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
        except redis.WatchError:
            continue


def unwatches_instead(r, agree):
    # "unwatch() gives the connection back."
    pipe = r.pipeline()
    while True:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            pipe.unwatch()
            raise LookupError("sold out")
        try:
            agree()
        except BaseException:
            pipe.unwatch()
            raise
        pipe.multi()
        pipe.decr("stock")
        try:
            return pipe.execute()[0]
        except redis.WatchError:
            pass


def transaction_of_the_client(r, agree):
    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(take, "stock")[0]


def begins_again_by_recursion(r, agree):
    try:
        with r.pipeline() as pipe:
            pipe.watch("stock")
            left = int(pipe.get("stock"))
            if left == 0:
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.set("stock", left - 1)
            pipe.execute()
            return left - 1
    except redis.WatchError:
        pass
    return begins_again_by_recursion(r, agree)


def resets_in_finally(r, agree):
    pipe = r.pipeline()
    try:
        while True:
            pipe.watch("stock")
            if not int(pipe.get("stock")):
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            try:
                (left,) = pipe.execute()
            except redis.WatchError:
                continue
            return left
    finally:
        pipe.reset()


WRONG = {
    gives_up_at_the_first_change: "WatchError reached the caller instead of a new look",
    gives_up_after_three: "gave up although the stock held",
    pipeline_never_reset: "in use after LookupError / error of agree",
    takes_and_puts_back: "stock was -1 for a moment",
    watches_after_the_customer_thought: "stock below 0: change while the customer thought unnoticed",
    looks_once_only: "below 0: did not look again",
    sets_the_number: "a sale of another till was lost",
    locks_in_this_process: "others don't know the lock: below 0",
    asks_before_it_looks: "customer asked although sold out",
    swallows_the_customers_no: "agree's error didn't reach the caller",
    with_a_script: "scripts are not allowed",
    takes_first: "below 0 for a moment / before agree",
    watches_through_the_client: "WATCH on client",
    unwatches_instead: "unwatch does not give it back: in use",
}
ALSO_RIGHT = [transaction_of_the_client, begins_again_by_recursion, resets_in_finally]
