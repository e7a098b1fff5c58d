"""What lesson 11 shows."""

LESSON = "11_how_long_a_caller_waits"

SHOWN = {
    20: ["guess_fourth.reveal(", "tls = redis.ConnectionPool("],
    "socket-timeout-limits-command": ["guess_silent.reveal(", "guess_slow.reveal("],
    "new-password-reaches-all": ['print("on the open connection:", outcome(r_login.ping))'],
    "health-check-in-background": ["guess_pings.reveal(", "exercise:health-check"],
}
