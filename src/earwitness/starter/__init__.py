"""The recordings that ship with Earwitness; ``LICENCE.md`` beside them names the voices.

They serve the demonstration and, until a deployment has adjudicated clips of its
own, the regression set against which every taught term is tried.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from earwitness.errors import ManifestError


class Role(StrEnum):
    """What a recording is for."""

    DEMO = "demo"  # a household speaks; ``extra`` names the term that is said
    SOUND_ALIKE = "sound_alike"  # ordinary words; ``extra`` names the term they could pass for
    REGRESSION = "regression"  # ordinary speech, adjudicated; no term in it


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance. ``text`` is verbatim, ``extra`` are written forms of terms."""

    path: Path
    text: str
    speaker: str
    seconds: float
    extra: tuple[str, ...]
    role: Role


def folder() -> Path:
    """Where the recordings and their ``manifest.tsv`` lie."""
    return Path(str(resources.files(__name__)))


def recordings(role: Role | None = None) -> list[Recording]:
    """All recordings, or those of one role, in the order of the manifest.

    Raises ManifestError where the installation has lost or damaged the manifest.
    """
    manifest = folder() / "manifest.tsv"
    try:
        with manifest.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            found = [_recording(row) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise ManifestError(f"{manifest}: {error}; install Earwitness again") from error
    return [recording for recording in found if role in (None, recording.role)]


def _recording(row: dict[str, str]) -> Recording:
    return Recording(
        path=folder() / row["path"],
        text=row["text"],
        speaker=row["speaker"],
        seconds=float(row["seconds"]),
        extra=tuple(json.loads(row["extra"])),
        role=Role(row["role"]),
    )
