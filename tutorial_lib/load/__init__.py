"""A pool under load: what is asked (workload), when (pace), by whom (run), and what came of it (report, sweeps)."""
