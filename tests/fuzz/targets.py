"""What is fuzzed. Adding a parser is a module with ``check`` and ``SEEDS``, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.fuzz import chains, containers, evidence, link, opus, wyoming


@dataclass(frozen=True)
class Target:
    """``check`` may raise nothing, whatever bytes it is given. ``seeds`` are good ones."""

    check: Callable[[bytes], None]
    seeds: Sequence[bytes]


TARGETS: Mapping[str, Target] = {
    "chains": Target(chains.check, chains.SEEDS),
    "containers": Target(containers.check, containers.SEEDS),
    "evidence": Target(evidence.check, evidence.SEEDS),
    "link": Target(link.check, link.SEEDS),
    "opus": Target(opus.check, opus.SEEDS),
    "wyoming": Target(wyoming.check, wyoming.SEEDS),
}
