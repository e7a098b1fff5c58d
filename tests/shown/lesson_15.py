"""What lesson 15 shows."""

LESSON = "15_in_production"

SHOWN: dict[int | str, list[str]] = {
    1: ["guess_refused.reveal("],
    3: ["for outcome, times in open_for_a_day(shop).most_common():"],
    14: ["class WatchedPool("],
    22: ["guess_idle.reveal(", "guess_refused.reveal("],
    "idle-is-open": ["guess_idle.reveal("],
    "metrics-count-refusals": ["guess_refused.reveal("],
    "each-finding-a-cause": ["guess_left.reveal("],
}
