"""What a lead decides: override, undo, retire, import."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flow.house import YEET, House, kept, taught

from earwitness.errors import InputError, NotFound, RevisionConflict, TermRefused
from earwitness.flow import lead, steps
from earwitness.model import ItemState, Lexicon, Taught, Term, TrialOutcome

BUSSIN = Taught("bussin")


def held(house: House, *terms: Taught) -> str:
    """A term over the limits; the id of its trial."""
    taught(house, 13, "this is bussin", *(terms or (BUSSIN,)))
    trial_id, _, outcome = house.records.trials()[-1]
    assert outcome is TrialOutcome.HELD
    return trial_id


def overridden(house: House, trial_id: str) -> TrialOutcome:
    order = lead.override(
        f"o-{trial_id}", trial_id, "lee", "worth it", house.now, records=house.records
    )
    house.records.add(order)
    house.carry_out_pending()
    return house.records.trial(trial_id)[1]


# --- override -----------------------------------------------------------------


def test_a_held_term_goes_live_by_an_override_with_a_name_and_a_reason(house: House) -> None:
    taught(house, 13, "this is bussin", Taught("bussin"))
    ((held, _, _),) = house.records.trials()
    order = lead.override("o1", held, "lee", "worth it", house.now, records=house.records)
    house.records.add(order)
    house.carry_out_pending()
    trial, outcome = house.records.trial(held)
    assert outcome is TrialOutcome.LIVE
    assert "Overridden by lee: worth it" in trial.because
    assert house.text_of(13) == "this is bussin"


def test_only_a_held_trial_is_overridden_and_never_without_a_reason(house: House) -> None:
    taught(house, 13, "this is bussin", Taught("bussin"))
    ((held, _, _),) = house.records.trials()
    with pytest.raises(InputError, match="reason"):
        lead.override("o1", held, "lee", " ", house.now, records=house.records)
    with pytest.raises(NotFound):
        lead.override("o1", "nothing", "lee", "why", house.now, records=house.records)


def test_an_override_is_published_on_whatever_went_live_since(house: House) -> None:
    trial_id = held(house)
    lead.publish_all([Term("yeet")], "lee", "import", house.now, house.teaching)
    assert overridden(house, trial_id) is TrialOutcome.LIVE
    assert set(house.records.lexicon().terms) == {"yeet", "bussin"}


def test_an_override_takes_nothing_away_from_what_is_live_by_then(house: House) -> None:
    trial_id = held(house)
    live = Term("bussin", misheard=("basin",), margin=9.0)
    house.records.publish(0, put=[live], by="bob", why="", now=house.now)
    assert overridden(house, trial_id) is TrialOutcome.LIVE
    term = house.records.lexicon().terms["bussin"]
    assert set(term.misheard) >= {"basin"}
    assert term.margin is not None
    assert term.margin >= 9.0


def test_an_override_is_refused_where_another_term_is_in_the_way_by_then(house: House) -> None:
    trial_id = held(house, Taught("bussin", misheard=("bus in",)))
    house.records.publish(
        0, put=[Term("busing", misheard=("bus in",))], by="bob", why="", now=house.now
    )
    with pytest.raises(TermRefused, match="clashes with the live term 'busing'"):
        lead.override("o1", trial_id, "lee", "worth it", house.now, records=house.records)
    assert house.records.trial(trial_id)[1] is TrialOutcome.HELD


def test_who_is_overtaken_between_the_order_and_its_step_is_refused_in_words(house: House) -> None:
    trial_id = held(house, Taught("bussin", misheard=("bus in",)))
    order = lead.override("o1", trial_id, "lee", "worth it", house.now, records=house.records)
    house.records.add(order)
    house.records.publish(
        0, put=[Term("busing", misheard=("bus in",))], by="bob", why="", now=house.now
    )
    house.carry_out_pending()
    trial, outcome = house.records.trial(trial_id)
    assert outcome is TrialOutcome.REFUSED
    assert "clashes" in trial.because
    assert set(house.records.lexicon().terms) == {"busing"}


@pytest.mark.parametrize(
    ("number", "text", "written", "outcome"),
    [(0, "yeet that alarm", "yeet", "live"), (3, "what time is it", "is", "refused")],
)
def test_what_is_live_or_refused_is_not_overridden(
    house: House, number: int, text: str, written: str, outcome: str
) -> None:
    taught(house, number, text, Taught(written))
    ((trial_id, _, _),) = house.records.trials()
    with pytest.raises(InputError, match=f"is {outcome}; only a held one"):
        lead.override("o1", trial_id, "lee", "why", house.now, records=house.records)


def test_an_override_that_runs_again_after_an_undo_brings_nothing_back(house: House) -> None:
    trial_id = held(house)
    overridden(house, trial_id)
    lead.undo(0, "lee", "a mistake", house.now, house.teaching)
    steps.carry_out(f"o-{trial_id}", house.now, house.teaching)
    assert not house.records.lexicon().terms
    assert house.records.revision() == 2


# --- undo, retire, import -----------------------------------------------------


def test_undo_puts_back_what_the_word_settled_where_it_was_in_the_queue(house: House) -> None:
    explained = kept(house, 1)
    before = house.records.item(explained)
    taught(house)
    assert house.records.item(explained).state is ItemState.SETTLED
    lexicon = lead.undo(0, "lee", "a mistake", house.now, house.teaching)
    assert house.records.item(explained) == before
    assert house.records.reopened(lexicon.revision) == [explained]


def test_retiring_puts_back_what_the_word_settled_and_no_judged_clip(house: House) -> None:
    explained = kept(house, 1)
    event = taught(house)
    lead.retire("yeet", "lee", "unused", house.now, house.teaching)
    assert house.records.item(explained).state is ItemState.WAITING
    assert house.records.item(event.payload["utterance"]).state is ItemState.CLOSED
    steps.carry_out(event.id, house.now, house.teaching)
    assert house.records.item(explained).state is ItemState.WAITING


def test_a_word_that_is_undone_before_it_settles_settles_nothing(house: House) -> None:
    class Undone:
        """The store, with a lead who is quicker than the step that settles."""

        def __getattr__(self, name: str) -> object:
            return getattr(house.records, name)

        def settle(self, *what: object) -> bool:
            house.records.restore(0, by="lee", why="", now=house.now)
            return house.records.settle(*what)  # type: ignore[arg-type]

    explained = kept(house, 1)
    event = house.answer(kept(house, 0), "yeet that alarm", YEET, carried=False)
    on = replace(house.teaching, records=Undone())  # type: ignore[arg-type]
    steps.carry_out(event.id, house.now, on)
    assert house.records.revision() == 2
    assert house.records.item(explained).state is ItemState.WAITING


def test_before_anything_was_published_there_is_nothing_to_undo(house: House) -> None:
    for revision in (-1, 0):
        with pytest.raises(InputError, match="Nothing was published yet"):
            lead.undo(revision, "lee", "", house.now, house.teaching)
    assert house.records.history() == []


@pytest.mark.parametrize("revision", [-1, 3, 10**12])
def test_undo_to_a_number_that_never_was_names_the_newest(house: House, revision: int) -> None:
    house.records.publish(0, put=[Term("yeet")], by="ada", why="", now=house.now)
    house.records.publish(1, put=[Term("finna")], by="ada", why="", now=house.now)
    with pytest.raises(NotFound, match=f"no lexicon revision {revision}; the newest is 2"):
        lead.undo(revision, "lee", "", house.now, house.teaching)
    assert house.records.revision() == 2


def test_undo_to_what_is_live_already_publishes_nothing(house: House) -> None:
    house.records.publish(0, put=[Term("yeet")], by="ada", why="", now=house.now)
    with pytest.raises(InputError, match="Revision 1 is the newest and live already"):
        lead.undo(1, "lee", "", house.now, house.teaching)
    assert house.records.revision() == 1


def test_undo_is_heard_at_once_and_keeps_the_history(house: House) -> None:
    taught(house)
    lexicon = lead.undo(0, "lee", "a mistake", house.now, house.teaching)
    assert (lexicon.revision, dict(lexicon.terms)) == (2, {})
    assert house.text_of(0) == "eat that alarm"
    assert house.records.history()[0][::2] == (2, "lee")


def test_a_term_is_retired_and_the_others_stay(house: House) -> None:
    terms = [Term("yeet"), Term("finna")]
    lead.publish_all(terms, "lee", "import", house.now, house.teaching)
    lead.retire("Yeet", "lee", "unused", house.now, house.teaching)
    assert set(house.records.lexicon().terms) == {"finna"}
    with pytest.raises(NotFound, match="yeet"):
        lead.retire("yeet", "lee", "again", house.now, house.teaching)


def test_a_list_goes_live_in_one_revision_without_what_cannot_be_honoured(house: House) -> None:
    terms = [Term("yeet"), Term("the"), Term("yoink", misheard=("yeet",)), Term("finna")]
    lexicon, refused = lead.publish_all(terms, "lee", "import", house.now, house.teaching)
    assert (lexicon.revision, set(lexicon.terms)) == (1, {"yeet", "finna"})
    assert set(refused) == {"the", "yoink"}


def test_a_list_of_nothing_usable_publishes_nothing(house: House) -> None:
    lexicon, refused = lead.publish_all([Term("the")], "lee", "", house.now, house.teaching)
    assert (lexicon.revision, set(refused)) == (0, {"the"})


def test_the_same_list_again_publishes_what_is_new_in_it_or_nothing(house: House) -> None:
    listed = [Term("yeet"), Term("finna", misheard=("fin",))]
    for terms, revision in ((listed, 1), (listed, 1), ([*listed, Term("rizz")], 2)):
        lexicon, refused = lead.publish_all(terms, "lee", "import", house.now, house.teaching)
        assert (lexicon.revision, refused) == (revision, {})
    assert set(lexicon.terms) == {"yeet", "finna", "rizz"}


def test_a_list_is_published_on_whatever_is_newest(house: House) -> None:
    class Busy:
        def __init__(self) -> None:
            self.conflicts = 2

        def __getattr__(self, name: str) -> object:
            return getattr(house.records, name)

        def publish(self, based_on: int, **change: object) -> Lexicon:
            self.conflicts -= 1
            if self.conflicts >= 0:
                raise RevisionConflict
            return house.records.publish(based_on, **change)  # type: ignore[arg-type]

    on = replace(house.teaching, records=Busy())  # type: ignore[arg-type]
    lexicon, _ = lead.publish_all([Term("yeet")], "lee", "", house.now, on)
    assert lexicon.revision == 1
