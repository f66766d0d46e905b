"""Rules of listening: what waits first, what an answer must be, how well two agree."""
