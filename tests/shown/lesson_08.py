"""What lesson 08 shows."""

LESSON = "08_how_many_connections"

SHOWN = {
    "threads-need-as-many": ["run_threads(50, clerk)", "exercise:littles-law"],
    "more-is-faster": ["guess_faster.reveal(", "exercise:pipeline-instead"],
    "pool-shrinks": ["guess_opened.reveal("],
    "adjust-the-limit": ["guess_spare.reveal(", "processes=16", "exercise:size-a-service"],
}
