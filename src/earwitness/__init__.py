"""Earwitness: hear, doubt, review, teach, hear again."""

__version__ = "0.1.0"
