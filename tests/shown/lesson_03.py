"""What lesson 03 shows."""

LESSON = "03_when_the_pool_is_exhausted"

SHOWN = {
    1: ["guess_refused.reveal(recording.refused)"],
    14: ["errors = [error_of(pool) for pool in (exhausted, exhausted_blocking, down)]", "exercise:which-exception"],
    "full-pool-waits": ["guess_refused.reveal(recording.refused)"],
    "retry-waits": ["guess_asked.reveal(recording.refused)"],
    "pool-timeout-limits-command": ["guess_limits.reveal("],
    "one-except-fits": ["guess_caught.reveal(sum(caught))"],
    "connection-error-is-down": ["[isinstance(error, redis.ConnectionError) for error in errors]"],
}
