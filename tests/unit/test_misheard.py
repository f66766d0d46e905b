from __future__ import annotations

import pytest
from tests.toy import Toy

from earwitness.engines.moonshine.graphs import asset
from earwitness.engines.moonshine.tokenizer import Tokenizer
from earwitness.speech.biasing import Ending
from earwitness.speech.misheard import MisheardForms, bare, contains, reread, rescored

TOKENIZER = Tokenizer(asset("tokenizer.bin"))
TOY = Toy(7, size=len(TOKENIZER.pieces))
YEET, SAOIRSE, JAR = (
    Ending("yeet", "yeet", 7.0),
    Ending("saoirse", "Saoirse", 7.0),
    Ending("gochujang jar", "gochujang jar", 7.0),
)
FORMS = MisheardForms().changed(
    [
        ("eat", YEET),
        ("he eat", YEET),
        ("sir sha", SAOIRSE),
        ("surely", SAOIRSE),
        ("go choo jang jar", JAR),
    ],
    set(),
)


def put_right(text: str, forms: MisheardForms = FORMS) -> list[str]:
    path = TOY.path(TOKENIZER.encode(text))
    spotted = reread(TOY, forms, path, TOKENIZER)
    assert all(each.path.logprobs == TOY.logprobs(each.path.tokens) for each in spotted)
    scores = [each.path.score for each in spotted]
    assert scores == sorted(scores, reverse=True)
    return sorted(TOKENIZER.decode(each.path.tokens) for each in spotted)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("I will eat it", ["I will yeet it"]),
        ("I will EAT it", ["I will yeet it"]),
        ("Eat it now.", ["Yeet it now."]),
        ("eat it now.", ["yeet it now."]),
        ("Did you eat?", ["Did you yeet?"]),
        ("Eat, eat!", ["Eat, yeet!", "Yeet, eat!"]),
        ("Stop. Eat it.", ["Stop. Yeet it."]),
        ("Surely, come.", ["Saoirse, come."]),
        ("tell sir sha, please", ["tell Saoirse, please"]),
        ("a go choo jang jar...", ["a gochujang jar..."]),
        ("what did he eat", ["what did he yeet", "what did yeet"]),
        ("meat eater neat", []),
        ("go choo", []),
        ("sir", []),
        ("", []),
    ],
)
def test_every_form_is_put_right_with_its_capitals_and_punctuation(
    text: str, readings: list[str]
) -> None:
    assert put_right(text) == readings


def test_what_is_put_right_names_its_term_and_leaves_the_reading_alone() -> None:
    path = TOY.path(TOKENIZER.encode("eat it"))
    (spotted,) = reread(TOY, FORMS, path, TOKENIZER)
    assert spotted.ending is YEET
    assert TOKENIZER.decode(path.tokens) == "eat it"
    assert path.logprobs == TOY.logprobs(path.tokens)


def test_a_form_with_punctuation_of_its_own_still_fires() -> None:
    forms = MisheardForms().changed([("yee, it!", YEET)], set())
    assert put_right("say yee it now", forms) == ["say yeet now"]


def test_forms_come_and_go_with_their_terms_and_older_sets_stay() -> None:
    without = FORMS.changed([], {"yeet"})
    assert put_right("eat surely", without) == ["eat Saoirse"]
    assert put_right("eat surely", without.changed([("eat", YEET)], {"saoirse"})) == ["yeet surely"]
    assert put_right("eat surely") == ["eat Saoirse", "yeet surely"]
    assert without.changed([], {"saoirse", "gochujang jar"}) == MisheardForms()


@pytest.mark.parametrize(
    ("text", "there"),
    [("Eat it.", True), ("they eat", True), ("Sir Sha?", True), ("meat", False), ("", False)],
)
def test_whether_a_text_has_a_form_is_told_word_by_word(text: str, there: bool) -> None:
    assert contains(FORMS, text) is there


@pytest.mark.parametrize(
    ("word", "core"),
    [
        ("Eat,", "eat"),
        ("\u201cEat\u201d", "eat"),
        ("(eat)...", "eat"),
        ("don\u2019t", "don't"),
        ("...", ""),
    ],
)
def test_forms_are_compared_without_outer_punctuation(word: str, core: str) -> None:
    assert bare(word) == core


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_reading_with_another_rest_is_scored_as_the_model_scores_it(at: int) -> None:
    path = TOY.path(TOKENIZER.encode("we eat it"))
    other = rescored(TOY, path, at, TOKENIZER.encode("yeet that"))
    assert other.tokens == (*path.tokens[:at], *TOKENIZER.encode("yeet that"))
    assert other.logprobs == TOY.logprobs(other.tokens)
