"""What was typed when a review was cut off, kept until its clip is answered."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Drafts:
    """One small file a clip and analyst, for its owner's eyes only."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "drafts"

    def keep(self, utterance: str, analyst: str, text: str) -> None:
        if not text:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(utterance, analyst)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(path)

    def of(self, utterance: str, analyst: str) -> str:
        path = self._path(utterance, analyst)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def drop(self, utterance: str, analyst: str) -> None:
        self._path(utterance, analyst).unlink(missing_ok=True)

    def _path(self, utterance: str, analyst: str) -> Path:
        name = hashlib.sha256(f"{utterance}\n{analyst}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.txt"
