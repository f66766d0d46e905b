"""A chain is run on an original, and what is needed to run it again is written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from earwitness.errors import InputError
from earwitness.sound import chain as chains
from earwitness.sound.chain import Chain, Told, Treated
from earwitness.sound.findings.finding import Finding, Material, Measurement
from earwitness.sound.integrity.observation import Observation
from earwitness.sound.kinds import Tools, never
from earwitness.sound.levels import Levels, measure
from earwitness.sound.recording import Recording
from earwitness.sound.replay import Record, compare

FOR_LISTENING = (
    "A step of this chain may have put in what never was there. The treated recording is for"
    " listening; what is heard in it alone shows nothing."
)


@dataclass(frozen=True, eq=False)
class Workshop:
    """What treating needs from outside: models, the digest of samples, versions of all parts."""

    tools: Tools
    digest: Callable[[Recording], str]
    components: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class Original:
    """The stretch of a recording that a chain asks for; ``sha256`` is that of the whole file."""

    sha256: str
    recording: Recording


@dataclass(frozen=True, eq=False)
class Result:
    """What came out, and the replay file that says how."""

    treated: Treated
    record: Record


def nobody(done: int, of: int, doing: str) -> None:
    """Does not care how far a chain is."""


def treat(
    original: Original,
    chain: Chain,
    on: Workshop,
    told: Told = nobody,
    stop: Callable[[], bool] = never,
) -> Result:
    """Raises what ``sound.chain.run`` raises."""
    treated = chains.run(chain, original.recording, on.tools, told, stop)
    record = Record(
        original_sha256=original.sha256,
        original_digest=on.digest(original.recording),
        chain=chain,
        components=on.components(),
        result_digest=on.digest(treated.recording),
    )
    return Result(treated, record)


def replay(
    record: Record, original: Original, on: Workshop, told: Told = nobody
) -> tuple[Result, list[str]]:
    """The chain of a replay file run again, and what differs from then; nothing if nothing."""
    again = treat(original, record.chain, on, told)
    differs = compare(
        record,
        again.record.result_digest,
        again.record.components,
        original_sha256=again.record.original_sha256,
        original_digest=again.record.original_digest,
    )
    return again, differs


def observed(
    question: str,
    examiner: str,
    original: Original,
    result: Result,
    integrity: Sequence[Observation],
    *,
    names: tuple[str, str],
    treated_sha256: str,
    conclusions: Sequence[str] = (),
    limits: Sequence[str] = (),
) -> Finding:
    """A finding with all that was measured; what people heard is theirs to add.

    ``names`` describe the original and the treated recording, ``treated_sha256`` is that of the
    treated file. Raises InputError where nobody asked anything.
    """
    if not question.strip():
        raise InputError("A finding answers a question: say what is to be found out.")
    chain = result.record.chain
    kinds = chains.kinds()
    before, after = measure(original.recording), measure(result.treated.recording)
    return Finding(
        question=question,
        examiner=examiner,
        recordings=(
            Material(original.sha256, names[0], original=True),
            Material(treated_sha256, names[1], original=False),
        ),
        chain=json.loads(chains.written(chain)),
        references={step.do: kinds[step.do].reference for step in chain.steps},
        invented=chain.invents,
        measurements=measurements(before, after),
        heard=(),
        blind=None,
        integrity=tuple(integrity),
        conclusions=tuple(conclusions),
        limits=(*cautions(before, result), *limits),
        versions=result.record.components,
    )


def cautions(before: Levels, result: Result) -> tuple[str, ...]:
    """The limits of a finding that nobody has to write: they follow from what was done."""
    first = (FOR_LISTENING,) if result.record.chain.invents else ()
    return (*first, *before.limits, *result.treated.notes)


_MEASURED = (
    ("peak", "dBFS", "the highest sample"),
    ("true_peak", "dBTP", "ITU-R BS.1770, four times oversampled"),
    ("rms", "dBFS", "of all samples"),
    ("lufs", "LUFS", "ITU-R BS.1770, gated"),
    ("noise_floor", "dBFS", "the quietest tenth of frames"),
    ("snr", "dB", "loud frames over quiet ones; speech with pauses is assumed"),
    ("dc_offset", "of full scale", "the mean of all samples"),
    ("clipped", "share of samples", "runs at full scale"),
    ("bandwidth", "Hz", "up to where the spectrum stands out of its floor"),
)


def measurements(before: Levels, after: Levels) -> tuple[Measurement, ...]:
    """Both overall, quantity by quantity; None for what cannot be measured, or is endless."""
    one, other = before.as_json()["overall"], after.as_json()["overall"]
    return tuple(
        Measurement(name.replace("_", " "), unit, method, one[name], other[name])
        for name, unit, method in _MEASURED
    )
