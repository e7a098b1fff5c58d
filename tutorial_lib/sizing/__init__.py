"""How big a pool should be: by formula, on paper (simulation), and for a service with its server (pool_size)."""
