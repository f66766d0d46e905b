"""Moonshine tiny-en, run from the graphs inside the moonshine-voice wheel."""

from earwitness.engines import Options
from earwitness.engines.moonshine.engine import Moonshine

__all__ = ["Moonshine", "open_engine"]


def open_engine(options: Options) -> Moonshine:
    """The engine; it has no options, its weights are those in the wheel."""
    return Moonshine()
