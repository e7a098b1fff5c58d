"""What lesson 13 shows."""

LESSON = "13_processes_and_fleets"

SHOWN = {
    4: ["guess_limit.reveal("],
    5: ["guess_fleet.reveal(", "guess_share.reveal("],
    13: ["guess_forked.reveal(", "guess_cart.reveal(", "guess_carried.reveal(", "exercise:fork-safe"],
    21: ["guess_pickled.reveal(", "exercise:pickle-it"],
    "limit-per-application": ["guess_limit.reveal(", "run_program(create_in_the_worker", "exercise:worker-lifecycle"],
    "fork-always-unsafe": ["guess_forked.reveal("],
    "fork-always-safe": ["guess_cart.reveal(", "guess_carried.reveal("],
    "setstate-once": ["guess_sent.reveal(", "run_program(send_light_twenty_times"],
}
