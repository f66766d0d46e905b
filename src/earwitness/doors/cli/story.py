"""The steps of the demonstration, each told as it happens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from earwitness import starter
from earwitness.doors.cli import drawing
from earwitness.doors.cli.screen import Screen, clock, plain, printable
from earwitness.flow.judge import Answer as Judged
from earwitness.model import Source, Taught, TrialOutcome, Verdict
from earwitness.speech.alignment import occurrences
from earwitness.speech.text import words
from earwitness.starter import Recording, Role

if TYPE_CHECKING:
    from earwitness.flow.hear import Answer
    from earwitness.flow.lessons import Tried
    from earwitness.wiring import Earwitness

ANALYST = "demo"
KITCHEN = Source("kitchen", "demo")


class Unheld(Exception):
    """A step did not do what it should."""


class Story:
    """One run of the demonstration. ``told`` is what it says, for ``--json``."""

    def __init__(self, program: Earwitness, screen: Screen) -> None:
        self.told: dict[str, Any] = {}
        self.failed = ""
        self._program = program
        self._screen = screen

    def tell(self, plain_speech: Path) -> None:
        """Every step in order, up to the first that does not hold."""
        try:
            self._tell(plain_speech)
        except Unheld as error:
            self.failed = self.told["failed"] = str(error)
            self._screen.error(f"The loop does not hold: {error}")

    def _tell(self, plain_speech: Path) -> None:
        self._line("", Text("The whole loop, on recordings that are installed with it.", "dim"))
        self._undoubted(plain_speech)
        clips, heard = self._first_misheard()
        self._doubted(clips[0], heard)
        waiting = [clip for clip in clips[1:-1] if self._hear(clip).utterance]
        self._judge(clips[0], heard)
        tried, seconds = self._teach(clips[0], heard)
        self._taught(tried, seconds, len(waiting))
        self._again(clips[-1])
        self._sound_alike(clips[0].extra[0])
        self._undo(clips[-1])

    # --- hear, doubt ---

    def _undoubted(self, path: Path) -> None:
        _ = self._program.engine  # loaded before the clock runs
        began = perf_counter()
        answers = list(self._program.hear(path, Source(), datetime.now(UTC)))
        spent, length = perf_counter() - began, sum(a.transcript.seconds for a in answers)
        doubted = sum(answer.utterance is not None for answer in answers)
        kept = len(self._program.blobs.keys())
        _hold(kept == doubted, "exactly what is doubted is kept")
        self._line("Hear", f"{clock(length)} of somebody reading aloud, heard in {clock(spent)}:")
        self._quote(answers)
        self._line("", _what_became(len(answers), doubted))
        self._tell_json("undoubted", utterances=len(answers), kept=kept, seconds=spent)

    def _quote(self, answers: list[Answer]) -> None:
        text = " ".join(answer.transcript.text for answer in answers)
        self._line("", Text(f"{printable(text)}", "italic"))

    def _first_misheard(self) -> tuple[list[Recording], Answer]:
        """The clips of the first term that is doubted and not heard."""
        for clips in _by_term(starter.recordings(Role.DEMO)):
            heard = self._hear(clips[0])
            if heard.utterance and not _says(heard, clips[0].extra[0]):
                return clips, heard
        raise Unheld("no recording of the demonstration is misheard and doubted.")

    def _doubted(self, clip: Recording, heard: Answer) -> None:
        self._line("", "\nIn a kitchen somebody says something, and it hears:")
        self._line("", Text.assemble(drawing.heard(heard.transcript), ("  ?", "yellow bold")))
        for at, reason in enumerate(drawing.reasons(heard.flags)):
            self._line("" if at else "Doubt", reason)
        self._tell_json("doubted", text=heard.transcript.text, flags=heard.flags)

    # --- review ---

    def _judge(self, clip: Recording, heard: Answer) -> None:
        term = clip.extra[0]
        assignment = self._program.assign(ANALYST, heard.utterance)
        if assignment is None:
            raise Unheld("the doubted clip is not in the queue.")
        answer = Judged(Verdict.TRANSCRIPT, clip.text, (Taught(term, why="demonstration"),))
        self._judged_at = perf_counter()
        self._program.judge(assignment.lease, answer)
        revealed = self._program.reveal(assignment.lease.utterance, ANALYST)
        self._line(
            "Review", "A listener hears the clip, writes, and sees the machine's text only then:"
        )
        machine = revealed.utterance.transcript.text
        for line in drawing.difference(clip.text, machine, self._screen.out.width - 10):
            self._line("", line)
        self._tell_json("judged", text=clip.text, machine=machine, term=term)

    # --- teach ---

    def _teach(self, clip: Recording, heard: Answer) -> tuple[Tried, float]:
        tried = self._program.trials_of_judgement(heard.utterance or "")
        seconds = perf_counter() - self._judged_at
        if not tried:
            raise Unheld(f"{clip.extra[0]} was not tried.")
        return tried[0], seconds

    def _taught(self, tried: Tried, seconds: float, waiting: int) -> None:
        trial = tried.trial
        name = (printable(trial.term.written), "bold")
        self._line("Teach", Text.assemble(name, (drawing.forms(trial.term), "dim")))
        self._line("", drawing.gain_and_harm(trial))
        if tried.outcome is not TrialOutcome.LIVE:
            raise Unheld(f"the term is {tried.outcome.value}: {trial.because}")
        _hold(trial.recognised, "the clip that taught the term is heard with it")
        live = f"revision {self._program.records.revision()}, {seconds:.1f} s after the judgement"
        self._line("", Text.assemble(("live", "green bold"), f" as {live}"))
        settled = len(trial.settles)
        self._tell_json("taught", outcome=tried.outcome, seconds=seconds, waiting=waiting)
        self.told["taught"] |= {"settled": settled, "trial": plain(trial)}

    # --- hear again ---

    def _again(self, clip: Recording) -> None:
        answer = self._hear(clip)
        before = answer.transcript.unbiased
        self._line("Again", "Another voice, another sentence, heard for the first time:")
        self._line("", drawing.heard(answer.transcript))
        if before is not None:
            self._line("", Text(f"without the term: {printable(before.text)}", "dim"))
        _hold(_says(answer, clip.extra[0]), f"{clip.extra[0]} is heard in {clip.path.name}")
        self._tell_json("again", text=answer.transcript.text, before=before and before.text)

    def _sound_alike(self, term: str) -> None:
        """What sounds like the term and is not must stay what it is."""
        clips = [clip for clip in starter.recordings(Role.SOUND_ALIKE) if term in clip.extra]
        answers = [self._hear(clip) for clip in clips]
        self._line("", f"\nWords that only sound like {term}:")
        for answer in answers:
            self._line("", drawing.heard(answer.transcript))
        mistaken = sum(_says(answer, term) for answer in answers)
        _hold(not mistaken, f"{term} is not heard where nobody says it")
        self._tell_json("sound_alike", texts=[answer.transcript.text for answer in answers])

    def _undo(self, clip: Recording) -> None:
        began = perf_counter()
        lexicon = self._program.undo(0, by=ANALYST, why="the end of the demonstration")
        answer = self._hear(clip)
        spent = perf_counter() - began
        self._line("Undo", f"revision {lexicon.revision}: as if never taught, after {spent:.1f} s")
        self._line("", drawing.heard(answer.transcript))
        _hold(not _says(answer, clip.extra[0]), "an undone term is not heard")
        self._tell_json("undone", revision=lexicon.revision, text=answer.transcript.text)

    # --- how it is told ---

    def _hear(self, clip: Recording) -> Answer:
        answers = list(self._program.hear(clip.path, KITCHEN, datetime.now(UTC)))
        if len(answers) != 1:
            raise Unheld(f"{clip.path.name} was heard as {len(answers)} utterances.")
        return answers[0]

    def _line(self, label: str, content: RenderableType) -> None:
        if self._screen.as_json:
            return
        if label:
            self._screen.out.print()
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=8, style="bold")
        grid.add_row(label, content)
        self._screen.out.print(Padding(grid, (0, 0, 0, 1)))

    def _tell_json(self, step: str, **facts: Any) -> None:
        self.told[step] = plain(facts)


def _by_term(recordings: Iterable[Recording]) -> list[list[Recording]]:
    terms: dict[str, list[Recording]] = {}
    for recording in recordings:
        terms.setdefault(recording.extra[0], []).append(recording)
    return list(terms.values())


def _what_became(utterances: int, doubted: int) -> str:
    if not doubted:
        return "No rule doubts it: no file, no record, no log line of it was written."
    return f"{doubted} of {utterances} utterances doubted and kept; of the others nothing was."


def _says(answer: Answer, term: str) -> bool:
    return bool(occurrences(words(answer.transcript.text), words(term)))


def _hold(holds: bool, what: str) -> None:
    if not holds:
        raise Unheld(f"expected that {what}.")
