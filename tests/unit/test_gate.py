from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from earwitness.model import Term
from earwitness.speech.beam import Path
from earwitness.speech.biasing import Ending
from earwitness.speech.gate import (
    HEARD,
    KNOWN,
    PHRASE,
    SLACK,
    UNKNOWN,
    Ear,
    Occurrence,
    Reading,
    accept,
    margin_of,
)
from earwitness.speech.spotting import Spotted

MARGIN = 4.0


@pytest.mark.parametrize(
    ("term", "margin"),
    [
        (Term("kitchen"), KNOWN),
        (Term("Kitchen"), KNOWN),
        (Term("living room"), PHRASE),
        (Term("yeet"), UNKNOWN),
        (Term("Xochitl"), UNKNOWN),
        (Term("gochujang jar"), UNKNOWN),
        (Term("kitchen", weight=0.5), KNOWN / 2),
        (Term("yeet", weight=2.0), UNKNOWN * 2),
        (Term("living room", weight=1.5), PHRASE * 1.5),
        (Term("yeet", margin=3.25), 3.25),
        (Term("kitchen", margin=0.0), 0.0),
        (Term("yeet", weight=2.0, margin=3.25), 3.25),
    ],
)
def test_the_margin_of_a_term_is_its_trials_or_that_of_its_kind(term: Term, margin: float) -> None:
    assert margin_of(term) == margin


def test_what_the_recogniser_knows_has_to_prove_more() -> None:
    assert KNOWN < PHRASE < UNKNOWN


@dataclass
class Clip:
    """What a recogniser would say of one clip, by the words of a reading.

    ``first`` and ``second`` score them in two hearings; ``looks`` are the readings
    proposed from one, each for a term. Capital words are terms.
    """

    first: Mapping[str, float]
    second: Mapping[str, float] = field(default_factory=dict)
    looks: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    margin: float = MARGIN
    margins: Mapping[str, float] = field(default_factory=dict)
    silence: float = -100.0
    """Of any reading, about silence."""
    heard_again: list[str] = field(default_factory=list)

    def path(self, text: str) -> Path:
        return Path(tuple(map(hash, text.split())), (self.first[text],), (), ())

    def text(self, path: Path) -> str:
        return next(text for text in self.first if tuple(map(hash, text.split())) == path.tokens)

    def ending(self, word: str) -> Ending:
        return Ending(word.lower(), word, self.margins.get(word, self.margin))

    def look(self, path: Path) -> list[Spotted]:
        looks = self.looks.get(self.text(path), ())
        return [Spotted(self.path(text), self.ending(word)) for text, word in looks]

    def mark(self, path: Path) -> Reading:
        words = enumerate(self.text(path).split())
        found = [Occurrence(self.ending(w), i, i + 1, len(w)) for i, w in words if w.isupper()]
        return Reading(path, tuple(found))

    def again(self, path: Path) -> float:
        self.heard_again.append(self.text(path))
        return self.second.get(self.text(path), self.first[self.text(path)])

    def ear(self) -> Ear:
        return Ear(self.look, self.mark, self.again, lambda path: self.silence)

    def accept(self, text: str, most: int = 6) -> tuple[str, list[str]]:
        reading, proposed = accept(self.path(text), self.ear(), most)
        return self.text(reading.path), [self.text(each.path) for each in proposed]


@pytest.mark.parametrize(
    ("first", "second", "believed"),
    [
        (0.0, 0.0, True),
        (-MARGIN, -MARGIN, True),
        (-MARGIN, -MARGIN - 0.01, False),
        (-MARGIN + 1, -MARGIN - 1, True),
        (-MARGIN + 1, -MARGIN - 1.01, False),
        (-MARGIN - SLACK, -MARGIN + SLACK, True),
        (-MARGIN - SLACK - 0.01, 20.0, False),
        (5.0, -MARGIN - 20, False),
        (-30.0, 0.0, False),
    ],
)
def test_a_term_stands_where_the_mean_of_two_hearings_allows_it(
    first: float, second: float, believed: bool
) -> None:
    clip = Clip(
        {"eat it": -10.0, "YEET it": -10.0 + first},
        {"eat it": -11.0, "YEET it": -11.0 + second},
        {"eat it": (("YEET it", "YEET"),)},
    )
    assert clip.accept("eat it")[0] == ("YEET it" if believed else "eat it")


@pytest.mark.parametrize(("above", "believed"), [(HEARD, True), (HEARD - 0.01, False)])
def test_a_term_that_silence_says_as_readily_is_made_up(above: float, believed: bool) -> None:
    clip = Clip(
        {"woof": -8.0, "THANK you": -6.0},
        looks={"woof": (("THANK you", "THANK"),)},
        silence=-6.0 - above,
    )
    assert clip.accept("woof")[0] == ("THANK you" if believed else "woof")


def test_without_an_accepted_term_the_plain_path_stands_itself() -> None:
    clip = Clip({"eat it": -1.0, "YEET it": -9.0}, looks={"eat it": (("YEET it", "YEET"),)})
    path = clip.path("eat it")
    reading, proposed = accept(path, clip.ear())
    assert reading.path is path
    assert reading.terms == ()
    assert len(proposed) == 1


def test_nobody_listens_again_where_nothing_may_pass() -> None:
    clip = Clip({"eat it": -1.0, "YEET it": -9.0}, looks={"eat it": (("YEET it", "YEET"),)})
    clip.accept("eat it")
    assert clip.heard_again == []


def test_the_second_hearing_vetoes_the_best_and_the_next_is_asked() -> None:
    clip = Clip(
        {"eat rice": -5.0, "YEET rice": -5.5, "eat RIZZ": -6.0},
        {"YEET rice": -40.0},
        {"eat rice": (("YEET rice", "YEET"), ("eat RIZZ", "RIZZ"))},
    )
    assert clip.accept("eat rice")[0] == "eat RIZZ"


def test_a_term_that_the_plain_reading_has_already_is_marked_and_kept() -> None:
    clip = Clip(
        {"YEET rice": -5.0, "eat RIZZ": -5.0, "YEET RIZZ": -6.0, "eat rice": -4.0},
        looks={"YEET rice": (("eat RIZZ", "RIZZ"), ("YEET RIZZ", "RIZZ"), ("eat rice", "YEET"))},
    )
    assert clip.accept("YEET rice")[0] == "YEET RIZZ"


def test_several_terms_are_taken_one_after_the_other() -> None:
    clip = Clip(
        {"eat rice": -5.0, "YEET rice": -6.0, "eat RIZZ": -7.0, "YEET RIZZ": -8.0},
        looks={
            "eat rice": (("YEET rice", "YEET"), ("eat RIZZ", "RIZZ")),
            "YEET rice": (("YEET RIZZ", "RIZZ"), ("eat RIZZ", "RIZZ")),
        },
    )
    assert clip.accept("eat rice") == ("YEET RIZZ", ["YEET rice", "eat RIZZ"])


def test_a_later_term_never_costs_an_earlier_one() -> None:
    clip = Clip(
        {"eat rice": -5.0, "YEET rice": -6.0, "eat RIZZ": -1.0},
        {"eat RIZZ": -50.0},
        {
            "eat rice": (("YEET rice", "YEET"), ("eat RIZZ", "RIZZ")),
            "YEET rice": (("eat RIZZ", "RIZZ"),),
        },
    )
    assert clip.accept("eat rice")[0] == "YEET rice"


@pytest.mark.parametrize(
    ("score", "winner"), [(-7.0, "MEWING"), (-7.01, "MOWING"), (-4.0, "MEWING")]
)
def test_of_two_terms_for_one_place_the_margins_decide(score: float, winner: str) -> None:
    clip = Clip(
        {"MOWING": -5.0, "MEWING": score},
        looks={"MOWING": (("MEWING", "MEWING"),), "MEWING": (("MOWING", "MOWING"),)},
        margins={"MOWING": 1.0, "MEWING": 3.0},
    )
    assert clip.accept("MOWING")[0] == winner


def test_a_term_that_is_said_twice_is_heard_twice() -> None:
    clip = Clip(
        {"eat and eat": -5.0, "YEET and eat": -6.0, "eat and YEET": -7.0, "YEET and YEET": -8.0},
        looks={
            "eat and eat": (("YEET and eat", "YEET"), ("eat and YEET", "YEET")),
            "YEET and eat": (("YEET and YEET", "YEET"),),
        },
    )
    assert clip.accept("eat and eat")[0] == "YEET and YEET"


def test_one_place_is_not_looked_at_again_for_the_same_term() -> None:
    clip = Clip(
        {"eat it": -5.0, "YEET it": -6.0, "YEET that": -7.0},
        looks={
            "eat it": (("YEET it", "YEET"), ("YEET that", "YEET")),
            "YEET it": (("YEET that", "YEET"),),
        },
    )
    assert clip.accept("eat it")[0] == "YEET it"
    assert clip.heard_again == ["eat it", "YEET it"]


def test_terms_that_were_heard_anyway_do_not_use_up_the_room_for_others() -> None:
    clip = Clip(
        {"A B C eat": -5.0, "A B C YEET": -6.0},
        looks={"A B C eat": (("A B C YEET", "YEET"),)},
    )
    assert clip.accept("A B C eat", most=2)[0] == "A B C YEET"


def test_no_more_terms_are_taken_than_allowed() -> None:
    texts = ["e e e", "Y e e", "Y Y e", "Y Y Y"]
    looks = {
        before: tuple((after, "Y") for after in texts[i + 1 :]) for i, before in enumerate(texts)
    }
    clip = Clip({text: -5.0 - i for i, text in enumerate(texts)}, looks=looks)
    assert clip.accept("e e e", most=2)[0] == "Y Y e"


def test_proposals_of_equal_merit_are_tried_in_the_order_they_came() -> None:
    looks = {"eat it": (("YEET it", "YEET"), ("RIZZ it", "RIZZ"))}
    clip = Clip({"eat it": -5.0, "YEET it": -6.0, "RIZZ it": -6.0}, looks=looks)
    assert {clip.accept("eat it")[0] for _ in range(3)} == {"YEET it"}
