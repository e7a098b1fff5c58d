"""What lesson 11 shows."""

LESSON = "11_how_long_a_caller_waits"

SHOWN = {
    20: ["guess_fourth.reveal("],
    "health-check-in-background": ["guess_pings.reveal(", "exercise:health-check"],
}
