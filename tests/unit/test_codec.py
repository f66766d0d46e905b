"""Values survive the way into a column and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import strategies

from earwitness.errors import StoreError
from earwitness.model import Flag, Taught, Transcript, Trial, term_key
from earwitness.stores import codec


@given(strategies.transcripts)
def test_a_transcript_survives(transcript: Transcript) -> None:
    assert codec.decode_transcript(codec.encode_transcript(transcript)) == transcript


@given(st.lists(strategies.flags, max_size=4).map(tuple))
def test_flags_survive(flags: tuple[Flag, ...]) -> None:
    assert codec.decode_flags(codec.encode_flags(flags)) == flags


@given(st.lists(strategies.taught, max_size=4).map(tuple))
def test_taught_terms_survive(terms: tuple[Taught, ...]) -> None:
    assert codec.decode_taught(codec.encode_taught(terms)) == terms


@given(strategies.trials)
def test_a_trial_survives(trial: Trial) -> None:
    assert codec.decode_trial(codec.encode_trial(trial)) == trial


@given(strategies.forms)
def test_forms_survive(forms: tuple[str, ...]) -> None:
    assert codec.decode_forms(codec.encode_forms(forms)) == forms


@given(st.dictionaries(strategies.text, strategies.text))
def test_a_payload_survives(payload: dict[str, str]) -> None:
    assert codec.decode_payload(codec.encode_payload(payload)) == payload


@pytest.mark.parametrize(
    "decode", [codec.decode_transcript, codec.decode_flags, codec.decode_taught, codec.decode_trial]
)
@pytest.mark.parametrize("text", ["", "{", "null", "7", '[{"unknown": 1}]', '{"nbest": 3}', '"x"'])
def test_what_this_program_did_not_write_is_refused(decode, text: str) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        decode(text)


@given(st.text())
def test_the_key_of_a_key_is_itself(written: str) -> None:
    assert term_key(term_key(written)) == term_key(written)
    assert term_key(f" {written.upper()}\t") in (term_key(written), term_key(written.upper()))
