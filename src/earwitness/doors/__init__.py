"""Ways in: each door turns what somebody asks into a call on ``wiring``."""
