"""The steps that there are, one file a family."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.sound.kinds import Kind
from earwitness.sound.steps import (
    clipping,
    dynamics,
    filters,
    gain,
    hum,
    neural,
    noise,
    repair,
    reverberation,
    speed,
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        *gain.KINDS,
        *filters.KINDS,
        *hum.KINDS,
        *noise.KINDS,
        *neural.KINDS,
        *reverberation.KINDS,
        *clipping.KINDS,
        *repair.KINDS,
        *dynamics.KINDS,
        *speed.KINDS,
    )
}
