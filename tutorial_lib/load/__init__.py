"""A pool under load: what is asked (workload), when (pace), by which callers (run), and the report."""
