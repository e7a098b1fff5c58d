"""What lesson 06 shows."""

LESSON = "06_commands_that_keep_a_connection"

SHOWN = {
    6: [
        "guess_listener.reveal(snapshot(shop).in_use)",
        "guess_page.reveal(type(results[0]).__name__)",
        "exercise:quiet-listener",
    ],
    7: ["guess_resent.reveal(opened_while_waiting(retrying))", "exercise:long-poll"],
    16: ['guess_watching.reveal(", ".join(map(str, after)))', "exercise:watch-and-release"],
    "with-always-returns": ["guess_generator.reveal(snapshot(shop).in_use)"],
    "viewer-needs-connection": ["guess_shared.reveal(snapshot(live.connection_pool).in_use)"],
    "unwatch-gives-back": ['guess_watching.reveal(", ".join(map(str, after)))', "exercise:watch-and-release"],
    "unsubscribe-gives-back": ["guess_listener.reveal(snapshot(shop).in_use)", "exercise:quiet-listener"],
}
