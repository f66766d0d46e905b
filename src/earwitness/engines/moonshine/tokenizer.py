"""The sub-word vocabulary: SentencePiece BPE with byte fallback, read from ``tokenizer.bin``.

The file is a list of length-prefixed pieces; a piece's index is its token id and
its merge rank. A first length byte b1 >= 128 is followed by b0, and the length is
``b0 * 128 + b1 - 128``.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

SPACE = "▁"
FIRST_BYTE = 3
FIRST_PIECE = FIRST_BYTE + 256


def read_pieces(content: bytes) -> Iterator[bytes]:
    """The pieces of a ``tokenizer.bin``, in order of their ids."""
    at = 0
    while at < len(content):
        length = content[at]
        at += 1
        if length >= 128:
            length += content[at] * 128 - 128
            at += 1
        yield content[at : at + length]
        at += length


class Tokenizer:
    """Text to token ids and back."""

    def __init__(self, path: Path) -> None:
        self.pieces = tuple(read_pieces(path.read_bytes()))
        self.texts = tuple(self._text(i, piece) for i, piece in enumerate(self.pieces))
        self._ranks = {
            text: i for i, text in enumerate(self.texts) if text is not None and i >= FIRST_PIECE
        }

    @staticmethod
    def _text(token: int, piece: bytes) -> str | None:
        """A token's characters; None for byte and control tokens."""
        if token < FIRST_PIECE or piece.startswith(b"<<ST_"):
            return None
        return piece.decode("utf-8", errors="strict")

    def encode(self, text: str) -> list[int]:
        """Words to token ids, as SentencePiece does: the best-ranked pair merges first."""
        if not text:
            return []
        parts = list(SPACE + text.replace(" ", SPACE))
        return [token for part in self._merge(parts) for token in self._ids(part)]

    def decode(self, tokens: Sequence[int]) -> str:
        """Token ids to text, without the leading space; malformed bytes become U+FFFD."""
        content = b"".join(self.pieces[token] for token in tokens)
        return content.decode("utf-8", errors="replace").replace(SPACE, " ").strip()

    def is_spelled(self, text: str) -> bool:
        """Whether every character has a token of its own, without byte fallback."""
        return all(char in self._ranks for char in text.replace(" ", SPACE))

    def rank(self, word: str) -> int | None:
        """The merge rank of a whole word that is one token: the lower, the more common."""
        return self._ranks.get(SPACE + word)

    def _ids(self, part: str) -> list[int]:
        rank = self._ranks.get(part)
        return [rank] if rank is not None else [FIRST_BYTE + byte for byte in part.encode()]

    def _merge(self, parts: list[str]) -> list[str]:
        after = [*range(1, len(parts)), -1]
        before = list(range(-1, len(parts) - 1))
        heap = [pair for i in range(len(parts) - 1) if (pair := self._pair(parts, i, i + 1))]
        heapq.heapify(heap)
        while heap:
            _, left, right, text = heapq.heappop(heap)
            if after[left] != right or parts[left] + parts[right] != text:
                continue
            parts[left], parts[right] = text, ""
            after[left] = after[right]
            if after[right] >= 0:
                before[after[right]] = left
            for i, j in ((before[left], left), (left, after[left])):
                if i >= 0 and j >= 0 and (pair := self._pair(parts, i, j)):
                    heapq.heappush(heap, pair)
            after[right] = -2
        return [part for part in parts if part]

    def _pair(self, parts: list[str], left: int, right: int) -> tuple[int, int, int, str] | None:
        text = parts[left] + parts[right]
        rank = self._ranks.get(text)
        return None if rank is None else (rank, left, right, text)
