"""What lesson 05 shows."""

LESSON = "05_who_still_holds_a_connection"

SHOWN = {
    11: ["guess_answer.reveal(repr(replies[0]))", "exercise:give-it-back"],
    12: ["guess_dropped.reveal(snapshot(shop).in_use)", "guess_culprits.reveal(", "exercise:leak-detective"],
    "lock-holds-connection": ["guess_culprits.reveal(", "exercise:leak-detective"],
    "dropping-returns": ["guess_dropped.reveal(snapshot(shop).in_use)", "exercise:give-it-back"],
    "finally-is-enough": ["guess_exception.reveal(repr(wrong))", "exercise:give-it-back"],
    "error-names-the-leak": ["exercise:leak-detective"],
    "pool-close-cures-leaks": ["guess_closed.reveal(outcome)", "exercise:give-it-back"],
}
