"""The use cases: one plain function each, with what it needs as arguments.

Nothing here knows a concrete engine or store, reads a clock or opens a file.
"""
