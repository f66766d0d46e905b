"""How long from publication until every recogniser thread uses the new revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from earwitness.bench.distractors import distractors
from earwitness.bench.figures import Plain, percentiles
from earwitness.bench.program import publish, temporary_program
from earwitness.bench.streams import Streams
from earwitness.config import Settings
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.ports import Engine

Progress = Callable[[int, int], None]


def run(
    clips: Sequence[Samples],
    settings: Settings,
    *,
    terms: int = 10_000,
    publications: int = 100,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Plain:
    """One thread hears each clip without end while one term after the other goes live.

    Seconds from the call that publishes until the last thread begins an utterance with
    the new revision. They are spent on publishing, which is writing and compiling, and
    on waiting for the end of the utterance under way; how long one takes is told, too.
    """
    words = distractors(terms + publications)
    with temporary_program(settings, engine) as program:
        publish(program, words[:terms])
        published, seconds = [], []
        with Streams(program, clips) as streams:
            streams.all_use(program.records.revision())
            for count, word in enumerate(words[terms:], start=1):
                started = perf_counter()
                lexicon = publish(program, [word])
                published.append(perf_counter() - started)
                seconds.append(streams.all_use(lexicon.revision) - started)
                if progress:
                    progress(count, publications)
        return {
            "live_terms": len(program.records.lexicon().terms),
            "threads": len(clips),
            "publications": publications,
            "seconds_to_every_thread": percentiles(seconds),
            "seconds_to_publish": percentiles(published),
            "seconds_to_hear_an_utterance": percentiles(streams.took),
            "utterance_seconds": percentiles([len(clip) / SAMPLE_RATE for clip in clips]),
        }
