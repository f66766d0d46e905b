"""The kinds of files that are written for other tools."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    CSV = "csv"
    LABEL_STUDIO = "label-studio"
    NEMO = "nemo"
