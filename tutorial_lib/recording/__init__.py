"""What a recording of a pool is made of: from covered methods (covers), by one tap on each pool, to leases."""
