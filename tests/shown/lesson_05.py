"""What lesson 05 shows."""

LESSON = "05_who_still_holds_a_connection"

SHOWN = {
    6: ["guess_listener.reveal(snapshot(shop).in_use)", "exercise:quiet-listener"],
    7: ['guess_resent.reveal(sent.count("BLPOP"))', "exercise:long-poll"],
    11: ["guess_answer.reveal(repr(answers[0]))", "exercise:give-it-back"],
    12: ["guess_dropped.reveal(snapshot(shop).in_use)", "guess_culprits.reveal(", "exercise:leak-detective"],
    16: ['guess_watching.reveal(", ".join(map(str, after)))', "exercise:watch-and-release"],
    "unsubscribe-gives-back": ["guess_listener.reveal(snapshot(shop).in_use)", "exercise:quiet-listener"],
    "lock-holds-connection": ["guess_culprits.reveal(", "exercise:leak-detective"],
    "dropping-returns": ["guess_dropped.reveal(snapshot(shop).in_use)", "exercise:give-it-back"],
    "pool-close-cures-leaks": ["guess_closed.reveal(outcome)", "exercise:give-it-back"],
}
