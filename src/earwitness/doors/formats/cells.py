"""Cells of CSV that no spreadsheet takes for a formula.

What OWASP calls CSV injection: a cell that begins with one of ``FORMULA`` gets an
apostrophe in front, and so does one that begins with an apostrophe, so that taking it
off again gives back every text.
"""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARK = "'"


def guarded(cell: str) -> str:
    """
    >>> guarded("=1+1"), guarded("yeet"), bare(guarded("'tis"))
    ("'=1+1", 'yeet', "'tis")
    """
    return f"{_MARK}{cell}" if cell.startswith((*FORMULA, _MARK)) else cell


def bare(cell: str) -> str:
    """What was guarded; also a cell that nobody guarded."""
    rest = cell[1:]
    return rest if cell.startswith(_MARK) and rest.startswith((*FORMULA, _MARK)) else cell
