"""One clip and one listener: hear, write, and only then see what the machine heard."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from earwitness.audio import player
from earwitness.doors.cli import drawing
from earwitness.doors.cli.asking import Interrupted, ask, at_terminal
from earwitness.doors.cli.drafts import Drafts
from earwitness.doors.cli.files import write_new
from earwitness.doors.cli.holding import held
from earwitness.doors.cli.opening import reason
from earwitness.doors.cli.screen import Screen, ago, clock, plain, printable
from earwitness.errors import (
    AudioError,
    EarwitnessError,
    InputError,
    JudgementError,
    LeaseLost,
    StoreError,
)
from earwitness.flow.judge import Answer, Assignment, written
from earwitness.model import ItemState, Taught, Verdict

if TYPE_CHECKING:
    from earwitness.flow.lessons import Tried
    from earwitness.wiring import Earwitness

HELP = """\
  Write every word as it was said. [Brackets] mark words to teach: [yeet] that alarm
  Enter alone plays the clip again; /w FILE writes it as a WAV, to play it elsewhere.
  /n  no speech            /a  not meant for the device
  /u  unintelligible       /l  another language
  /s  leave it to others   /q  stop"""
VERDICTS = {
    "/n": Verdict.NO_SPEECH,
    "/u": Verdict.UNINTELLIGIBLE,
    "/a": Verdict.NOT_ADDRESSED,
    "/l": Verdict.OTHER_LANGUAGE,
}
WRITE = "/w "


class Outcome(Enum):
    LEFT = "left to others"
    STOP = "stop"


@dataclass(frozen=True)
class Lost:
    """A clip that nobody can listen to, and why."""

    reason: str


def _command(line: str | None, draft: str) -> str | None:
    """The line; of a draft that was put back with a command behind it, the command.

    >>> _command("half typed/q", "half typed"), _command("half typed it", "half typed")
    ('/q', 'half typed it')
    """
    typed = line.removeprefix(draft).strip() if line and draft else ""
    return typed if typed.startswith("/") else line


@dataclass(frozen=True)
class Listener:
    """One analyst at one terminal."""

    program: Earwitness
    screen: Screen
    analyst: str
    drafts: Drafts
    refused: list[str] = field(default_factory=list)
    """Lines that were meant as answers and are none."""

    def listen(self, assignment: Assignment) -> dict[str, Any] | Outcome | Lost:
        """What was answered. The lease is renewed meanwhile, and given back without an answer."""
        self._introduce(assignment)
        try:
            self.program.clip(assignment.clip)
        except (StoreError, AudioError) as error:
            return self._lost(assignment, error)
        try:
            with held(assignment.lease, self.program):
                outcome = self._until_answered(assignment)
        except BaseException:
            self._give_back(assignment)
            raise
        if isinstance(outcome, Outcome):
            self._give_back(assignment)
            return outcome
        return self._compare(assignment, outcome)

    def _lost(self, assignment: Assignment, error: EarwitnessError) -> Lost:
        """Said and passed over: it stays in the queue, for when its sound is back."""
        self._give_back(assignment)
        self.screen.error(f"{error} It is left in the queue; earwitness doctor says what to do.")
        return Lost(str(error))

    def _give_back(self, assignment: Assignment) -> None:
        """Whoever took the clip meanwhile, or answered it, keeps it."""
        with suppress(LeaseLost):
            self.program.release(assignment.lease)

    # --- before: nothing of what the machine heard ---

    def _introduce(self, assignment: Assignment) -> None:
        source = assignment.source
        waited = ago(assignment.heard_at, datetime.now(UTC))
        about = (printable(source.device), clock(assignment.seconds), f"{waited} ago")
        self.screen.err.print()
        self.screen.err.print(
            Text.assemble(
                (assignment.lease.utterance[:8], "bold"), ("  " + " · ".join(about), "dim")
            )
        )
        for doubt in assignment.doubts:
            where = drawing.place(doubt.start, doubt.end)
            self.screen.err.print(Text.assemble("  ", (doubt.rule, "yellow"), "  ", where))

    def _until_answered(self, assignment: Assignment) -> Answer | Outcome:
        """Asks until an answer is accepted. Raises Interrupted, the draft kept."""
        lease = assignment.lease
        draft = self.drafts.of(lease.utterance, self.analyst)
        self._play(assignment.clip)
        while True:
            try:
                line = ask(self.screen, "What do you hear?", "/? for help", draft)
            except Interrupted as cut:
                self.drafts.keep(lease.utterance, self.analyst, cut.typed)
                self._stopped("The clip is free again; what you typed is kept for you.")
                raise
            command = _command(line, draft)
            outcome = self._taken(command, assignment)
            if outcome is not None:
                return outcome
            draft = draft if command != line else ""

    def _taken(self, line: str | None, assignment: Assignment) -> Answer | Outcome | None:
        """What becomes of a line; None to ask again."""
        if line is None or line == "/q":
            return Outcome.STOP
        if line == "/s":
            return Outcome.LEFT
        if not line:
            self._play(assignment.clip)
            return None
        if line.startswith(WRITE):
            self._write(assignment.clip, line.removeprefix(WRITE))
            return None
        if line.startswith("/") and line not in VERDICTS:
            for each in HELP.splitlines():
                self.screen.note(each)
            return None
        return self._judged(assignment, line)

    def _judged(self, assignment: Assignment, line: str) -> Answer | Outcome | None:
        try:
            answer = Answer(VERDICTS[line]) if line in VERDICTS else written(line)
            self.program.judge(assignment.lease, answer)
        except JudgementError as error:
            self.refused.append(line)
            self.screen.error(str(error))
            # The next line of a pipe answers the next clip.
            return None if at_terminal() else Outcome.STOP
        except LeaseLost as error:
            self.refused.append(line)
            self.drafts.keep(assignment.lease.utterance, self.analyst, line)
            self.screen.error(f"{error} What you typed is kept.")
            return Outcome.LEFT
        self.drafts.drop(assignment.lease.utterance, self.analyst)
        return answer

    def _stopped(self, now: str) -> None:
        self.screen.err.print()
        self.screen.note(f"Stopped. {now}")

    def _play(self, clip: str) -> None:
        if not player.play(self.program.clip(clip)):
            self.screen.warn(
                "It could not be played here; earwitness doctor says why. "
                "/w FILE writes it as a WAV."
            )

    def _write(self, clip: str, name: str) -> None:
        file = Path(os.path.expanduser(name.strip()))  # noqa: PTH111 - raises for no unknown user
        try:
            write_new(file, player.wav(player.bounded(self.program.clip(clip))))
        except InputError as error:
            self.screen.error(str(error))
        else:
            self.screen.note(f"Written to {file}, for your eyes only; delete it when done.")

    # --- after: the comparison, and words to teach ---

    def _compare(self, assignment: Assignment, answer: Answer) -> dict[str, Any]:
        utterance = assignment.lease.utterance
        revealed = self.program.reveal(utterance, self.analyst)
        state = self.program.records.item(utterance).state
        machine = revealed.utterance.transcript.text
        if answer.verdict is Verdict.TRANSCRIPT:
            for line in drawing.difference(answer.text, machine, self.screen.err.width):
                self.screen.err.print(line)
        else:
            self.screen.note(f"machine  {machine or '(nothing)'}")
        taught = self._teach(utterance, answer, state)
        return {
            "utterance": utterance,
            "verdict": answer.verdict,
            "text": answer.text,
            "machine": machine,
            "state": state,
            "taught": taught,
        }

    def _teach(self, utterance: str, answer: Answer, state: ItemState) -> list[dict[str, Any]]:
        if answer.verdict is not Verdict.TRANSCRIPT:
            return []
        if state is not ItemState.CLOSED:
            self.screen.note("Somebody else listens, too; words are taught once you agree.")
            return []
        tried = self._trials(utterance)
        wanted = [] if answer.terms else self._also_to_teach()
        more = [self._taught(word, utterance, answer.text) for word in wanted]
        return [self._show(each) for each in (*tried, *more) if each]

    def _trials(self, utterance: str) -> list[Tried]:
        """What the answer led to so far; that a step failed is said, and ends nothing."""
        try:
            with self.screen.waiting("Trying"):
                return self.program.trials_of_judgement(utterance)
        except Exception as error:
            self.screen.error(
                f"{reason(error)} Your answer is kept, and this is tried again next time."
            )
            return []

    def _taught(self, word: Taught, utterance: str, text: str) -> Tried | None:
        """What became of a word; None, and the reason shown, if it cannot be taught."""
        try:
            with self.screen.waiting(f"Trying {word.written}"):
                return self.program.teach(word, by=self.analyst, utterance=utterance, text=text)
        except InputError as error:
            self.screen.error(str(error))
            return None

    def _also_to_teach(self) -> list[Taught]:
        """Asked of a person alone: the next line of a pipe answers the next clip."""
        if not at_terminal():
            return []
        try:
            line = ask(self.screen, "Words to teach?", "a comma between them; Enter for none")
        except Interrupted:
            self._stopped("Your answer is kept; no word of this line is taught.")
            raise
        return [Taught(word.strip()) for word in (line or "").split(",") if word.strip()]

    def _show(self, tried: Tried) -> dict[str, Any]:
        revision = self.program.records.revision()
        drawing.trial(self.screen.err, tried.trial, tried.outcome, revision)
        return {"id": tried.id, "outcome": tried.outcome, **plain(tried.trial)}
