"""Which recordings the table of measurements is made on.

A folder of sets, each with a ``manifest.tsv``, named as in ``FOLDERS``; without one,
the recordings that ship. Those are few, and their voices synthetic: their figures
show that everything runs, not how good it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness import starter
from earwitness.bench.manifest import Manifest, Row, combined, read
from earwitness.starter import Role

SPEECH = (
    "speech_librispeech_other",
    "speech_an4",
    "speech_fsdd_digits",
    "speech_mycroft_community",
)
RARE_WORDS = "speech_librispeech_other"
SLANG = "tts_slang"
UNTRANSCRIBED = "speech_librispeech_train_untranscribed"
SOUNDS = ("sound_esc10", "sound_max_audio", "sound_minetest", "noise_beds")
"""Without speech; taken where they are there."""
FOLDERS = (*SPEECH, SLANG, UNTRANSCRIBED)


@dataclass(frozen=True, slots=True)
class Sets:
    """``speech`` by domain; ``terms`` are sets whose rows name terms; all have text but
    ``untranscribed``. ``negatives`` hold none of the terms, and minimal pairs of them."""

    name: str
    speech: Mapping[str, Manifest]
    terms: Mapping[str, Manifest]
    taught: Manifest
    negatives: Manifest
    untranscribed: tuple[Manifest, ...] = ()


def find(folder: Path | None = None) -> Sets:
    """The sets of a folder, or else those that ship.

    Raises ManifestError for a folder that lacks one of ``FOLDERS``.
    """
    return shipped() if folder is None else of_folder(folder)


def of_folder(folder: Path) -> Sets:
    """Raises ManifestError, which names what is missing."""
    found = {name: read(folder / name / "manifest.tsv") for name in FOLDERS}
    alike = of_starter(Role.SOUND_ALIKE)
    return Sets(
        name=str(folder),
        speech={name: found[name] for name in SPEECH},
        terms={"slang": found[SLANG], "rare words": found[RARE_WORDS]},
        taught=found[SLANG],
        negatives=combined("negatives", [found[UNTRANSCRIBED], alike]),
        untranscribed=tuple(map(_without_text, [found[UNTRANSCRIBED], *_sounds(folder)])),
    )


def shipped() -> Sets:
    """The recordings of ``earwitness.starter``."""
    demo, regression = of_starter(Role.DEMO), of_starter(Role.REGRESSION)
    return Sets(
        name="the recordings that ship",
        speech={"regression": regression},
        terms={"demo": demo},
        taught=demo,
        negatives=combined("negatives", [regression, of_starter(Role.SOUND_ALIKE)]),
    )


def of_starter(role: Role) -> Manifest:
    """The shipped recordings of one role."""
    rows = (
        Row(each.path, each.text, each.speaker, each.extra, line)
        for line, each in enumerate(starter.recordings(role), start=1)
    )
    return Manifest(Path(f"starter/{role.value}"), tuple(rows))


def _sounds(folder: Path) -> list[Manifest]:
    manifests = [folder / name / "manifest.tsv" for name in SOUNDS]
    return [read(manifest) for manifest in manifests if manifest.is_file()]


def _without_text(manifest: Manifest) -> Manifest:
    rows = tuple(Row(row.path, "", row.speaker, (), row.line) for row in manifest.rows)
    return Manifest(manifest.path, rows, manifest.left_out)
