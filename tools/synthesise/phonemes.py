# ruff: noqa: RUF001, RUF002  (phonetic letters look like others; that is their nature)
"""Text to the phonemes that Kokoro was trained on, by way of the espeak-ng program.

espeak-ng writes IPA; Kokoro's alphabet spells diphthongs and affricates as one
letter (``eɪ`` is ``A``), marks the American tap as ``T`` and has no length mark in
American English.

    >>> to_kokoro("hˈe^ɪ nˈo^ʊvə", "a")
    'hˈA nˈOvə'
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

ACCENTS = {"a": "en-us", "b": "en-gb"}
"""First letter of a Kokoro voice -> espeak-ng voice."""

_CLAUSE_MARKS = re.compile(r"([,.!?;:]+)")
_SYLLABIC = re.compile("(\\S)\u0329")

_BOTH = [
    ("ʔˌn\u0329", "tn"),
    ("ʔn", "tn"),
    ("ʔ", "t"),
    ("a^ɪ", "I"),
    ("a^ʊ", "W"),
    ("e^ɪ", "A"),
    ("ɔ^ɪ", "Y"),
    ("d^ʒ", "ʤ"),
    ("t^ʃ", "ʧ"),
    ("ə^l", "ᵊl"),
    ("ɚ", "əɹ"),
    ("r", "ɹ"),
    ("ɐ", "ə"),
    ("ɬ", "l"),
    ("x", "k"),
]
_ACCENT = {
    "a": [("o^ʊ", "O"), ("ɜː^ɹ", "ɜɹ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪ^ə", "iə"), ("ː", "")],
    "b": [("ə^ʊ", "Q"), ("e^ə", "ɛː"), ("i^ə", "ɪə")],
}
_LAST = [("ɾ", "T"), ("o", "ɔ"), ("ɹɹ", "ɹ"), ("^", "")]


def read_pronunciations(path: Path) -> dict[str, str]:
    """Lower-case written form -> espeak-ng phoneme mnemonics."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["written"].lower(): row["espeak"] for row in rows}


def respell(text: str, pronunciations: dict[str, str]) -> str:
    """Puts the phonemes of known words in place of their letters, as ``[[...]]``."""
    if not pronunciations:
        return text
    longest_first = sorted(pronunciations, key=len, reverse=True)
    words = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
    return words.sub(lambda found: f"[[{pronunciations[found[1].lower()]}]]", text)


def to_ipa(text: str, accent: str, pronunciations: dict[str, str]) -> str:
    """IPA with ties (``e^ɪ``), clause marks kept because they carry the melody."""
    parts = _CLAUSE_MARKS.split(text)
    spoken = [
        part if _CLAUSE_MARKS.fullmatch(part) else _espeak(respell(part, pronunciations), accent)
        for part in parts
        if part.strip()
    ]
    return re.sub(r" (?=[,.!?;:])", "", " ".join(spoken))


def to_kokoro(ipa: str, accent: str) -> str:
    """espeak-ng's IPA in Kokoro's alphabet."""
    for old, new in _BOTH + _ACCENT[accent]:
        ipa = ipa.replace(old, new)
    ipa = _SYLLABIC.sub("ᵊ\\1", ipa)
    for old, new in _LAST:
        ipa = ipa.replace(old, new)
    return ipa


def _espeak(clause: str, accent: str) -> str:
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", ACCENTS[accent], clause.strip()]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return " ".join(answer.stdout.split())


if __name__ == "__main__":
    known = read_pronunciations(Path(__file__).parent / "pronunciations.tsv")
    for letter in ACCENTS:
        print(to_kokoro(to_ipa(sys.argv[1], letter, known), letter))
