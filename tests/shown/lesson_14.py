"""What lesson 14 shows."""

LESSON = "14_beyond_one_server"

SHOWN: dict[int | str, list[str]] = {
    20: ["guess_ssl.reveal("],
    23: ["guess_nodes.reveal(", "exercise:cluster-budget"],
    24: ["guess_pools.reveal(", "exercise:one-master"],
    25: ["guess_ways.reveal(", "exercise:tls-by-pool"],
}
