"""Is everything in place? What ``earwitness doctor`` looks at, each part for real.

Every check runs the part itself: the decoder decodes, the recogniser hears, the
store is read from end to end. A check never stops the others.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from earwitness import starter
from earwitness.audio import player
from earwitness.audio.silero import SileroDetector
from earwitness.config import Settings, unknown_variables
from earwitness.engines.moonshine import graphs
from earwitness.errors import (
    EarwitnessError,
    EngineError,
    LogBroken,
    NotWitnessed,
    SettingsError,
    StoreError,
)
from earwitness.flow.incidents import cases, escalation, house, logbook, stamping, witnesses
from earwitness.flow.incidents.logbook import Logbook
from earwitness.flow.steps import NOTHING_TO_DO
from earwitness.incidents.policy import Policy
from earwitness.incidents.records import HOUSE
from earwitness.model import SAMPLE_RATE, Lexicon, Samples
from earwitness.outgoing import mail
from earwitness.speech.text import words
from earwitness.starter import Recording, Role
from earwitness.wiring import Earwitness

PINNED = {"onnxruntime": "1.23.2", "moonshine-voice": "0.0.73"}
"""Other versions hear other words."""
PYTHONS = ((3, 11), (3, 14))
"""From, and up to but without."""
LEAST_ROOM = 500_000_000
"""Bytes that should be free for what is kept: some eight hours of doubted clips."""


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"  # something is missing that can be done without
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in a line; how to mend it is part of the line."""

    name: str
    mark: Mark
    detail: str


Check = Callable[[Earwitness], tuple[Mark, str]]


def findings(program: Earwitness) -> Iterator[Finding]:
    """Every check in turn. An error of ours is a finding, not an end."""
    for name, check in CHECKS.items():
        try:
            yield Finding(name, *check(program))
        except EarwitnessError as error:
            yield Finding(name, Mark.FAILED, str(error))


def _python(program: Earwitness) -> tuple[Mark, str]:
    found = ".".join(map(str, sys.version_info[:3]))
    low, high = PYTHONS
    if not low <= sys.version_info[:2] < high:
        raise SettingsError(f"Python {found}; 3.11, 3.12 or 3.13 is needed.")
    return Mark.OK, found


def _environment(program: Earwitness) -> tuple[Mark, str]:
    unknown = unknown_variables()
    if unknown:
        return Mark.WARNING, f"there is no setting {', '.join(unknown)}; it does nothing"
    return Mark.OK, "every variable is a setting"


def _packages(program: Earwitness) -> tuple[Mark, str]:
    for name, wanted in PINNED.items():
        try:
            found = version(name)
        except PackageNotFoundError as error:
            raise EngineError(f"{name} is not installed; run the set-up again.") from error
        if found != wanted:
            raise EngineError(f"{name} is {found}, not {wanted}; run the set-up again.")
    return Mark.OK, ", ".join(f"{name} {wanted}" for name, wanted in PINNED.items())


def _model(program: Earwitness) -> tuple[Mark, str]:
    for name, wanted in graphs.SHA256.items():
        if graphs.digest(graphs.asset(name)) != wanted:
            path = graphs.asset(name)
            raise EngineError(f"{path} is not the file it should be; reinstall moonshine-voice.")
    return Mark.OK, f"{len(graphs.SHA256)} files match their SHA-256"


def _decoder(program: Earwitness) -> tuple[Mark, str]:
    recording, audio = _speech(program)
    seconds = len(audio) / SAMPLE_RATE
    if abs(seconds - recording.seconds) > 0.1:
        raise EngineError(f"{recording.path} gave {seconds:.1f} s of sound; install again.")
    return Mark.OK, f"{seconds:.1f} s of sound out of {recording.path.name}"


def _detector(program: Earwitness) -> tuple[Mark, str]:
    _, audio = _speech(program)
    detector = SileroDetector()
    if not detector.spans(audio) or detector.spans(np.zeros(SAMPLE_RATE, np.float32)):
        raise EngineError("The speech detector cannot tell speech from silence; install again.")
    return Mark.OK, "tells speech from silence"


def _recogniser(program: Earwitness) -> tuple[Mark, str]:
    recording, audio = _speech(program)
    engine = program.engine
    text = engine.decode(engine.encode(audio), Lexicon()).text
    if words(text) != words(recording.text):
        return Mark.WARNING, f"{engine.name} heard {text!r} for {recording.text!r}"
    return Mark.OK, f"{engine.name} heard {text!r}"


def _store(program: Earwitness) -> tuple[Mark, str]:
    problems = program.records.check()
    if problems:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        raise StoreError(f"{problems[0]}{more}")
    return Mark.OK, f"revision {program.records.revision()}, no broken rule"


def _clips(program: Earwitness) -> tuple[Mark, str]:
    lost = program.records.lost_clips(program.blobs)
    if lost:
        folder = program.settings.clips_folder
        raise StoreError(
            f"{' '.join(lost)} They wait in the queue; put their files back into {folder}"
            " from a backup, under the same names."
        )
    return Mark.OK, f"{len(program.blobs.keys())}, each as it was kept"


def _incidents(program: Earwitness) -> tuple[Mark, str]:
    book = program.incidents.book
    logbook.check(book)
    size, opened = book.size(), program.records.cases()
    every = [*program.records.case_rows([HOUSE]), *opened]
    seen = list(cases.looks(every, program.incidents))
    changed = [each.row.id for each in seen if each.wrong and each.row.id != HOUSE]
    if changed:
        raise LogBroken(
            f"{len(changed)} of {len(opened)} reports are not what they were when they were "
            f"acknowledged: {', '.join(changed[:5])}. Their reporters see it, too."
        )
    if lost := program.records.lost_cases():
        raise LogBroken(f"{len(lost)} reports were taken away from the list; they come back.")
    if count := house.changed(program.incidents):
        raise LogBroken(f"{count} records of policies and keys are not what the log holds.")
    if missing := house.missing({one.index for each in seen for one in each.good}, size):
        raise LogBroken(f"{len(missing)} {house.TAKEN}: the log has leaves of them.")
    if book.authority and not stamping.is_stamped(book):
        asked = "no authority has stamped the newest head yet; one is asked every ten minutes"
        return Mark.WARNING, f"{len(opened)} reports as they were; {asked}"
    signed = _witnessed(book) if size else "nothing is in the log yet"
    return Mark.OK, f"{len(opened)} reports as they were; {signed}"


def _witnessed(book: Logbook) -> str:
    """All are asked, for this moment. Raises LogBroken, NotWitnessed where too few sign."""
    if not book.witnesses:
        return "no witness signs the log"
    every = len(book.witnesses)
    asked = witnesses.ask(book.witnesses, book.newest(), every, book.records)
    if asked.contradictions:
        raise LogBroken(" ".join(asked.contradictions))
    if len(asked.signed) < book.quorum:
        raise NotWitnessed(
            f"{len(asked.signed)} of {every} witnesses sign, and {book.quorum} have to: no report "
            f"is acknowledged. {' '.join(asked.problems)}"
        )
    return f"{len(asked.signed)} of {every} witnesses sign: {' '.join(asked.problems) or 'all'}"


def _escalation(program: Earwitness) -> tuple[Mark, str]:
    policy = program.incidents.policy
    text = program.incidents.policy_text()
    told = escalation.who_is_told(text, datetime.now(UTC), program.incidents)
    empty = [rung.name for rung, people in zip(policy.rungs, told, strict=True) if not people]
    problems = [
        *([_NO_OUTSIDE] if policy.outside is None else []),
        *([f"nobody is on {', '.join(empty)}: reports pass it over"] if empty else []),
        *_strangers(policy, program),
        *_ways_out(policy, program.settings),
    ]
    if problems or policy.outside is None:
        return Mark.WARNING, "; ".join(problems)
    return Mark.OK, f"{len(policy.rungs)} rungs, then {policy.outside.name}"


_NO_OUTSIDE = (
    "no outside is named, so what nobody here acts on stays here; write a policy and name it in "
    "EARWITNESS_ESCALATION"
)


def _strangers(policy: Policy, program: Earwitness) -> Iterator[str]:
    """Whoever is named in a report by their account is not found behind such a name."""
    if found := escalation.strangers(policy, program.records.accounts()):
        yield f"it names accounts that nobody here has: {', '.join(found)}"


def _ways_out(policy: Policy, settings: Settings) -> Iterator[str]:
    """What keeps messages from leading anywhere."""
    channels = [one for person in policy.people.values() for one in person.channels]
    channels += policy.outside.channels if policy.outside else ()
    if not settings.smtp and any(each.startswith("mailto:") for each in channels):
        yield "it names mail addresses, and EARWITNESS_SMTP names no mail server"
    if settings.smtp and (why := mail.unreached(settings.smtp)):
        yield f"no mail leaves here: {why}"
    if channels and not settings.public_url:
        yield (
            f"messages lead to {settings.people_url}, which opens on this machine alone; name "
            "the workbench's address in EARWITNESS_PUBLIC_URL"
        )


def _keys(program: Earwitness) -> tuple[Mark, str]:
    log, messages = program.log_keys[-1].public, program.messages_key.public
    return Mark.OK, f"the log is signed by {log}, messages by {messages}"


def _sounds(program: Earwitness) -> tuple[Mark, str]:
    watching = len(program.records.watched())
    try:
        name = program.tagger.name
    except EngineError as error:
        if watching:
            raise
        return Mark.OK, f"no household watches for any; {error}"
    return Mark.OK, f"{watching} households watch for some, with {name}"


def _folder(program: Earwitness) -> tuple[Mark, str]:
    folder = program.settings.data
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return Mark.WARNING, f"{folder} can be entered by others; chmod 700 {folder}"
    free = shutil.disk_usage(folder).free
    if free < LEAST_ROOM:
        return Mark.WARNING, f"{folder} has only {free / 1e6:.0f} MB left"
    return Mark.OK, f"{folder}, yours alone, {free / 1e9:.0f} GB free"


def _decisions(program: Earwitness) -> tuple[Mark, str]:
    count, oldest = program.records.waiting(but=NOTHING_TO_DO)
    if oldest is None:
        return Mark.OK, "all carried out"
    since = oldest.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return Mark.WARNING, (
        f"{count} not carried out yet, the oldest since {since};"
        " the next earwitness review or teach does it, or says what is in the way"
    )


def _player(program: Earwitness) -> tuple[Mark, str]:
    command = player.player()
    if command is None:
        names = ", ".join(each[0] for each in player.PLAYERS)
        return Mark.WARNING, f"none of {names} is installed; review cannot play clips"
    return Mark.OK, command[0]


def _speech(program: Earwitness) -> tuple[Recording, Samples]:
    """A recording that ships, and its sound."""
    recording = starter.recordings(Role.REGRESSION)[0]
    return recording, program.reader.read(recording.path)


CHECKS: dict[str, Check] = {
    "python": _python,
    "packages": _packages,
    "environment": _environment,
    "model": _model,
    "decoder": _decoder,
    "speech detector": _detector,
    "recogniser": _recogniser,
    "sounds": _sounds,
    "data folder": _folder,
    "store": _store,
    "clips": _clips,
    "incidents": _incidents,
    "escalation": _escalation,
    "keys": _keys,
    "decisions": _decisions,
    "player": _player,
}
"""In the order in which they run: what later ones need comes first."""
