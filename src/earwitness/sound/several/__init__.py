"""Several recordings of one event: when they run together, on one clock, as one."""
