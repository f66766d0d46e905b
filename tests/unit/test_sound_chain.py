"""A chain as data: read strictly, written in full, run the same way every time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.synthetic import bursts, noise, recording, tone

from earwitness.errors import EngineError, InputError, Stopped
from earwitness.sound.chain import Chain, Step, kinds, parse, run, written
from earwitness.sound.kinds import Choice, Number, Setting, Tools, Whole
from earwitness.sound.matching import loudness
from earwitness.sound.recording import Recording

VOICE = recording(bursts(2.5) + noise(2.5, 0.01), bursts(2.5) + noise(2.5, 0.01, seed=2))
NEURAL = {"denoise", "isolate"}
FITTING: dict[str, dict[str, Any]] = {"low-pass": {"hz": 3_000.0}, "dereverb": {"taps": 4}}
"""Settings where the defaults do not fit 16 kHz, or take long."""
PLAIN = [name for name in kinds() if name not in NEURAL]


def one(do: str, **given: Any) -> Chain:
    return Chain(None, (Step(do, FITTING.get(do, {}) | given),))


def text(*steps: Any, **others: Any) -> str:
    return json.dumps({"chain": 1, "stretch": None, "steps": list(steps)} | others)


# --- written and read -------------------------------------------------------


def values(setting: Setting) -> st.SearchStrategy[Any]:
    if isinstance(setting, Number):
        return st.floats(setting.low, setting.high)
    if isinstance(setting, Whole):
        return st.integers(setting.low, setting.high)
    if isinstance(setting, Choice):
        return st.sampled_from(setting.options)
    moments = st.lists(st.floats(0, 600), min_size=2, max_size=2, unique=True)
    return st.just([]) | moments.map(sorted)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    kind = kinds()[draw(st.sampled_from(sorted(kinds())))]
    named = draw(st.sets(st.sampled_from(sorted(kind.settings))))
    return Step(kind.name, {name: draw(values(kind.settings[name])) for name in sorted(named)})


STRETCHES = st.none() | st.tuples(st.floats(0, 1e5), st.floats(1.1e5, 1e6))


@given(st.builds(Chain, STRETCHES, st.lists(steps(), max_size=4).map(tuple)))
def test_a_chain_that_is_written_is_read_back(chain: Chain) -> None:
    assert parse(written(chain)) == chain
    assert parse(json.loads(written(chain))) == chain
    assert written(parse(written(chain))) == written(chain)


def test_a_whole_number_is_as_good_as_a_decimal_one() -> None:
    assert parse(text({"do": "gain", "db": 3})) == parse(text({"do": "gain", "db": 3.0}))


def test_every_setting_is_written_out() -> None:
    step = json.loads(written(parse(text({"do": "remove-hum"}))))["steps"][0]
    assert step == {"do": "remove-hum", "mains": "find", "harmonics": 10, "width_hz": 1.0}


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_kind_says_what_it_does_by_whose_formula_and_in_which_ranges(name: str) -> None:
    kind = kinds()[name]
    assert kind.name == name
    assert kind.says.endswith(".")
    assert kind.reference
    for setting in kind.settings.values():
        assert setting.means
        assert setting.checked(setting.default) == setting.default


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "is no JSON"),
        ("[" * 60_000, "is no JSON"),
        ("[]", 'A chain is {"chain": 1'),
        (" " * 70_000, "at most 65536 characters"),
        ('{"chain": 1, "chain": 1, "stretch": null, "steps": []}', "stands twice"),
        (text(chain=2), "of version 2, not 1"),
        (text(chain=True), "of version True"),
        (text(more=1), 'A chain is {"chain": 1'),
        (text(steps={}), "a list of at most 40"),
        (text(*[{"do": "gain"}] * 41), "a list of at most 40"),
        (text(stretch=[2, 1]), "from, to"),
        (text(stretch=[0, 1e400]), "from, to"),
        (text(stretch=[True, 2]), "from, to"),
        (text("gain"), "Step 1: a step is"),
        (text({"do": "gain"}, {"do": "magic"}), r"Step 2 \(magic\): there is no step 'magic'"),
        (text({"do": ["gain"]}), "Step 1 .*there is no step"),
        (text({"do": "gain", "loud": 1}), r"Step 1 \(gain\): has no setting 'loud'; known: db"),
        (text({"do": "gain", "db": 61}), r"Step 1 \(gain\): db is -60 to 60 dB, not 61"),
        (text({"do": "gain", "db": float("nan")}), "db is -60 to 60 dB"),
        (text({"do": "gain", "db": "3"}), "db is -60 to 60 dB"),
        (text({"do": "gain", "db": True}), "db is -60 to 60 dB"),
        (text({"do": "gain", "channel": 1.5}), "channel is a whole number, 0 to 32"),
        (text({"do": "remove-hum", "mains": 50}), "mains is one of find, 50, 60"),
        (text({"do": "reduce-noise", "noise_from": [3, 1]}), r"noise_from is \[\] or"),
    ],
)
def test_what_is_no_chain_is_refused_with_what_is_allowed(given: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(given)


# --- run --------------------------------------------------------------------


def test_a_chain_without_steps_changes_no_bit() -> None:
    treated = run(Chain(None, ()), VOICE)
    assert np.array_equal(treated.recording.samples, VOICE.samples)
    assert (treated.matched_db, treated.softer_db, treated.notes) == (0.0, 0.0, ())


@pytest.mark.parametrize("name", PLAIN)
def test_a_step_leaves_the_original_alone_and_does_the_same_again(name: str) -> None:
    before = VOICE.samples.copy()
    first, second = (run(one(name), VOICE).recording for _ in range(2))
    assert np.array_equal(VOICE.samples, before)
    assert np.array_equal(first.samples, second.samples)
    assert first.samples.shape[1] == 2
    assert first.rate == VOICE.rate


@pytest.mark.parametrize("name", PLAIN)
def test_what_comes_out_is_as_loud_as_what_went_in(name: str) -> None:
    treated = run(one(name), VOICE)
    off = loudness(treated.recording) - loudness(VOICE) - treated.softer_db
    assert abs(off) < 0.1
    assert np.abs(treated.recording.samples).max() <= 1.0


def test_where_it_would_clip_it_is_said_how_much_softer_the_original_is_to_be() -> None:
    """A gate that leaves a single click, as loud as the noise was, would clip."""
    click = noise(4, 0.05)
    click[30_000] = 0.9
    before = recording(click)
    treated = run(one("gate", threshold_db=-2.0, hold_ms=0.0, limit_db=60.0), before)
    assert treated.softer_db < 0
    assert np.abs(treated.recording.samples).max() <= 1.0
    assert f"{-treated.softer_db:.2f} dB" in treated.notes[-1]
    off = loudness(treated.recording) - loudness(before) - treated.softer_db
    assert abs(off) < 0.1


def test_whoever_waits_is_told_how_far_it_is() -> None:
    told: list[tuple[int, int, str]] = []
    chain = Chain(None, (Step("gain", {}), Step("notch", {})))
    run(chain, VOICE, told=lambda done, of, doing: told.append((done, of, doing)))
    assert told == [(0, 2, "gain"), (1, 2, "notch"), (2, 2, "")]


def stopping_after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("name", PLAIN)
def test_a_chain_that_is_stopped_says_so(name: str) -> None:
    with pytest.raises(Stopped, match="nothing of it was kept"):
        run(
            Chain(None, (Step(name, FITTING.get(name, {})), Step("gain", {}))),
            VOICE,
            stop=stopping_after(1),
        )


@pytest.mark.parametrize("name", sorted(NEURAL))
def test_a_model_that_is_not_there_is_named_with_what_to_install(name: str) -> None:
    with pytest.raises(EngineError, match=r"pip install 'earwitness\[sound\]'"):
        run(one(name), VOICE, Tools())


def test_a_setting_that_does_not_fit_the_recording_names_its_step() -> None:
    chain = Chain(None, (Step("gain", {}), Step("low-pass", {"hz": 8_000.0})))
    with pytest.raises(InputError, match=r"Step 2 \(low-pass\): hz is 8000 Hz, .* choose less"):
        run(chain, VOICE)


# --- material that nobody would choose ---------------------------------------


def bad(seconds: float = 2.5) -> dict[str, Recording]:
    rng = np.random.default_rng(3)
    size = round(seconds * 16_000)
    return {
        "silence": Recording(np.zeros((size, 1), np.float32), 16_000),
        "clipped throughout": recording(np.clip(tone(200, seconds, 40.0), -1, 1)),
        "noise of one bit": recording(rng.choice([-1.0, 1.0], size)),
        "eight channels": Recording(
            (0.1 * rng.standard_normal((round(96_000 * 2.1), 8))).astype(np.float32), 96_000
        ),
        "one sample": Recording(np.full((1, 1), 0.5, np.float32), 48_000),
        "four kHz": recording(tone(200, seconds, rate=4_000), rate=4_000),
        "quieter than any gate": recording(tone(500, seconds, 1e-6)),
    }


@pytest.mark.parametrize("material", sorted(bad()))
@pytest.mark.parametrize("name", PLAIN)
def test_bad_material_comes_out_as_numbers_or_is_refused(name: str, material: str) -> None:
    try:
        treated = run(one(name), bad()[material])
    except InputError:
        return
    assert np.isfinite(treated.recording.samples).all()
    assert np.abs(treated.recording.samples).max() <= 1.0


@pytest.mark.parametrize(
    ("material", "said"),
    [("silence", "digital silence"), ("clipped throughout", "clipped throughout")],
)
def test_what_the_material_does_not_allow_to_conclude_is_noted(material: str, said: str) -> None:
    assert said in run(one("gain"), bad()[material]).notes[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float) -> None:
    samples = VOICE.samples.copy()
    samples[5, 1] = value
    with pytest.raises(InputError, match="not numbers"):
        run(Chain(None, ()), Recording(samples, 16_000))


def test_no_samples_are_refused() -> None:
    with pytest.raises(InputError, match="has no samples"):
        run(Chain(None, ()), VOICE.cut(10, 11))


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 300), st.sampled_from(sorted(set(PLAIN) - {"dereverb"})))
def test_the_shortest_recordings_are_treated_or_refused(samples: int, name: str) -> None:
    short = Recording(VOICE.samples[3_000 : 3_000 + samples], 16_000)
    try:
        treated = run(one(name), short)
    except InputError:
        return
    assert np.isfinite(treated.recording.samples).all()


@pytest.mark.parametrize("step", ['{"do": "\\ud800"}', '{"do": "gain", "db": "\\ud800"}'])
def test_a_refusal_can_be_shown_whatever_was_asked_for(step: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(f'{{"chain": 1, "stretch": null, "steps": [{step}]}}')
    assert str(refused.value).encode()
