"""Recordings as evidence: what sounds in them, how they are cleaned, aligned and measured.

Rules on arrays and values, without files and without a clock; nothing about words.
"""
