"""``bench sound``: what neural noise reduction does to the words that a recogniser hears.

Every utterance is mixed with a bed of noise at each signal-to-noise ratio (power over the
whole utterance) and heard twice: as it is, and after the chain that a user would run, so
with its loudness matched. Which bed goes with which utterance is fixed by their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from earwitness.audio.samples import on_grid
from earwitness.bench.figures import Plain, rate
from earwitness.bench.listen import hear
from earwitness.bench.manifest import Manifest, given, recordings
from earwitness.errors import ManifestError
from earwitness.model import SAMPLE_RATE, Lexicon, Samples
from earwitness.ports import AudioReader, Engine
from earwitness.ports.sound import Screening
from earwitness.sound import chain as chains
from earwitness.sound.chain import Chain, Step
from earwitness.sound.kinds import Tools
from earwitness.sound.recording import Recording
from earwitness.speech.wer import Errors, difference, score, word_error_rate

SNRS = (0, 5, 10)
LIMIT_DB = 12.0
HIGHEST = 0.99
"""Of full scale; a mixture that would be louder is lowered as a whole."""
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Heard:
    """What was heard at one SNR, before and after."""

    scores: tuple[list[Errors], list[Errors]] = field(default_factory=lambda: ([], []))
    ratings: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))


def run(
    speech: Path | Manifest,
    noise: Path | Manifest,
    reader: AudioReader,
    engine: Engine,
    tools: Tools,
    *,
    snrs: Sequence[int] = SNRS,
    limit_db: float = LIMIT_DB,
    screening: Screening | None = None,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values: by SNR, WER before and after with their intervals.

    With ``screening`` also the mean of its ``overall``, before and after. Raises
    ManifestError, or EngineError for an engine or a denoiser that fails.
    """
    rows, beds = given(speech), given(noise)
    left_out = [*rows.left_out, *beds.left_out]
    sounds = [audio for _, audio in recordings(beds, reader, left_out) if audio.any()]
    if not sounds:
        raise ManifestError("No bed of noise could be decoded; name another manifest of noise.")
    chain = Chain(None, (Step("denoise", {"limit_db": limit_db}),))
    heard = {snr: _Heard() for snr in snrs}
    count = 0
    for row, audio in recordings(rows, reader, left_out):
        for snr, each in heard.items():
            noisy = mixed(audio, sounds[count % len(sounds)], snr)
            for side, sound in enumerate((noisy, _treated(noisy, chain, tools))):
                text = hear(engine, sound, Lexicon()).text
                each.scores[side].append(score(row.text, text))
                if screening is not None:
                    each.ratings[side].append(screening.scores(sound).get("overall", np.nan))
        count += 1
        if progress:
            progress(count, len(rows.rows))
    return {
        "utterances": count,
        "left_out": left_out,
        "limit_db": limit_db,
        "snr": {str(snr): _figures(each) for snr, each in heard.items()},
    }


def mixed(speech: Samples, noise: Samples, snr_db: float) -> Samples:
    """Speech with noise, repeated as often as it takes; on the 16-bit grid as all that is heard.

    Silent speech or noise is left as it is.
    """
    bed = np.resize(noise, len(speech))
    powers = [float(np.mean(np.square(each, dtype=np.float64))) for each in (speech, bed)]
    if not all(powers):
        return speech
    gain = np.sqrt(powers[0] / powers[1] / 10 ** (snr_db / 10))
    both = speech + np.float32(gain) * bed
    return on_grid(both * np.float32(min(1.0, HIGHEST / float(np.abs(both).max()))))


def _treated(noisy: Samples, chain: Chain, tools: Tools) -> Samples:
    made = chains.run(chain, Recording(noisy[:, None], SAMPLE_RATE), tools).recording
    return on_grid(made.samples[:, 0])


def _figures(heard: _Heard) -> Plain:
    before, after = ([(e.errors, e.words) for e in side] for side in heard.scores)
    change = difference(
        ([e for e, _ in before], [w for _, w in before]),
        ([e for e, _ in after], [w for _, w in after]),
    )
    figures = (
        rate("wer_before", word_error_rate(heard.scores[0]))
        | rate("wer_after", word_error_rate(heard.scores[1]))
        | rate("wer_change", change)
    )
    if heard.ratings[0]:
        sides = zip(("dnsmos_before", "dnsmos_after"), heard.ratings, strict=True)
        figures |= {name: float(np.nanmean(ratings)) for name, ratings in sides}
    return figures
