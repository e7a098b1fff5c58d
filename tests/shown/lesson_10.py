"""What lesson 10 shows."""

LESSON = "10_when_a_connection_dies"

SHOWN = {
    2: [
        "guess_idle.reveal(",
        'print("hung up:", outcome(ask_by_hand))',
        'print("broken:", greet(r_pool).replace(str(proxy.port), "…"))',
    ],
    20: ["guess_fourth.reveal("],
    "from-url-equals-host": ['guess_ways.reveal(answers.count("hello"))', "exercise:survive-a-restart"],
    "health-check-in-background": ["guess_pings.reveal(", "exercise:health-check"],
}
