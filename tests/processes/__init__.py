"""Several real processes on one database file: leases, kills, stops, news, keys."""
