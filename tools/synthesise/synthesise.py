"""Speaks a list of sentences: ``python synthesise.py SENTENCES VOICES OUT``.

SENTENCES is a TSV with the columns ``path text speaker extra role speed rt60 snr_db``,
VOICES the folder with Kokoro's ``*.bin``, OUT gets the clips and ``manifest.tsv``.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from pathlib import Path
from typing import TypeAlias

import numpy as np
from clips import SAMPLE_RATE, write_opus
from numpy.typing import NDArray
from phonemes import read_pronunciations
from rooms import in_room, pink_noise, room_response, with_noise
from voices import Kokoro

HERE = Path(__file__).parent
MANIFEST = ("path", "text", "speaker", "seconds", "extra", "role")
Row: TypeAlias = dict[str, str]


def main() -> None:
    asked = _arguments()
    kokoro = Kokoro(asked.voices, read_pronunciations(HERE / "pronunciations.tsv"))
    rows = _read(asked.sentences)
    for number, row in enumerate(rows, 1):
        print(f"\r{number}/{len(rows)}", end="", flush=True)
        audio = _speak(kokoro, row)
        row["seconds"] = f"{audio.size / SAMPLE_RATE:.2f}"
        (asked.out / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        write_opus(asked.out / row["path"], audio)
    _write(asked.out / "manifest.tsv", rows)
    print(f" clips, {sum(float(row['seconds']) for row in rows):.0f} s in {asked.out}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("sentences", "voices", "out"):
        parser.add_argument(name, type=Path)
    return parser.parse_args()


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _write(path: Path, rows: list[Row]) -> None:
    lines = ["\t".join(row[name] for name in MANIFEST) for row in rows]
    path.write_text("\n".join(["\t".join(MANIFEST), *lines]) + "\n", encoding="utf-8")


def _speak(kokoro: Kokoro, row: Row) -> NDArray[np.float32]:
    """The clip; room and noise are drawn from its path, so a clip never depends on others."""
    rng = np.random.default_rng(zlib.crc32(row["path"].encode()))
    audio = kokoro.speak(row["text"], row["speaker"], float(row["speed"]))
    if row["rt60"]:
        audio = in_room(audio, room_response(float(row["rt60"]), rng))
    if row["snr_db"]:
        audio = with_noise(audio, pink_noise(audio.size, rng), float(row["snr_db"]))
    return audio


if __name__ == "__main__":
    main()
