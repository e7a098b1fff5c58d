"""What lesson 07 shows."""

LESSON = "07_what_the_server_sees"

SHOWN = {
    5: ["open_all(counters)\n    except redis.ConnectionError as error:", "exercise:fit-the-server"],
    18: ['guess_left.reveal(names_on_the_server().count("rush"))', "exercise:trim-idle"],
    22: ["guess_listed.reveal(", "exercise:count-my-clients"],
    "limit-per-application": ["open_all(greetings)\nopen_all(counters)", "exercise:fit-the-server"],
    "pool-shrinks": ['guess_left.reveal(names_on_the_server().count("rush"))'],
    "tcp-keepalive-stops-timeout": ["guess_kept.reveal("],
    "adjust-the-limit": ["guess_budget.reveal(largest)", "exercise:fleet-budget", "exercise:fit-the-server"],
    "when-server-load": ["processor_time(greet_with_a_new_client)"],
}
