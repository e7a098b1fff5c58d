"""What lesson 07 shows."""

LESSON = "07_what_the_server_sees"

SHOWN = {
    5: ["open_all(counters)\n    except redis.ConnectionError as error:", "exercise:fit-the-server"],
    18: ['guess_left.reveal(who_is_there().count("rush"))', "exercise:trim-idle"],
    22: ['print("the server:", who_is_there().count("counters")', "exercise:count-my-clients"],
    "limit-per-application": ["guess_seen.reveal(len(names))", "exercise:fit-the-server"],
    "pool-shrinks": ['guess_left.reveal(who_is_there().count("rush"))'],
    "tcp-keepalive-stops-timeout": ["guess_kept.reveal("],
    "adjust-the-limit": ["guess_budget.reveal(largest)", "exercise:fleet-budget", "exercise:fit-the-server"],
    "when-server-load": ["server_time(greet_afresh)"],
}
