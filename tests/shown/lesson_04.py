"""What lesson 04 shows."""

LESSON = "04_one_pool_for_many_parts"

SHOWN = {
    3: ["guess_requests.reveal(", "resource.setrlimit(", "exercise:shared-client"],
    9: ["guess_kitchen.reveal(", "redis.Redis.from_pool(shop).get(", "exercise:who-closes"],
    10: ["guess_settings.reveal(", "exercise:decode-on-the-pool"],
    17: ["guess_select.reveal(", "{client.db for client in server.clients()}", "exercise:two-databases"],
    "client-overrides-pool": ["guess_settings.reveal("],
    "closing-from-pool-is-safe": ["guess_kitchen.reveal("],
    "limit-per-application": ["guess_most.reveal(seen)", "exercise:decode-on-the-pool"],
    "threads-need-as-many": ["guess_threads.reveal("],
    "when-several-users": ['print("refused:"', "guess_threads.reveal("],
}
