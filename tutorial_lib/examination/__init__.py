"""A program of your own under examination: which line exhausts or leaks its pool, and which lesson explains it."""
