"""Findings on sounds: written down as versions, and given out as reports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from earwitness.errors import InputError, NotFound, TooLarge
from earwitness.examining import FindingVersion
from earwitness.flow.examination import Bench, Examining, Piece, integrity_of
from earwitness.flow.subjects import Custodian
from earwitness.flow.treating import cautions, observed
from earwitness.sound import chain as chains
from earwitness.sound import replay
from earwitness.sound.chain import Chain
from earwitness.sound.findings import finding as findings
from earwitness.sound.findings.contents import Custody, Picture
from earwitness.sound.findings.finding import Finding, Heard, Material
from earwitness.sound.levels import measure
from earwitness.sound.recording import Recording
from earwitness.sound.spectrogram import SHORTEST, centred, fitting, picture

MOST_TEXT = 10_000
"""Characters of one answer in the form of a finding."""
MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes in a finding; everything else follows from what was done.

    ``described`` says what the original is: device, place, how it came here. ``heard`` is what
    listeners wrote outside of a blind test.
    """

    question: str
    described: str
    heard: tuple[Heard, ...] = ()
    conclusions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def checked(self) -> Draft:
        """Raises InputError where nothing is asked, or who heard is not said; TooLarge."""
        if not self.question.strip():
            raise InputError("A finding answers a question: say what is to be found out.")
        if any(each.words.strip() and not each.by.strip() for each in self.heard):
            raise InputError("Say who heard each of the words that were heard.")
        texts = (self.question, self.described, *self.conclusions, *self.limits)
        texts = (*texts, *(part for each in self.heard for part in (each.by, each.words)))
        if any(not _is_text(each) for each in texts):
            raise InputError("There are characters in it that are no text; write it again.")
        if any(len(each) > MOST_TEXT for each in texts):
            raise TooLarge(f"An answer has at most {MOST_TEXT} characters.")
        if max(map(len, (self.heard, self.conclusions, self.limits))) > MOST_LINES:
            raise TooLarge(f"A finding has at most {MOST_LINES} lines of a kind.")
        return self


def _is_text(text: str) -> bool:
    """Whether it can be printed: JSON knows half characters, and null ones."""
    return "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def written_up(
    piece: Piece,
    draft: Draft,
    by: str,
    on: Examining,
    before: Finding | None = None,
    beside: Sequence[Material] = (),
) -> tuple[Finding, str]:
    """A finding on a sound and what was done to it, and the replay file of that; else "".

    ``beside`` are other recordings of the moment. Without any, those of ``before`` stay, and so
    does what was heard blind of the same chain. Raises as ``Draft.checked``.
    """
    told, result = draft.checked(), piece.result
    treated = on.written(result.treated.recording)
    made = observed(
        told.question.strip(),
        by,
        piece.original,
        result,
        integrity_of(piece.subject, on),
        names=(told.described, "treated, WAV of 24 bits"),
        treated_sha256=hashlib.sha256(treated).hexdigest(),
        conclusions=told.conclusions,
        limits=told.limits,
    )
    others = tuple(beside) or (_beside(before) if before else ())
    made = replace(
        made,
        heard=told.heard,
        recordings=(*made.recordings, *others),
        called_off=before.called_off if before else (),
    )
    if not result.record.chain.steps:
        return _untreated(made), ""
    if before and before.chain == made.chain:
        blind = tuple(each for each in before.heard if each.blind)
        made = replace(made, heard=(*told.heard, *blind), blind=before.blind)
    return made, replay.written(result.record)


def _beside(before: Finding) -> tuple[Material, ...]:
    """All originals but the first, which is the one that is examined."""
    return tuple(each for each in before.recordings if each.original)[1:]


def _untreated(finding: Finding) -> Finding:
    """Heard and measured as it is."""
    return replace(
        finding,
        chain=None,
        recordings=tuple(each for each in finding.recordings if each.original),
        measurements=tuple(replace(each, after=None) for each in finding.measurements),
    )


def draft_of(finding: Finding, piece: Piece | None = None) -> Draft:
    """What a person wrote of it, to be written on.

    ``piece`` is what was done; where it cannot be done again, all limits are taken for theirs.
    """
    known = cautions(measure(piece.original.recording), piece.result) if piece else ()
    originals = [each.description for each in finding.recordings if each.original]
    return Draft(
        finding.question,
        originals[0] if originals else "",
        tuple(each for each in finding.heard if not each.blind),
        finding.conclusions,
        tuple(each for each in finding.limits if each not in known),
    )


def version(
    finding: str, number: int, utterance: str, by: str, now: datetime, made: tuple[Finding, str]
) -> FindingVersion:
    """To be kept."""
    content, replayed = made
    return FindingVersion(finding, number, utterance, by, now, findings.written(content), replayed)


def chain_of(finding: Finding) -> Chain:
    """What was done, as it can be run; without steps where nothing was."""
    return chains.parse(finding.chain) if finding.chain else Chain(None, ())


def again(kept: FindingVersion, bench: Bench, on: Examining) -> Piece:
    """What was done, done again. Raises InputError, with what differs, where it is not the same.

    Raises AudioError for an original that changed.
    """
    finding = findings.parse(kept.content)
    piece = bench.treated(kept.utterance, chain_of(finding), on)
    if kept.replay:
        then, now = replay.parse(kept.replay), piece.result.record
        differs = replay.compare(
            then,
            now.result_digest,
            now.components,
            original_sha256=now.original_sha256,
            original_digest=now.original_digest,
        )
    else:
        originals = [each.sha256 for each in finding.recordings if each.original]
        same = piece.original.sha256 in originals
        differs = [] if same else ["The original is another file: its SHA-256 differs."]
    if differs:
        raise InputError(
            "What was done cannot be done again as it was written down: " + " ".join(differs)
        )
    return piece


def custody(finding: Finding, subject: str, custodian: Custodian) -> list[Custody]:
    """Of what is examined, and of each recording that was aligned with it."""
    found = list(custodian.custody(subject))
    for each in _beside(finding):
        if each.sound:
            found += [replace(one, of=each.sha256) for one in _custody(each.sound, custodian)]
    return found


def _custody(sound: str, custodian: Custodian) -> list[Custody]:
    try:
        return custodian.custody(sound)
    except NotFound as error:
        return [Custody("", "", str(error))]


def pictures(finding: Finding, piece: Piece) -> list[Picture]:
    """Of the original, and of what was made of it, as far as it is long enough for one."""
    titled = [("The original", piece.original.recording)]
    if finding.chain is not None:
        titled.append(("The treated recording", piece.result.treated.recording))
    return [shown(*each) for each in titled if len(each[1].samples) >= SHORTEST]


def shown(title: str, recording: Recording) -> Picture:
    """A spectrogram with the span of its axes."""
    drawn = picture(centred(recording, fitting(recording)))
    return Picture(title, drawn, (0.0, recording.seconds), (0.0, recording.rate / 2))
