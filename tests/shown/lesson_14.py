"""What lesson 14 shows."""

LESSON = "14_beyond_one_server"

SHOWN: dict[int | str, list[str]] = {
    24: ["guess_pools.reveal(", "exercise:one-master"],
    23: ["exercise:cluster-budget"],
}
