"""A witness: on another machine, owned by somebody else, it signs heads of logs that only grew."""
