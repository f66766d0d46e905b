"""Lines of text in Helvetica, a font that every reader of PDF has, as wide as they will be.

What its encoding, Windows-1252, does not hold is written as its code, such as ``\\u4f60``.
"""

from __future__ import annotations

_WIDTHS = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]  # fmt: skip
"""Of Helvetica from the space to the tilde, in thousandths, from Adobe's metrics."""
_WIDEST = 1015
"""Taken for every other character, so that no line runs over the edge."""
_BOLD = 1.26
"""How much wider a letter of Helvetica-Bold is at most: i, j and l, 278 instead of 222."""


def wrapped(text: str, wide: float, size: float, bold: bool = False) -> list[bytes]:
    """Lines in the fonts' encoding, each at most ``wide`` points; a long word is cut."""
    lines: list[bytes] = []
    for paragraph in text.split("\n"):
        line = b""
        for word in _encoded(paragraph).split(b" "):
            longer = line + b" " + word if line else word
            if line and _fitting(longer, wide, size, bold) < len(longer):
                lines.append(line)
                longer = word
            while (fits := _fitting(longer, wide, size, bold)) < len(longer):
                lines.append(longer[:fits])
                longer = longer[fits:]
            line = longer
        lines.append(line)
    return lines


def _fitting(line: bytes, wide: float, size: float, bold: bool) -> int:
    """How many characters fit, one at least."""
    left = wide * 1000 / size / (_BOLD if bold else 1)
    for count, each in enumerate(line):
        left -= _WIDTHS[each - 32] if 32 <= each < 127 else _WIDEST
        if left < 0:
            return max(1, count)
    return len(line)


def _encoded(text: str) -> bytes:
    """Windows-1252 without what steers; other characters as their codes."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown.encode("cp1252", "backslashreplace")
