"""What lesson 07 shows."""

LESSON = "07_how_big_a_pool"

SHOWN = {
    "threads-need-as-many": ["guess_threads.reveal("],
    "more-is-faster": ["guess_faster.reveal("],
    "adjust-the-limit": ["guess_knee.reveal(", "guess_spare.reveal("],
}
