"""Decodes recordings and keeps what was heard and doubted: ``python collect.py --help``.

Every clip is decoded as the program does, with the times of the words and the rules of doubt
at their defaults, without any taught term.
"""

from __future__ import annotations

import argparse
import pickle
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earwitness.audio.reader import Reader
from earwitness.bench import manifest
from earwitness.bench.manifest import Row
from earwitness.engines.moonshine import Moonshine
from earwitness.flow.hear import Evidence
from earwitness.model import Flag, Lexicon, Samples, Transcript
from earwitness.speech.cepstra import cepstra
from earwitness.speech.doubt import Rule, Thresholds, flags, rules


@dataclass(frozen=True)
class Example:
    """One clip. ``text`` is what was said, ``terms`` the rare words that the list names."""

    folder: str
    name: str
    speaker: str
    text: str
    terms: tuple[str, ...]
    frames: NDArray[np.float16]
    cepstra: NDArray[np.float16]
    transcript: Transcript
    flags: tuple[Flag, ...]


def main() -> None:
    asked = arguments()
    reader, engine = Reader(), Moonshine()
    asked_rules = rules(Thresholds(audit_share=0.0))
    beds = [reader.read(path) for path in sorted(asked.noises.rglob("*.flac"))]
    done: list[Example] = []
    for folder, path in asked.manifest:
        listed = manifest.read(path)
        for row, audio in manifest.recordings(listed, reader, []):
            name = str(row.path.relative_to(path.parent))
            done.append(heard(folder, name, row, audio, engine, asked_rules))
            if beds and row.text:
                noisy = with_noise(audio, beds, name)
                done.append(heard(f"{folder}_noisy", name, row, noisy, engine, asked_rules))
        print(f"{folder}: {len(done)} clips in all", flush=True)
        asked.out.write_bytes(pickle.dumps(done))
    reader.close()


def heard(
    folder: str, name: str, row: Row, audio: Samples, engine: Moonshine, asked: tuple[Rule, ...]
) -> Example:
    encoded = engine.encode(audio)
    transcript = engine.decode(encoded, Lexicon(), times=True)
    found = flags(Evidence(name, transcript), asked)
    kept = [part.astype(np.float16) for part in (engine.frames(encoded), cepstra(audio))]
    speaker = row.speaker or name
    return Example(folder, name, speaker, row.text, row.extra, *kept, transcript, found)


def with_noise(audio: Samples, beds: list[Samples], name: str) -> Samples:
    """A bed at 5 to 15 dB under the speech; which one and how loud follows from the name."""
    chance = random.Random(zlib.crc32(name.encode()))
    bed = np.resize(np.roll(chance.choice(beds), -chance.randrange(16_000)), len(audio))
    level = np.sqrt(np.mean(audio**2) / max(float(np.mean(bed**2)), 1e-12))
    noisy = audio + bed * level * 10 ** (-chance.uniform(5, 15) / 20)
    return (noisy / max(1.0, float(np.abs(noisy).max()))).astype(np.float32)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="examples, a pickle")
    parser.add_argument("--noises", type=Path, required=True, help="folder of noise beds")
    parser.add_argument("manifest", nargs="+", type=named, help="FOLDER=MANIFEST")
    return parser.parse_args()


def named(argument: str) -> tuple[str, Path]:
    folder, _, path = argument.partition("=")
    return folder, Path(path)


if __name__ == "__main__":
    from collect import main as collected  # so that what is pickled names this file

    collected()
