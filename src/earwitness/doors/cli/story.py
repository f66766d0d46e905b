"""The steps of the demonstration, each told as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

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
    from earwitness.flow.judge import Assignment
    from earwitness.flow.lessons import Tried
    from earwitness.wiring import Earwitness

ANALYST = HOUSEHOLD = "demo"
PLAIN_SPEECH = Path(str(resources.files("moonshine_voice"))) / "assets" / "beckett.wav"
"""A recording of a human voice in the wheel of the recogniser's model."""

Heard = tuple[Recording, "Answer"]


class Unheld(Exception):
    """A step did not do what it should."""


class Stage(Protocol):
    """How recordings reach the program, and who carries out what was decided."""

    about: str

    def hear(self, path: Path, device: str) -> list[Answer]:
        """Every piece of a recording that a device plays."""

    def hear_all(self, clips: Sequence[Recording]) -> list[list[Answer]]:
        """Many recordings, each by the device of its speaker."""

    def tried(self, utterance: str) -> list[Tried]:
        """The trials that judging an utterance led to, when they are done."""


class Direct:
    """No doors: files are heard as they are read, and nobody else is there."""

    about = "The whole loop, on recordings that are installed with it."

    def __init__(self, program: Earwitness) -> None:
        self._program = program

    def hear(self, path: Path, device: str) -> list[Answer]:
        source = Source(device=device, household=HOUSEHOLD)
        return list(self._program.hear(path, source, datetime.now(UTC)))

    def hear_all(self, clips: Sequence[Recording]) -> list[list[Answer]]:
        return [self.hear(clip.path, clip.speaker) for clip in clips]

    def tried(self, utterance: str) -> list[Tried]:
        return self._program.trials_of_judgement(utterance)


class Story:
    """One run of the demonstration. ``told`` is what it says, for ``--json``."""

    def __init__(self, program: Earwitness, stage: Stage, screen: Screen) -> None:
        self.told: dict[str, Any] = {}
        self.failed = ""
        self._program = program
        self._stage = stage
        self._screen = screen
        self._judged_at = 0.0

    def tell(self) -> None:
        """Every step in order, up to the first that does not hold."""
        try:
            self._tell()
        except Unheld as error:
            self.failed = self.told["failed"] = str(error)
            self._screen.error(f"The loop does not hold: {error}")

    def _tell(self) -> None:
        self._line("", Text(self._stage.about, "dim"))
        self._undoubted(PLAIN_SPEECH)
        household = self._household()
        assignment, clip, heard = self._listen_first(household)
        self._doubted(heard)
        self._review(assignment, clip)
        self._taught(*self._teach(clip, heard))
        again = self._again(clip, household)
        self._sound_alike(clip.extra[0])
        self._undo(again)

    # --- hear, doubt ---

    def _undoubted(self, path: Path) -> None:
        _ = self._program.engine  # loaded before the clock runs
        began = perf_counter()
        answers = self._stage.hear(path, "study")
        spent, length = perf_counter() - began, sum(a.transcript.seconds for a in answers)
        kept, doubted = len(self._program.blobs.keys()), len(self._program.records.items())
        _hold(kept == doubted, "exactly what is doubted is kept")
        self._line("Hear", f"{clock(length)} of somebody reading aloud, heard in {clock(spent)}:")
        self._quote(answers)
        self._line("", _what_became(len(answers), doubted))
        self._tell_json("undoubted", utterances=len(answers), kept=kept, seconds=spent)

    def _quote(self, answers: list[Answer]) -> None:
        text = " ".join(answer.transcript.text for answer in answers)
        self._line("", Text(f"{printable(text)}", "italic"))

    def _household(self) -> list[Heard]:
        clips = starter.recordings(Role.DEMO)
        began = perf_counter()
        devices = len({clip.speaker for clip in clips})
        with self._screen.waiting(f"{devices} devices speak"):
            answers = map(_whole, clips, self._stage.hear_all(clips))
            heard = list(zip(clips, answers, strict=True))
        spent, length = perf_counter() - began, sum(clip.seconds for clip in clips)
        doubted = sum(answer.utterance is not None for _, answer in heard)
        self._line("", f"\n{clock(length)} of a household and its own words, in {clock(spent)}:")
        self._line("", _what_became(len(heard), doubted))
        self._tell_json("household", utterances=len(heard), kept=doubted, seconds=spent)
        return heard

    def _listen_first(self, household: list[Heard]) -> tuple[Assignment, Recording, Answer]:
        """The first clip in the queue with a word that the machine got right in no clip.

        Clips before it are answered, too, without teaching anything.
        """
        known = {clip.extra[0] for clip, answer in household if _says(answer, clip.extra[0])}
        by_id = {answer.utterance: (clip, answer) for clip, answer in household}
        while (assignment := self._program.assign(ANALYST)) is not None:
            found = by_id.get(assignment.lease.utterance)
            if found is None:
                self._program.judge(assignment.lease, Judged(Verdict.NOT_ADDRESSED))
            elif found[0].extra[0] not in known:
                return assignment, *found
            else:
                self._program.judge(assignment.lease, Judged(Verdict.TRANSCRIPT, found[0].text))
        raise Unheld("no recording of the demonstration is misheard and doubted.")

    def _doubted(self, heard: Answer) -> None:
        self._line("Doubt", Text.assemble("In the queue: ", drawing.heard(heard.transcript)))
        for reason in drawing.reasons(heard.flags):
            self._line("", reason)
        self._tell_json("doubted", text=heard.transcript.text, flags=heard.flags)

    # --- review ---

    def _review(self, assignment: Assignment, clip: Recording) -> None:
        term = clip.extra[0]
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
        tried = self._stage.tried(heard.utterance or "")
        seconds = perf_counter() - self._judged_at
        if not tried:
            raise Unheld(f"{clip.extra[0]} was not tried.")
        return tried[0], seconds

    def _taught(self, tried: Tried, seconds: float) -> None:
        trial = tried.trial
        name = (printable(trial.term.written), "bold")
        self._line("Teach", Text.assemble(name, (drawing.forms(trial.term), "dim")))
        self._line("", drawing.gain_and_harm(trial))
        if tried.outcome is not TrialOutcome.LIVE:
            raise Unheld(f"the term is {tried.outcome.value}: {trial.because}")
        _hold(trial.recognised, "the clip that taught the term is heard with it")
        live = f"revision {self._program.records.revision()}, {seconds:.1f} s after the judgement"
        self._line("", Text.assemble(("live", "green bold"), f" as {live}"))
        self._tell_json("taught", outcome=tried.outcome, seconds=seconds, trial=trial)

    # --- hear again ---

    def _again(self, taught: Recording, household: list[Heard]) -> Recording:
        """Another speaker's clip in which the term was not heard before."""
        term = taught.extra[0]
        clip, before = _misheard_elsewhere(taught, household)
        answer = self._hear(clip)
        self._line("Again", "Another voice, another sentence, before and now:")
        self._line("", Text(printable(before.transcript.text), "dim"))
        self._line("", drawing.heard(answer.transcript))
        _hold(_says(answer, term), f"{term} is heard in {clip.path.name}")
        texts = {"before": before.transcript.text, "text": answer.transcript.text}
        self._tell_json("again", **texts)
        return clip

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
        return _whole(clip, self._stage.hear(clip.path, clip.speaker))

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


def _whole(clip: Recording, answers: list[Answer]) -> Answer:
    if len(answers) != 1:
        raise Unheld(f"{clip.path.name} was heard as {len(answers)} utterances.")
    return answers[0]


def _misheard_elsewhere(taught: Recording, household: list[Heard]) -> Heard:
    """Undoubted ones first: those are gone, and nobody has listened to them since."""
    term = taught.extra[0]
    others = [
        (clip, answer)
        for clip, answer in household
        if clip.extra == taught.extra and clip.speaker != taught.speaker and not _says(answer, term)
    ]
    if not others:
        raise Unheld(f"every other recording with {term} was heard well from the start.")
    return min(others, key=lambda other: other[1].utterance is not None)


def _what_became(utterances: int, doubted: int) -> str:
    if not doubted:
        return "No rule doubts it: no file, no record, no log line of it was written."
    return f"{doubted} of {utterances} utterances are doubted and kept, of the others nothing."


def _says(answer: Answer, term: str) -> bool:
    return bool(occurrences(words(answer.transcript.text), words(term)))


def _hold(holds: bool, what: str) -> None:
    if not holds:
        raise Unheld(f"expected that {what}.")
