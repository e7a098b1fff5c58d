"""What lesson 12 shows."""

LESSON = "12_asyncio"

SHOWN = {
    1: ["guess_burst.reveal(", "exercise:burst"],
    2: ["guess_stale.reveal("],
    8: ["guess_loops.reveal(", 'reply[reply.index("got Future") :]', "exercise:one-loop"],
    11: ["guess_cancelled.reveal(", "cancel_when_received(get_by_hand(single, careful)", "exercise:cancelled"],
    12: ["del connection  # borrowed and forgotten"],
    19: ["guess_retry.reveal(", "exercise:async-retry"],
    "loops-share-a-client": ["guess_loops.reveal("],
    "one-thread-one-connection": ["guess_gather.reveal("],
    "cancel-stops-command": ["guess_cancelled.reveal("],
    "with-always-returns": ["guess_left.reveal("],
    "close-is-final": ['greeting = await closed.get("greeting")'],
}
