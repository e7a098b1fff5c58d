"""What lesson 09 shows."""

LESSON = "09_does_more_make_it_faster"

SHOWN = {
    "more-is-faster": ["guess_faster.reveal(", "exercise:pipeline-instead"],
    "pool-shrinks": ["guess_opened.reveal("],
    "adjust-the-limit": ["guess_knee.reveal(", "for limit in (50, 10, 5)}"],
}
