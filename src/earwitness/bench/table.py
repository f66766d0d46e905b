"""All measurements against their bars, in one table: what ``make bench`` prints.

A bar that is not reached says so with its figure; one that cannot be measured here
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

from rich.table import Table

from earwitness.bench import doors_table, doubt, harm, live, memory, recognition, teach
from earwitness.bench.bars import Line
from earwitness.bench.doors_table import DoorsExtent
from earwitness.bench.figures import Plain
from earwitness.bench.manifest import combined
from earwitness.bench.sets import Sets
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wiring import Earwitness

STREAMS = 2
BASELINE = "moonshine-library"
TERM_RECALL = {"slang": 0.80, "rare words": 0.90}

Step = Callable[[str, int, int], None]
"""Called with what is measured, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured. The bars are about the defaults."""

    distractors: int = 1_000
    many: int = 1_000
    very_many: int = 10_000
    publications: int = 100
    doors: DoorsExtent = field(default_factory=DoorsExtent)


def run(
    program: Earwitness,
    sets: Sets,
    *,
    extent: Extent = Extent(),
    step: Step | None = None,
) -> Plain:
    """Measures everything with the program's engines.

    ``lines`` are the rows of the table, ``measured`` everything behind them.
    """
    measured = dict(_measure(program, sets, extent, step or (lambda name, done, total: None)))
    return {
        "recordings": sets.name,
        "lines": [asdict(line) for line in lines(measured)],
        "measured": measured,
    }


def render(found: Plain) -> Table:
    """The table, for a terminal."""
    table = Table(title=f"Measured on {found['recordings']}", title_justify="left")
    for heading in ("Measure", "Bar", "Reached", "Verdict"):
        table.add_column(heading, overflow="fold")
    verdicts = {True: "[green]reached[/]", False: "[red]not reached[/]", None: "not measured"}
    for line in found["lines"]:
        table.add_row(line["what"], line["bar"], line["reached"], verdicts[line["met"]])
    return table


def lines(measured: Mapping[str, Plain]) -> list[Line]:
    """Every bar with what was reached."""
    return [
        *_speed(measured["terms"]),
        *_accuracy(measured["speech"]),
        *_text_alone(measured["terms"]),
        *_taught(measured["taught"]),
        *_harm(measured["harm"]),
        _live(measured["live"]),
        *_doubt(measured["doubt"]),
        *_memory(measured["memory"]),
        *doors_table.lines(measured["doors"]),
    ]


def _measure(
    program: Earwitness, sets: Sets, extent: Extent, step: Step
) -> Iterator[tuple[str, Plain]]:
    reader, settings = program.reader, program.settings
    engines = (settings.engine, BASELINE)
    models = {settings.engine: settings.engine_model} if settings.engine_model else {}

    def told(name: str) -> Callable[[int, int], None]:
        return lambda done, total: step(name, done, total)

    yield (
        "speech",
        recognition.run(
            combined("speech", [*sets.speech.values()]), reader, engines,
            models=models, progress=told("plain accuracy"),
        ),
    )  # fmt: skip
    yield (
        "terms",
        {
            name: recognition.run(
                manifest, reader, engines, terms="rows", distractor_count=extent.distractors,
                models=models, progress=told(f"text alone, {name}"),
            )
            for name, manifest in sets.terms.items()
        },
    )  # fmt: skip
    yield (
        "taught",
        teach.run(
            sets.taught, settings, reader, negatives=sets.negatives,
            distractor_count=extent.distractors, engine=program.engine, progress=told("taught"),
        ),
    )  # fmt: skip
    negatives = [*sets.speech.values(), *sets.untranscribed]
    yield (
        "harm",
        harm.run(
            negatives,
            reader,
            program.engine,
            sizes=(extent.many, extent.very_many),
            progress=told("harm"),
        ),
    )
    clips = _household(reader.read(row.path) for row in sets.taught.rows)
    yield (
        "live",
        live.run(
            clips, settings, terms=extent.very_many, publications=extent.publications,
            engine=program.engine, progress=told("teach to live"),
        ),
    )  # fmt: skip
    yield "doubt", _doubts(program, sets, told("doubt"))
    yield "memory", memory.run(clips[0], settings, terms=extent.very_many)
    yield "doors", doors_table.measure(settings, extent.doors, _into(told))


def _into(told: Callable[[str], Callable[[int, int], None]]) -> Callable[[str], None]:
    return lambda doing: told(f"doors, {doing}")(0, 1)


def _household(clips: Iterable[Samples]) -> list[Samples]:
    """A clip for each stream, as long as what is said to a device; others where none is."""
    spoken = list(islice(clips, 100))
    few = sorted(spoken, key=lambda clip: not 2 <= len(clip) / SAMPLE_RATE <= 4)
    return few[:STREAMS]


def _doubts(program: Earwitness, sets: Sets, progress: Callable[[int, int], None]) -> Plain:
    """All speech together, and each domain for itself; with the second engine if there is one."""
    others = [each for each in sets.terms.values() if each not in sets.speech.values()]
    together = combined("speech", [*sets.speech.values(), *others])
    reader, engine = program.reader, program.engine
    found = {"alone": doubt.run(together, reader, engine, progress=progress)}
    if program.second_engine:
        found["second"] = doubt.run(
            together, reader, engine, second=program.second_engine, progress=progress
        )
    domains = {name: doubt.run(manifest, reader, engine) for name, manifest in sets.speech.items()}
    return found | {"domains": domains}


# --- the bars -----------------------------------------------------------------


def _speed(runs: Mapping[str, Plain]) -> Iterator[Line]:
    for name, run_ in runs.items():
        ours, theirs = _both(run_)
        ratio = ours["rtf"] / theirs["rtf"]
        yield Line(
            f"speed, {name}, one thread, {ours['live_terms']:,} live terms",
            "RTF <= 0.04, at most 1.5 times the library",
            f"RTF {ours['rtf']:.4f} (processor {ours['cpu_rtf']:.4f}), {ratio:.2f} times",
            ours["rtf"] <= 0.04 and ratio <= 1.5,
        )


def _accuracy(run_: Plain) -> Iterator[Line]:
    ours, theirs = _both(run_)
    yield Line(
        f"plain accuracy, {run_['utterances']} utterances",
        "WER no worse than the library's",
        f"{_with_interval(ours, 'wer')} against {_with_interval(theirs, 'wer')}",
        ours["wer"] <= theirs["wer"],
    )


def _text_alone(runs: Mapping[str, Plain]) -> Iterator[Line]:
    for name, run_ in runs.items():
        ours, _ = _both(run_)
        least = TERM_RECALL.get(name, min(TERM_RECALL.values()))
        before = ours["unbiased"]
        yield Line(
            f"text alone, {name}, {run_['distractors']:,} distractors",
            f"term recall >= {least:.2f}",
            f"{_with_interval(ours, 'term_recall')}, without terms {_shown(before['term_recall'])}",
            _least(ours["term_recall"], least),
        )
        yield Line(
            f"text alone, {name}: all words",
            "WER below the unbiased run's",
            f"{_with_interval(ours, 'wer')} against {before['wer']:.4f}",
            ours["wer"] < before["wer"],
        )


def _taught(found: Plain) -> Iterator[Line]:
    yield Line(
        f"taught from one clip, {found['terms']} terms, {found['distractors']:,} distractors",
        "recall of other speakers >= 0.90",
        f"{_with_interval(found, 'recall_after')}, before {_shown(found['recall_before'])}, "
        f"term only {_shown(found['recall_term_only'])}",
        _least(found["recall_after"], 0.90),
    )
    pairs = found["minimal_pair_false_accept_rate"]
    yield Line(
        f"minimal pairs, {found['minimal_pairs']} clips",
        "false accepts <= 4 %",
        "none of a taught term" if pairs is None else f"{pairs:.1%}",
        _most(pairs, 0.04),
    )


def _harm(found: Plain) -> Iterator[Line]:
    many, very_many = found["sizes"].values()
    where = f"in {found['hours']:.2f} h of real speech"
    yield _more_errors(many, 0.001, where)
    yield Line(
        f"false accepts of {_unsaid(many)}, {where}",
        "<= 2 per hour",
        f"{many['false_accepts_per_hour']:.1f} "
        f"({many['plain_false_accepts_per_hour']:.1f} without the terms)",
        many["false_accepts_per_hour"] <= 2.0,
    )
    yield _more_errors(very_many, 0.003, where)
    yield Line(
        f"time with {_unsaid(very_many)}",
        "<= 25 % more",
        f"{(very_many['time_ratio'] - 1) * 100:+.0f} %",
        very_many["time_ratio"] <= 1.25,
    )


def _more_errors(one: Plain, most: float, where: str) -> Line:
    return Line(
        f"harm of {_unsaid(one)}, {where}",
        f"U-WER up by <= {most * 100:g} point",
        _with_interval(one, "u_wer_change"),
        _most(one["u_wer_change"], most),
    )


def _unsaid(one: Plain) -> str:
    return f"{one['live_terms']:,} terms nobody says"


def _live(found: Plain) -> Line:
    p99 = found["seconds_to_every_thread"]["p99"]
    return Line(
        f"teach to live, {found['live_terms']:,} terms, {found['threads']} streams",
        f"<= 1 s to every thread, p99 of {found['publications']}",
        f"{p99:.2f} s, of which publishing {found['seconds_to_publish']['p99']:.2f} s, "
        f"the rest of an utterance {found['seconds_to_hear_an_utterance']['p99']:.2f} s at most",
        p99 <= 1.0,
    )


def _doubt(found: Plain) -> Iterator[Line]:
    alone = found["alone"]["word"]
    yield Line(
        "doubt: word-error AUC, alone",
        ">= 0.91",
        f"{_with_interval(alone, 'auc')}, plain {_shown(alone['auc_plain'])}",
        _least(alone["auc"], 0.91),
    )
    second = found.get("second")
    auc = second["word"]["auc"] if second else None
    yield Line(
        "doubt: word-error AUC, with a second engine",
        ">= 0.94",
        f"{auc:.3f}" if auc is not None else "no second engine is set",
        _least(auc, 0.94),
    )
    yield Line(
        "doubt: wrong words among the most doubtful 20 %",
        ">= 0.80",
        f"{_shown(alone['caught_at_20'])}, plain {_shown(alone['caught_at_20_plain'])}",
        _least(alone["caught_at_20"], 0.80),
    )
    errors = {name: one["word"]["ece"] for name, one in found["domains"].items()}
    worst = max(errors, key=lambda name: errors[name])
    yield Line(
        "doubt: expected calibration error, every domain",
        "<= 0.03",
        f"{errors[worst]:.3f} in the worst ({worst}), {alone['ece']:.3f} over all",
        errors[worst] <= 0.03,
    )


def _memory(found: Plain) -> Sequence[Line]:
    return (
        Line(
            f"memory with {found['live_terms']:,} terms",
            "<= 400 MiB",
            f"{found['peak_rss_mib']:.0f} MiB",
            found["peak_rss_mib"] <= 400,
        ),
        Line("start", "ready in <= 2 s", f"{found['ready_s']:.2f} s", found["ready_s"] <= 2.0),
    )


def _both(run_: Plain) -> tuple[Plain, Plain]:
    """Our engine's figures and the baseline's."""
    ours = next(name for name in run_["engines"] if name != BASELINE)
    return run_["engines"][ours], run_["engines"][BASELINE]


def _with_interval(figures: Plain, name: str) -> str:
    if figures[name] is None:
        return "nothing to count"
    low, high = figures[f"{name}_ci"]
    return f"{figures[name]:.4f} [{low:.4f}, {high:.4f}]"


def _shown(value: float | None) -> str:
    return "nothing to count" if value is None else f"{value:.3f}"


def _least(value: float | None, bar: float) -> bool | None:
    return None if value is None else value >= bar


def _most(value: float | None, bar: float) -> bool | None:
    return None if value is None else value <= bar
