"""What lesson 02 shows."""

LESSON = "02_what_a_connection_costs"

SHOWN = {
    15: ["guess_free.reveal(sum(is_free(end) for end in used))"],
    25: ["guess_sent.reveal(len(sent))", "exercise:lean-handshake"],
    "what-pooling-is": ["guess_far.reveal("],
    "plain-redis-has-no-pool": ["guess_opened.reveal("],
    "connections-rotate": ["guess_worked.reveal("],
}
