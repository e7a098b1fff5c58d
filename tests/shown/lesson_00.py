"""What lesson 00 shows."""

LESSON = "00_start_here"

SHOWN = {
    "plain-redis-has-no-pool": ["guess.reveal(server.opened() - opened_before)"],
}
