from __future__ import annotations

import pytest

from earwitness.engines.moonshine.graphs import asset
from earwitness.engines.moonshine.tokenizer import Tokenizer
from earwitness.speech.biasing import Ending, Graph, Vocabulary
from earwitness.speech.gate import Occurrence, occurrences
from earwitness.speech.printing import PrintedWord, printed_words

TOKENIZER = Tokenizer(asset("tokenizer.bin"))
FORMS = {
    "saoirse": "Saoirse",
    "sersha": "Saoirse",
    "seer sha": "Saoirse",
    "bussin": "bussin",
    "finner'": "finna'",
    "jaylo": "J Lo",
    "front door": "front door",
    "rock": "rock 'n' roll",
    "iphone": "iPhone",
}
GRAPH = Graph.empty(Vocabulary(TOKENIZER.texts, 2)).changed(
    {form: Ending(written.lower(), written, 1.0) for form, written in FORMS.items()}
)


def read(text: str) -> list[PrintedWord]:
    tokens = TOKENIZER.encode(text)
    return printed_words(tokens, found(text), TOKENIZER)


def found(text: str) -> list[Occurrence]:
    return occurrences(GRAPH, [TOKENIZER.texts[token] for token in TOKENIZER.encode(text)])


@pytest.mark.parametrize(
    ("heard", "printed"),
    [
        ("Tell sersha.", "Tell Saoirse."),
        ("Tell seer sha, please", "Tell Saoirse, please"),
        ("sersha's cat", "Saoirse's cat"),
        ("SAOIRSE!", "Saoirse!"),
        ("saoirse", "Saoirse"),
        ("Bussin tacos", "Bussin tacos"),
        ("it is BUSSIN", "it is BUSSIN"),
        ("it is busSin", "it is bussin"),
        ("BusSin tacos", "Bussin tacos"),
        ("it is bussin'", "it is bussin"),
        ("it is bussin\u2019.", "it is bussin."),
        ("it's bussin's best", "it's bussin's best"),
        ("I'm finner' go", "I'm finna' go"),
        ("Finner' go", "Finna' go"),
        ("Jaylo, sing.", "J Lo, sing."),
        ("the Front door?", "the Front door?"),
        ("play rock now", "play rock 'n' roll now"),
        ("my iphone and my IPHONE", "my iPhone and my iPhone"),
        ("sersha sersha", "Saoirse Saoirse"),
        ("no term at all", "no term at all"),
        ("", ""),
    ],
)
def test_terms_are_printed_as_they_are_written(heard: str, printed: str) -> None:
    assert " ".join(word.span.text for word in read(heard)) == printed


def test_every_word_knows_its_term_and_no_white_space() -> None:
    words = read("Tell seer sha that Jaylo sang, sersha.")
    terms = [word.term for word in words]
    assert terms == [None, "Saoirse", None, "J Lo", "J Lo", None, "Saoirse"]
    assert all(word.span.text.split() == [word.span.text] for word in words)


@pytest.mark.parametrize("text", ["Tell seer sha now", "a jaylo b", "rock", "the front door."])
def test_the_tokens_of_the_words_lie_in_order_and_none_is_empty(text: str) -> None:
    spans = [word.span for word in read(text)]
    assert spans[0].first == 0
    assert spans[-1].last == len(TOKENIZER.encode(text))
    assert [span.first for span in spans] == sorted(span.first for span in spans)
    assert all(span.first < span.last for span in spans)


def test_words_that_are_written_as_they_were_heard_keep_their_tokens() -> None:
    tokens = TOKENIZER.encode("the front door")
    spans = [word.span for word in read("the front door")]
    heard = [TOKENIZER.decode(tokens[span.first : span.last]) for span in spans]
    assert heard == [span.text for span in spans] == ["the", "front", "door"]


def test_an_occurrence_has_all_tokens_that_its_spelling_touches() -> None:
    text = "tell seer sha's cat"
    (occurrence,) = found(text)
    heard = TOKENIZER.encode(text)[occurrence.first : occurrence.last]
    assert TOKENIZER.decode(heard).startswith("seer sha")
    assert occurrence.characters == len("seer sha")
