"""The kinds of files that are written for other tools."""

from __future__ import annotations

from enum import StrEnum


class ClipFormat(StrEnum):
    """Of judged clips."""

    LABEL_STUDIO = "label-studio"
    NEMO = "nemo"
    CSV = "csv"
    TEXTGRID = "textgrid"


class Format(StrEnum):
    """What the command line exports: terms as CSV, judged clips otherwise."""

    CSV = "csv"
    LABEL_STUDIO = "label-studio"
    NEMO = "nemo"
    CLIPS_CSV = "clips-csv"
    TEXTGRID = "textgrid"
