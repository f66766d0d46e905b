"""Decodes recordings and keeps what the recogniser knew: ``python collect.py --help``.

Each clip is decoded as it is and in other surroundings, without terms and with: its own
(where the manifest names some) among distractors that nobody says, or these alone. With
``--second`` another recogniser hears a part of them too. Done folders are not done again.
"""

from __future__ import annotations

import argparse
import pickle
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import sounds

from earwitness.engines import Options, open_engine
from earwitness.engines.moonshine import Moonshine
from earwitness.errors import EngineError, TermRefused
from earwitness.model import Lexicon, Samples, Term, Transcript
from earwitness.ports import Engine
from earwitness.speech.beam import Path as Scored
from earwitness.speech.dictionary import known_words
from earwitness.speech.features import Evidence
from earwitness.speech.gate import Reading

DISTRACTORS = 1000
SHORTEST_DISTRACTOR = 4
ALONE = 3
"""One clip in so many, of those without terms, is decoded with the distractors alone."""
SECOND_KINDS = ("clean", "room", "noisy")


@dataclass(frozen=True)
class Example:
    """One decoding. ``kind``: clean, one of ``sounds.KINDS``, or noisy (as recorded)."""

    folder: str
    name: str
    speaker: str
    kind: str
    live: str
    reference: str
    transcript: Transcript
    evidence: Evidence
    second: str | None = None


class Witnessed(Moonshine):
    """The recogniser, with the evidence behind its last answer."""

    evidence: Evidence

    def _evidence(self, path: Scored, reading: Reading) -> Evidence:
        self.evidence = super()._evidence(path, reading)
        return self.evidence


def main() -> None:
    asked = arguments()
    around = sounds.Surroundings.of(asked.rooms, asked.noises, asked.talk)
    engine, distractors = Witnessed(), drawn_distractors()
    second = open_engine("faster_whisper", Options(model=asked.second)) if asked.second else None
    done = pickle.loads(asked.out.read_bytes()) if asked.out.exists() else []
    for folder, manifest in asked.manifest:
        if any(example.folder == folder for example in done):
            continue
        for row in sounds.rows(folder, manifest):
            done += list(examples(row, around, engine, second, distractors))
        print(f"{folder}: {len(done)} examples in all", flush=True)
        asked.out.write_bytes(pickle.dumps(done))


def examples(
    row: sounds.Row,
    around: sounds.Surroundings,
    engine: Witnessed,
    second: Engine | None,
    distractors: dict[str, Term],
) -> Iterator[Example]:
    recorded = sounds.read(row.path)
    first = "noisy" if row.folder.endswith("_noisy") else "clean"
    for kind in (first, *(sounds.KINDS if first == "clean" else ())):
        audio = recorded if kind == first else around.around(recorded, kind, row.name)
        encoded = engine.encode(audio)
        other = heard_by(second, audio) if second and kind in SECOND_KINDS else None
        for live, lexicon in lexicons(row, kind, distractors):
            transcript = engine.decode(encoded, lexicon)
            yield Example(
                row.folder, row.name, row.speaker, kind, live, row.text,
                transcript, engine.evidence, other,
            )  # fmt: skip


def lexicons(
    row: sounds.Row, kind: str, distractors: dict[str, Term]
) -> Iterator[tuple[str, Lexicon]]:
    yield "none", Lexicon()
    if kind == "clean" and row.terms:
        own = {term.key: term for term in map(Term, row.terms)}
        yield "terms", Lexicon(1, MappingProxyType(distractors | own))
    elif kind == "clean" and zlib.crc32(row.name.encode()) % ALONE == 0:
        yield "distractors", Lexicon(2, MappingProxyType(distractors))


def drawn_distractors() -> dict[str, Term]:
    """Dictionary words that may be taught; the same every time."""
    engine = Moonshine()
    candidates = sorted(word for word in known_words() if word.isalpha())
    long_enough = [word for word in candidates if len(word) >= SHORTEST_DISTRACTOR]
    drawn = [Term(word) for word in random.Random(7).sample(long_enough, DISTRACTORS)]
    return {term.key: term for term in drawn if may_be_taught(engine, term)}


def may_be_taught(engine: Engine, term: Term) -> bool:
    try:
        engine.check(term)
    except TermRefused:
        return False
    return True


def heard_by(engine: Engine, audio: Samples) -> str | None:
    try:
        return engine.decode(engine.encode(audio), Lexicon()).text
    except EngineError:
        return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="examples, a pickle")
    parser.add_argument("--rooms", type=Path, required=True, help="folder of room responses")
    parser.add_argument("--noises", type=Path, required=True, help="folder of noise beds")
    parser.add_argument("--talk", type=Path, required=True, help="folder of speech to talk over")
    parser.add_argument("--second", type=Path, help="model folder of faster-whisper")
    parser.add_argument("manifest", nargs="+", type=named, help="FOLDER=MANIFEST")
    return parser.parse_args()


def named(argument: str) -> tuple[str, Path]:
    folder, _, path = argument.partition("=")
    return folder, Path(path)


if __name__ == "__main__":
    main()
