"""What lesson 10 shows."""

LESSON = "10_when_a_connection_dies"

SHOWN = {
    2: [
        "guess_idle.reveal(",
        "print(outcome(lambda: get_by_hand(borrowed)))",
        'print(greet(r_pool).replace(str(proxy.port), "…"))',
    ],
    "error-means-not-done": ['print("views:home is", int(r_pool.get("views:home")))'],
    "from-url-equals-host": ['guess_ways.reveal(answers.count("hello"))', "exercise:survive-a-restart"],
}
