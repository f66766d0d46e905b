from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import TermRefused
from earwitness.model import EVERYWHERE, Lexicon, Source, Term
from earwitness.speech.lexicon import (
    COMMON,
    LONGEST,
    MOST_FORMS,
    MOST_WORDS,
    changes,
    check,
    check_against,
    in_scope,
    plain,
    spellings,
)

BAD_FORMS = {
    "empty": ("", "no letter"),
    "blank": (" \u00a0 ", "no letter"),
    "digits only": ("1984", "no letter"),
    "punctuation only": ("?!...", "no letter"),
    "a null": ("ye\x00et", "control"),
    "a tab": ("ye\tet", "control"),
    "a line break": ("yeet\n", "control"),
    "an escape": ("\x1b[31myeet", "control"),
    "a soft hyphen": ("ye\u00adet", "invisible"),
    "a zero-width joiner": ("ye\u200det", "invisible"),
    "a right-to-left override": ("ye\u202eet", "invisible"),
    "an isolate": ("\u2066yeet\u2069", "invisible"),
    "half a surrogate pair": ("ye\ud800et", "invalid"),
    "a private character": ("ye\ue000et", "invalid"),
    "no character at all": ("ye\uffffet", "invalid"),
    "a script": ("<script>alert(2)</script>", "nobody says"),
    "half a bracket": ("script>alert", "nobody says"),
    "Hebrew": ("\u05e9\u05dc\u05d5\u05dd", "right to left"),
    "Arabic": ("\u0633\u0644\u0627\u0645", "right to left"),
    "Arabic in one letter": ("\ufdfa", "right to left"),
    "5,000 characters": ("y" * 5000, "5000 characters"),
    "one too many": ("y" * (LONGEST + 1), f"{LONGEST + 1} characters"),
    "a sentence": ("go to the very end of it", f"more than {MOST_WORDS} words"),
    "the": ("the", "common word"),
    "THE in full width": ("\uff34\uff28\uff25", "common word"),
    "padded the": ("  The ", "common word"),
}


@pytest.mark.parametrize(
    "form",
    [
        "St. John's",
        "R2-D2",
        "C++",
        "AC/DC",
        "Yahoo!",
        "7-Eleven",
        "H&M",
        "O\u2019Brien",
        "na\u00efve",
    ],
)
def test_names_with_signs_that_are_said_or_passed_over_can_be_taught(form: str) -> None:
    check(Term(form))


@pytest.mark.parametrize("name", BAD_FORMS)
@pytest.mark.parametrize("place", ["written", "spoken", "misheard"])
def test_a_form_that_nobody_could_honour_is_refused_wherever_it_stands(
    name: str, place: str
) -> None:
    form, reason = BAD_FORMS[name]
    forms: dict[str, Term] = {
        "written": Term(form),
        "spoken": Term("yeet", spoken=("yeat", form)),
        "misheard": Term("yeet", misheard=("eat", form)),
    }
    with pytest.raises(TermRefused, match=reason) as refused:
        check(forms[place])
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "form",
    [
        "yeet",
        "Xochitl",
        "Khal\u00e9esi",
        "bussin'",
        "rock 'n' roll",
        "R2-D2",
        "route 66",
        "y" * LONGEST,
        "a b c d e f",
        "the Hague",
        "of the",
        "I'm",
    ],
)
def test_ordinary_forms_are_taken(form: str) -> None:
    check(Term(form, spoken=(form,), misheard=(form,)))


@pytest.mark.parametrize("form", ["search", "Search", "twenty-five", "eat"])
def test_a_spoken_form_that_is_an_ordinary_word_is_refused(form: str) -> None:
    with pytest.raises(TermRefused, match=r"ordinary word.*misheard form"):
        check(Term("Saoirse", spoken=("sersha", form)))
    check(Term("Saoirse", misheard=(form,)))
    check(Term(form, spoken=(form.upper(),)))


@pytest.mark.parametrize("word", sorted(COMMON))
def test_no_very_common_word_can_be_swallowed(word: str) -> None:
    for term in (Term(word), Term("yeet", misheard=(word.title(),))):
        with pytest.raises(TermRefused, match="common word"):
            check(term)


@pytest.mark.parametrize("weight", [0.0, -1.0, 4.01, math.inf, -math.inf, math.nan])
def test_a_weight_is_bounded(weight: float) -> None:
    with pytest.raises(TermRefused, match=r"'yeet': a weight lies above 0"):
        check(Term("yeet", weight=weight))


@pytest.mark.parametrize("margin", [-0.01, 40.01, math.inf, math.nan])
def test_a_margin_is_bounded(margin: float) -> None:
    with pytest.raises(TermRefused, match=r"'yeet': a margin lies between 0 and 40"):
        check(Term("yeet", margin=margin))


@pytest.mark.parametrize(("weight", "margin"), [(0.01, 0.0), (4.0, 40.0), (1.0, None)])
def test_bounds_are_within(weight: float, margin: float | None) -> None:
    check(Term("yeet", weight=weight, margin=margin))


def test_the_forms_of_a_term_are_counted() -> None:
    forms = tuple(f"form {chr(97 + i)}" for i in range(MOST_FORMS))
    check(Term("yeet", misheard=forms))
    with pytest.raises(TermRefused, match=f"{MOST_FORMS + 1} forms; at most {MOST_FORMS}"):
        check(Term("yeet", spoken=("yeat",), misheard=forms))


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "everyone",
        "Everywhere",
        "locale:",
        "locale: en",
        "household:a b",
        "household:\x00",
        "household:\u202e7",
        "household:" + "x" * 101,
        "locale:en\n",
        "device:7",
    ],
)
def test_a_scope_is_one_that_speech_can_have(scope: str) -> None:
    with pytest.raises(TermRefused, match="a scope is") as refused:
        check(Term("yeet", scope=scope))
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "scope", [EVERYWHERE, "locale:en-GB", "household:7f", "household:" + "x" * 100]
)
def test_good_scopes_are_taken(scope: str) -> None:
    check(Term("yeet", scope=scope))


def lexicon(*terms: Term) -> Lexicon:
    return Lexicon(1, MappingProxyType({term.key: term for term in terms}))


LIVE = Term("Saoirse", spoken=("sersha",), misheard=("sir sha", "surely"))


@pytest.mark.parametrize(
    "term",
    [
        Term("sersha"),
        Term("Sersha"),
        Term("surely"),
        Term("Sir  Sha"),
        Term("yeet", spoken=("saoirse",)),
        Term("yeet", spoken=("SURELY",)),
        Term("yeet", misheard=("saoirse",)),
        Term("yeet", misheard=("sersha",)),
        Term("yeet", misheard=("Surely",)),
        Term("yeet", misheard=("\uff33urely",)),
    ],
)
def test_no_form_answers_for_two_live_terms(term: Term) -> None:
    with pytest.raises(TermRefused, match=r"clashes with the live term 'Saoirse'"):
        check_against(term, lexicon(Term("rizz"), LIVE))


@pytest.mark.parametrize(("one", "other"), [("rock'n", "rock\u2019n"), ("rock\u2019n", "rock'n")])
@pytest.mark.parametrize("place", ["spoken", "misheard"])
def test_an_apostrophe_is_one_however_it_is_typed(one: str, other: str, place: str) -> None:
    live = replace(Term("yeet"), **{place: (one,)})  # type: ignore[arg-type]
    with pytest.raises(TermRefused, match="clashes"):
        check_against(Term("rizz", misheard=(other,)), lexicon(live))


def test_a_term_does_not_clash_with_its_own_earlier_self() -> None:
    check_against(Term("saoirse", misheard=("surely",)), lexicon(LIVE))
    check_against(Term("rizz", misheard=("rise",)), lexicon(LIVE))


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (EVERYWHERE, EVERYWHERE, True),
        (EVERYWHERE, "locale:en-GB", True),
        ("household:7", EVERYWHERE, True),
        ("household:7", "household:7", True),
        ("household:7", "locale:en-GB", True),
        ("locale:en-GB", "household:7", True),
        ("household:7", "household:8", False),
        ("locale:en-GB", "locale:en-IE", False),
    ],
)
def test_terms_clash_only_where_one_device_could_have_both(
    one: str, other: str, meet: bool
) -> None:
    live = lexicon(Term("yeet", misheard=("eat",), scope=one))
    term = Term("each", misheard=("eat",), scope=other)
    if meet:
        with pytest.raises(TermRefused, match="'eat'"):
            check_against(term, live)
    else:
        check_against(term, live)


def test_speech_has_the_terms_of_its_household_and_locale() -> None:
    terms = lexicon(
        Term("rizz"),
        Term("yeet", scope="household:7"),
        Term("finna", scope="household:8"),
        Term("craic", scope="locale:en-IE"),
        Term("bussin", scope="locale:en-US"),
    )
    source = Source(household="7", locale="en-IE")
    assert [key for key, _ in in_scope(terms, source)] == ["rizz", "yeet", "craic"]


def test_the_spellings_that_print_a_term_are_folded_and_without_misheard_forms() -> None:
    term = Term("Bussin\u2019", spoken=("BUSSEN",), misheard=("bus in",))
    assert spellings(term) == {"bussin'", "bussen"}
    assert plain(" Caf\u00c9\u00a0 \uff2f\u02bcK ") == "caf\u00e9 o'k"


names = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)
TERMS = {(key, i): Term(key, why=str(i)) for key in "abcdef" for i in range(3)}


@given(names, names)
def test_the_changes_lead_from_one_revision_to_the_other(
    before: dict[str, int], after: dict[str, int]
) -> None:
    one = {key: TERMS[key, i] for key, i in before.items()}
    assert dict(changes(one, {key: replace(term) for key, term in one.items()})) == {}
    other = {key: TERMS[key, i] for key, i in after.items()}
    found = dict(changes(one, other))
    assert set(found) == {
        key for key in one.keys() | other.keys() if one.get(key) != other.get(key)
    }
    led = {key: term for key, term in {**one, **found}.items() if term is not None}
    assert led == other
