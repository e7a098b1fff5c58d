"""What lesson 08 shows."""

LESSON = "08_how_many_connections"

SHOWN = {
    "threads-need-as-many": ["run_threads(50, make_pages)", "exercise:littles-law"],
    "adjust-the-limit": ["guess_headroom.reveal(", "guess_total.reveal(", "exercise:size-a-service"],
}
