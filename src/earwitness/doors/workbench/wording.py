"""How pages name what the program names: the same words wherever somebody reads them."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape

from earwitness.doors.workbench import telling
from earwitness.flow.teach import ALREADY
from earwitness.flow.trial import Limits
from earwitness.incidents.outsides import place
from earwitness.listening import Harm
from earwitness.model import ItemState, Source, Trial, Verdict

SHORT = 8
"""Characters by which somebody tells one device from another."""
_REASONS = {
    "unknown_word": "unknown word",
    "low_confidence": "unsure word",
    "low_utterance_confidence": "unsure as a whole",
    "nbest_disagreement": "readings disagree",
    "second_engine": "a second recogniser disagrees",
    "rephrase": "somebody had to repeat it",
    "empty_result": "nothing recognised",
    "engine_failure": "the recogniser failed",
    "audit_sample": "drawn for the audit",
    "disturbing_sound": "a disturbing sound",
}
_VERDICTS = {
    Verdict.TRANSCRIPT: "transcript",
    Verdict.NO_SPEECH: "no speech",
    Verdict.UNINTELLIGIBLE: "can't tell",
    Verdict.NOT_ADDRESSED: "not for the device",
    Verdict.OTHER_LANGUAGE: "other language",
}
_STATES = {
    ItemState.WAITING: "waiting",
    ItemState.SECOND: "for a second listener",
    ItemState.ADJUDICATION: "listeners disagree",
    ItemState.CLOSED: "closed",
    ItemState.SETTLED: "settled",
}


def reason(rule: str) -> str:
    """A rule of doubt, without any word that was said.

    >>> reason("unknown_word"), reason("smoke_alarm")
    ('unknown word', 'smoke alarm')
    """
    return _REASONS.get(rule, rule.replace("_", " "))


_HARMS = {
    Harm.VIOLENCE: "Violence",
    Harm.CHILD: "A child",
    Harm.SELF_HARM: "Somebody may hurt themselves",
    Harm.THREAT: "A threat",
    Harm.ACCIDENT: "An accident or a fire",
    Harm.OTHER: "Something else",
}


def harm(kind: str) -> str:
    """What a report is about; what is no kind of harm as it stands."""
    return _HARMS[Harm(kind)] if kind in list(Harm) else kind


def verdict(given: Verdict) -> str:
    """As the buttons of the listening page have it."""
    return _VERDICTS[given]


def state(of: ItemState) -> str:
    return _STATES.get(of, of.value.replace("_", " "))


def device(source: Source, room: str = "") -> str:
    """The room it stands in, where that is known, or else as much of its id as tells it apart."""
    known = source.device if len(source.device) <= 2 * SHORT else source.device[:SHORT] + "…"
    return room or known


def false_accepts(trial: Trial) -> str:
    """How often a word was heard where nobody said it, and what that is worth."""
    found, minutes = trial.false_accepts_per_hour, 60 * trial.regression_hours
    if minutes <= 0:
        return "not measured"
    tried = f"{minutes:.0f} min" if minutes >= 1 else "under a minute"
    if found.value:
        return f"{found.value:.1f} an hour ({found.low:.1f} to {found.high:.1f}), in {tried}"
    most = f"{max(found.high, 0.1):.3g} an hour"
    if found.high > Limits().false_accepts_per_hour:
        return f"none in {tried} (could be {most})"
    return f"none in {tried} (so under {most})"


def added_nothing(trial: Trial) -> bool:
    """Whether what was taught was live already; a lead's override has its own reason."""
    return trial.because == ALREADY


def measured(value: float | None) -> str:
    """
    >>> measured(-23.456), measured(-0.001), measured(None)
    ('-23.46', '0.00', 'not measured')
    """
    return "not measured" if value is None else f"{round(value, 2) + 0.0:.2f}"


def code(text: str) -> Markup:
    """Text in which `backticks` mark what a program reads.

    >>> str(code("`a` < b"))
    '<code>a</code> &lt; b'
    """
    parts = [escape(part) for part in text.split("`")]
    made = [
        Markup("<code>{}</code>").format(part) if each % 2 else part
        for each, part in enumerate(parts)
    ]
    return Markup("").join(made)


FILTERS: tuple[Callable[..., object], ...] = (
    reason,
    harm,
    verdict,
    state,
    device,
    false_accepts,
    added_nothing,
    measured,
    code,
    place,
    telling.act,
    telling.begun,
    telling.danger,
    telling.local,
    telling.moment,
    telling.recorded,
    telling.span,
    telling.standing,
    telling.told,
)
"""What templates may call, by these names."""
