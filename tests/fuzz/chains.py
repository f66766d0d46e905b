"""Chains and replay files that somebody hands on: read whole or refused with a reason."""

from __future__ import annotations

from contextlib import suppress

from earwitness.errors import InputError
from earwitness.sound import chain, replay
from earwitness.sound.chain import Chain, Step

_ALL = Chain((0.5, 2.0), tuple(Step(name, {}) for name in chain.kinds()))
_RECORD = replay.Record("a" * 64, "b" * 64, _ALL, {"numpy": "2.0"}, "c" * 64)

SEEDS = (
    chain.written(_ALL).encode(),
    chain.written(Chain(None, (Step("reduce-noise", {"noise_from": [0, 1]}),))).encode(),
    replay.written(_RECORD).encode(),
)


def check(content: bytes) -> None:
    with suppress(InputError):
        read = chain.parse(content)
        assert chain.parse(chain.written(read)) == read
    with suppress(InputError):
        record = replay.parse(content)
        assert replay.parse(replay.written(record)) == record
