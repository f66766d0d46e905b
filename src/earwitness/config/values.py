"""Kinds of values that settings have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65535)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Household = Annotated[str, Field(pattern=r"^\S+$", max_length=100)]


def default_data() -> Path:
    """``$XDG_DATA_HOME/earwitness``, by default ``~/.local/share/earwitness``."""
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "share"
    return base / "earwitness"
