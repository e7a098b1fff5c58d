"""What lesson 02 shows."""

LESSON = "02_what_a_connection_costs"

SHOWN = {
    15: ["guess_free.reveal(sum(is_free(address) for address in used))"],
    25: ["guess_said.reveal(len(said))", "exercise:lean-handshake"],
    "what-pooling-is": ["guess_far.reveal("],
    "plain-redis-has-no-pool": ["guess_opened.reveal("],
}
