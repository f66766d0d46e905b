"""What every store promises about utterances and the queue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests import strategies
from tests.values import MINUTE, START, item, judgement, transcript, utterance

from earwitness.errors import LeaseLost, NotFound, StoreError
from earwitness.model import ItemState, Judgement, Lease, Utterance, Verdict
from earwitness.stores import SqlRecords, open_store


def keep(store: SqlRecords, *names: str) -> None:
    for place, name in enumerate(names):
        store.keep(utterance(name), item(name, priority=-place))


def leased(store: SqlRecords, analyst: str = "ada", name: str | None = None) -> Lease:
    lease = store.lease(analyst, START, MINUTE, name)
    assert lease is not None
    return lease


def test_what_was_kept_is_read_back(store: SqlRecords) -> None:
    store.keep(utterance("u1"), item("u1", 0.25))
    assert store.utterance("u1") == utterance("u1")
    assert store.item("u1") == item("u1", 0.25)
    assert [event.id for event in store.pending()] == ["doubted:u1"]


@given(anything=strategies.utterances)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_utterance_is_read_back(store: SqlRecords, anything: Utterance) -> None:
    try:
        before = store.utterance(anything.id)
    except NotFound:
        before = anything
    store.keep(anything, item(anything.id))
    assert store.utterance(anything.id) == before


def test_keeping_twice_changes_nothing(store: SqlRecords) -> None:
    keep(store, "u1")
    leased(store)
    store.keep(replace(utterance("u1"), clip="another"), item("u1", 99.0))
    assert store.utterance("u1") == utterance("u1")
    assert store.item("u1").priority == 0
    assert len(store.pending()) == 1


def test_an_utterance_is_kept_with_its_own_new_item(store: SqlRecords) -> None:
    for wrong in (item("u2"), replace(item("u1"), state=ItemState.CLOSED)):
        with pytest.raises(StoreError, match="u1"):
            store.keep(utterance("u1"), wrong)
    assert store.items() == []


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_text_that_not_every_store_can_hold_is_refused(store: SqlRecords, bad: str) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        store.keep(replace(utterance("u1"), clip=bad), item("u1"))
    assert (store.items(), store.pending()) == ([], [])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_priority_that_is_no_number_is_refused(store: SqlRecords, bad: float) -> None:
    with pytest.raises(StoreError, match="finite"):
        store.keep(utterance("u1"), item("u1", bad))
    with pytest.raises(NotFound):
        store.utterance("u1")


def test_a_moment_without_a_zone_is_refused(store: SqlRecords) -> None:
    with pytest.raises(StoreError, match="time zone"):
        store.keep(replace(utterance("u1"), heard_at=START.replace(tzinfo=None)), item("u1"))


def test_what_is_not_there_is_not_found(store: SqlRecords) -> None:
    for ask in (store.utterance, store.item, lambda name: store.lease("ada", START, MINUTE, name)):
        with pytest.raises(NotFound, match="nothing"):
            ask("nothing")
    with pytest.raises(NotFound, match="nothing"):
        store.settle("nothing", transcript(), "", START)
    assert store.judgements("nothing") == []


def test_the_most_valuable_comes_first_and_then_the_oldest(store: SqlRecords) -> None:
    for name, priority, minutes in (("low", 0.1, 0), ("late", 0.9, 2), ("early", 0.9, 1)):
        store.keep(utterance(name), item(name, priority, START + minutes * MINUTE))
    order = ["early", "late", "low"]
    assert [each.utterance for each in store.items()] == order
    assert [each.id for each in store.backlog()] == order
    analysts = ("ada", "bob", "cy")
    assert [leased(store, analyst).utterance for analyst in analysts] == order
    assert store.lease("dee", START, MINUTE) is None


def test_items_can_be_asked_for_by_state(store: SqlRecords) -> None:
    keep(store, "u1", "u2", "u3")
    store.settle("u2", transcript(), "explained", START)
    assert [each.utterance for each in store.items([ItemState.WAITING])] == ["u1", "u3"]
    assert [each.utterance for each in store.items([ItemState.SETTLED])] == ["u2"]
    assert len(store.items(limit=2)) == 2


def test_a_leased_item_is_nobody_elses(store: SqlRecords) -> None:
    keep(store, "u1")
    leased(store)
    assert store.lease("bob", START, MINUTE) is None
    assert store.lease("bob", START, MINUTE, "u1") is None


def test_who_comes_back_gets_their_own_clip_back_first_and_renewed(store: SqlRecords) -> None:
    store.keep(utterance("best"), item("best", 0.9))
    store.keep(utterance("held"), item("held", 0.1))
    held = leased(store, "ada", "held")
    again = store.lease("ada", START + MINUTE / 2, MINUTE)
    assert again == replace(held, expires_at=START + MINUTE / 2 + MINUTE)
    assert store.lease("bob", START + MINUTE, MINUTE, "held") is None
    assert store.lease("ada", START + MINUTE, MINUTE, "best") is not None, "another, if named"
    store.judge(held, judgement("held"), ItemState.CLOSED, "", START + MINUTE)
    with pytest.raises(LeaseLost):
        store.judge(again, judgement("held"), ItemState.CLOSED, "", START + MINUTE)


def test_a_lease_that_is_over_is_given_anew_and_the_old_one_is_dead(store: SqlRecords) -> None:
    keep(store, "u1")
    late = leased(store)
    again = store.lease("ada", START + MINUTE, MINUTE)
    assert again is not None
    assert again.token != late.token
    with pytest.raises(LeaseLost):
        store.judge(late, judgement("u1"), ItemState.CLOSED, "", START + MINUTE)


def test_an_expired_lease_frees_its_item_and_the_late_answer_is_refused(store: SqlRecords) -> None:
    keep(store, "u1")
    late = leased(store)
    stolen = store.lease("bob", START + MINUTE, MINUTE)
    assert stolen is not None
    assert (stolen.utterance, stolen.analyst) == ("u1", "bob")
    with pytest.raises(LeaseLost, match="ada"):
        store.judge(late, judgement("u1"), ItemState.CLOSED, "", START)
    assert store.judgements("u1") == []
    store.judge(stolen, judgement("u1", "bob"), ItemState.CLOSED, "judged", START + MINUTE)


def test_an_answer_at_the_very_end_of_the_lease_is_late(store: SqlRecords) -> None:
    keep(store, "u1")
    lease = leased(store)
    with pytest.raises(LeaseLost):
        store.judge(lease, judgement("u1"), ItemState.CLOSED, "", lease.expires_at)
    with pytest.raises(LeaseLost):
        store.renew(lease, lease.expires_at, MINUTE)


def test_a_renewed_lease_lasts_longer(store: SqlRecords) -> None:
    keep(store, "u1")
    renewed = store.renew(leased(store), START + MINUTE / 2, MINUTE)
    assert renewed.expires_at == START + 1.5 * MINUTE
    assert store.lease("bob", START + MINUTE, MINUTE) is None
    store.judge(renewed, judgement("u1"), ItemState.CLOSED, "", START + 1.25 * MINUTE)


def test_a_released_item_is_free_and_its_lease_is_dead(store: SqlRecords) -> None:
    keep(store, "u1")
    lease = leased(store)
    store.release(lease)
    for use in (
        lambda: store.release(lease),
        lambda: store.renew(lease, START, MINUTE),
        lambda: store.judge(lease, judgement("u1"), ItemState.CLOSED, "", START),
    ):
        with pytest.raises(LeaseLost):
            use()
    assert leased(store, "bob").utterance == "u1"


def test_a_judgement_closes_the_item_with_its_event(store: SqlRecords) -> None:
    keep(store, "u1")
    event = store.judge(leased(store), judgement("u1"), ItemState.CLOSED, "judged", START)
    assert store.judgements("u1") == [judgement("u1")]
    assert store.item("u1") == replace(
        item("u1", 0), state=ItemState.CLOSED, closed_at=START, closed_because="judged"
    )
    assert store.pending()[-1] == event
    assert (event.kind, event.payload["judgement"]) == ("judged", "u1-by-ada")
    assert store.backlog() == []


def test_the_same_lease_answers_once(store: SqlRecords) -> None:
    keep(store, "u1")
    lease = leased(store)
    store.judge(lease, judgement("u1"), ItemState.CLOSED, "judged", START)
    with pytest.raises(LeaseLost):
        store.judge(lease, judgement("u1"), ItemState.CLOSED, "judged", START)


def test_a_lease_answers_its_own_item_for_its_own_holder(store: SqlRecords) -> None:
    keep(store, "u1", "u2")
    lease = leased(store)
    for wrong in (judgement("u2"), judgement("u1", "bob")):
        with pytest.raises(StoreError, match="not a judgement"):
            store.judge(lease, wrong, ItemState.CLOSED, "", START)


@pytest.mark.parametrize("state", [ItemState.WAITING, ItemState.ADJUDICATION, ItemState.SETTLED])
def test_a_first_judgement_cannot_lead_just_anywhere(store: SqlRecords, state: ItemState) -> None:
    keep(store, "u1")
    with pytest.raises(StoreError, match="cannot lead"):
        store.judge(leased(store), judgement("u1"), state, "", START)
    assert store.item("u1").state is ItemState.WAITING


def test_nobody_answers_an_item_twice(store: SqlRecords) -> None:
    keep(store, "u1")
    states = [ItemState.SECOND, ItemState.ADJUDICATION, ItemState.CLOSED]
    analysts = ["ada", "bob", "cy"]
    for place, (analyst, state) in enumerate(zip(analysts, states, strict=True)):
        for earlier in analysts[:place]:
            assert store.lease(earlier, START, MINUTE) is None
        store.judge(leased(store, analyst), judgement("u1", analyst), state, "why", START)
        assert store.item("u1").state is state
    assert [each.analyst for each in store.judgements("u1")] == analysts


def test_a_settled_item_leaves_the_queue_and_says_why(store: SqlRecords) -> None:
    keep(store, "u1")
    assert store.settle("u1", transcript("yeet that"), "explained by yeet", START)
    assert store.item("u1").closed_because == "explained by yeet"
    assert store.lease("ada", START, MINUTE) is None
    assert not store.settle("u1", transcript("again"), "again", START)
    assert store.item("u1").closed_because == "explained by yeet"
    assert store.utterance("u1").transcript == transcript()


def test_what_somebody_holds_or_judged_is_not_settled(store: SqlRecords) -> None:
    keep(store, "u1")
    lease = leased(store)
    assert not store.settle("u1", transcript(), "explained", START)
    store.judge(lease, judgement("u1"), ItemState.SECOND, "", START)
    assert not store.settle("u1", transcript(), "explained", START)
    assert store.item("u1").state is ItemState.SECOND


def test_an_expired_lease_does_not_keep_an_item_from_being_settled(store: SqlRecords) -> None:
    keep(store, "u1")
    late = leased(store)
    assert store.settle("u1", transcript(), "explained", START + MINUTE)
    with pytest.raises(LeaseLost):
        store.judge(late, judgement("u1"), ItemState.CLOSED, "", START)


def judged(store: SqlRecords, name: str, *answers: Judgement) -> None:
    """Kept, and answered by one after another; the last answer closes it."""
    keep(store, name)
    for place, answer in enumerate(answers, start=1):
        states = [ItemState.SECOND, ItemState.ADJUDICATION]
        state = ItemState.CLOSED if place == len(answers) else states[place - 1]
        store.judge(leased(store, answer.analyst, name), answer, state, "", START)


def test_the_text_of_a_transcribed_utterance_is_that_of_its_last_judgement(
    store: SqlRecords,
) -> None:
    later = START + MINUTE
    judged(store, "once", judgement("once"))
    judged(
        store,
        "ruled",
        judgement("ruled", "zoe", "eat that", START),
        judgement("ruled", "bob", "meet that", later),
        judgement("ruled", "ada", "yeet that", later + MINUTE),
    )
    silent = replace(judgement("silent", "bob", "", later), verdict=Verdict.NO_SPEECH, terms=())
    judged(store, "silent", judgement("silent"), silent)
    judged(store, "twice", judgement("twice"), judgement("twice", "bob", "yeet that", later))
    keep(store, "open")
    store.judge(leased(store, "ada", "open"), judgement("open"), ItemState.SECOND, "", START)
    found = {each.id: text for each, text in store.transcribed(2)}
    assert found == {"ruled": "yeet that", "twice": "yeet that"}
    assert {each.id for each, _ in store.transcribed(1)} == {"once", "ruled", "twice"}
    assert store.transcribed(2, limit=1) == [(store.utterance("ruled"), "yeet that")]


def test_heard_twice_are_the_blind_judgements_of_who_listened_to_the_same(
    store: SqlRecords,
) -> None:
    both = judgement("both"), judgement("both", "bob", "meet that", START + MINUTE)
    ruled = replace(judgement("both", "zoe", "yeet that", START + 2 * MINUTE), blind=False)
    judged(store, "both", *both, ruled)
    judged(store, "once", judgement("once"))
    assert store.heard_twice() == [list(both)]


def test_events_are_carried_out_in_order_and_once(store: SqlRecords) -> None:
    keep(store, "u1", "u2", "u3")
    assert [event.id for event in store.pending(limit=2)] == ["doubted:u1", "doubted:u2"]
    store.done("doubted:u1", START)
    store.done("doubted:u1", START + MINUTE)
    assert [event.id for event in store.pending()] == ["doubted:u2", "doubted:u3"]
    with pytest.raises(NotFound, match="no event"):
        store.done("doubted:nobody", START)
    store.done_all({"judged"}, START)
    assert len(store.pending()) == 2
    store.done_all({"doubted", "judged"}, START)
    assert store.pending() == []


def test_everything_is_there_after_opening_again(store: SqlRecords, url: str) -> None:
    keep(store, "u1", "u2")
    store.judge(leased(store), judgement("u1"), ItemState.CLOSED, "judged", START)
    again = open_store(url)
    assert again.items() == store.items()
    assert again.judgements("u1") == [judgement("u1")]
    assert again.pending() == store.pending()
    assert again.clips() == {"clip-of-u1", "clip-of-u2"}
    again.close()
