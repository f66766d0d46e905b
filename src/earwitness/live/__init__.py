"""Hearing many streams at once: detect, endpoint, share the cores, shed."""
