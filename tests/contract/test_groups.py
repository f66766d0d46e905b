"""Groups of clips that sound alike, and what was heard in them, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.values import MINUTE, START, item, judgement, utterance

from earwitness.errors import JudgementError, LeaseLost, NotFound, StoreError
from earwitness.model import Alike, ItemState, Lease, SameWord, SoundGroup, Term
from earwitness.stores import SqlRecords, open_store

SEED = "u0"
MEMBERS = ("u1", "u2", "u3", "u4")


@pytest.fixture
def queue(store: SqlRecords) -> SqlRecords:
    """Five clips, the first of them judged."""
    for number, name in enumerate((SEED, *MEMBERS)):
        store.keep(utterance(name), item(name, -number))
    lease = store.lease("ada", START, MINUTE, SEED)
    assert lease is not None
    store.judge(lease, judgement(SEED), ItemState.CLOSED, "judged", START)
    return store


def group(name: str = "g1", members: tuple[str, ...] = MEMBERS) -> SoundGroup:
    alike = tuple(Alike(member, 0.9 - at / 10) for at, member in enumerate(members))
    return SoundGroup(name, SEED, "yeet", "Yeet", "ada", START, alike)


def leased(store: SqlRecords, name: str) -> Lease:
    lease = store.lease("ada", START, MINUTE, name)
    assert lease is not None
    return lease


def said(name: str, same: bool = True, at: timedelta = MINUTE / 2) -> SameWord:
    return SameWord(name, "ada", same, START + at)


def heard(store: SqlRecords, name: str, same: bool = True, of: str = "g1") -> SoundGroup:
    lease = leased(store, name)
    return store.answer_group(of, lease, said(name, same), START + MINUTE / 2)


def test_what_waits_is_known_by_its_ids_as_the_backlog_has_it(queue: SqlRecords) -> None:
    assert queue.waiting_ids() == [each.id for each in queue.backlog()] == list(MEMBERS)
    assert queue.waiting_ids(2) == ["u1", "u2"]


def test_a_group_is_kept_as_it_was_made_once(queue: SqlRecords, url: str) -> None:
    assert queue.make_group(group()) == group()
    assert queue.make_group(group(members=("u2",))) == group()
    again = open_store(url)
    assert again.group("g1") == group()
    again.close()
    with pytest.raises(NotFound):
        queue.group("g2")


def test_members_keep_their_order(queue: SqlRecords) -> None:
    assert queue.make_group(group(members=("u3", "u1", "u2"))).members[0].utterance == "u3"


def test_the_groups_of_a_clip_are_known(queue: SqlRecords) -> None:
    queue.make_group(group("g2", ("u1", "u2")))
    queue.make_group(group("g1", ("u2", "u3")))
    assert [each.id for each in queue.groups_of("u2")] == ["g1", "g2"]
    assert [each.id for each in queue.groups_of("u3")] == ["g1"]
    assert queue.groups_of("u4") == []


def test_an_answer_is_kept_and_its_clip_waits_on_for_whoever_comes(queue: SqlRecords) -> None:
    queue.make_group(group())
    assert heard(queue, "u1").answers == (said("u1"),)
    assert queue.item("u1") == item("u1", -1)
    assert queue.lease("bob", START, MINUTE, "u1") is not None
    assert queue.judgements("u1") == []


def test_three_of_three_confirm_with_one_event(queue: SqlRecords) -> None:
    queue.make_group(group())
    for name in ("u1", "u2"):
        heard(queue, name)
    assert "confirmed" not in {event.kind for event in queue.pending()}
    assert queue.confirmed_groups("yeet") == []
    whole = heard(queue, "u3")
    assert queue.event("confirmed:g1").payload == {"group": "g1"}
    assert queue.confirmed_groups("yeet") == [whole]
    assert queue.confirmed_groups("finna") == []
    lease = leased(queue, "u4")
    with pytest.raises(JudgementError):
        queue.answer_group("g1", lease, said("u4"), START + MINUTE / 2)
    assert leased(queue, "u4") == lease


def test_a_different_word_stops_it(queue: SqlRecords) -> None:
    queue.make_group(group())
    heard(queue, "u1")
    heard(queue, "u2", same=False)
    with pytest.raises(JudgementError):
        heard(queue, "u3")
    assert queue.confirmed_groups("yeet") == []
    assert len(queue.group("g1").answers) == 2


def test_a_group_settles_once(queue: SqlRecords) -> None:
    queue.make_group(group())
    for name in ("u1", "u2", "u3"):
        heard(queue, name)
    for number in range(2):
        queue.publish(number, put=[Term(f"yeet{number}")], by="ada", why="", now=START)
        queue.group_settled("g1", number + 1)
    assert queue.confirmed_groups("yeet") == []
    assert queue.group("g1").settled_in == 1


def test_a_late_answer_is_refused_and_nothing_is_written(queue: SqlRecords) -> None:
    queue.make_group(group())
    lease = leased(queue, "u1")
    with pytest.raises(LeaseLost):
        queue.answer_group("g1", lease, said("u1", at=MINUTE), START + MINUTE)
    queue.release(lease)
    with pytest.raises(LeaseLost):
        queue.answer_group("g1", lease, said("u1"), START)
    assert queue.group("g1").answers == ()


def test_nobody_answers_with_the_lease_of_another_or_about_another_clip(queue: SqlRecords) -> None:
    queue.make_group(group(members=("u1", "u2")))
    lease = leased(queue, "u1")
    with pytest.raises(StoreError):
        queue.answer_group("g1", lease, said("u2"), START)
    with pytest.raises(StoreError):
        queue.answer_group("g1", lease, SameWord("u1", "bob", True, START), START)
    with pytest.raises(StoreError):
        queue.answer_group("g1", leased(queue, "u4"), said("u4"), START)
    with pytest.raises(NotFound):
        queue.answer_group("g7", lease, said("u1"), START)


def test_what_waits_for_a_second_listener_is_not_asked_about(queue: SqlRecords) -> None:
    queue.make_group(group())
    first = queue.lease("bob", START, MINUTE, "u1")
    assert first is not None
    queue.judge(first, judgement("u1", "bob"), ItemState.SECOND, "", START)
    with pytest.raises(LeaseLost):
        queue.answer_group("g1", leased(queue, "u1"), said("u1"), START)


def test_of_two_last_answers_at_once_both_count_and_one_event_is_written(
    queue: SqlRecords, url: str
) -> None:
    other = open_store(url)
    for number in range(15):
        name = f"g{number}"
        queue.make_group(group(name))
        heard(queue, "u1", of=name)
        leases = [leased(queue, each) for each in ("u2", "u3")]
        start = threading.Barrier(2)

        def answer(
            store: SqlRecords,
            lease: Lease,
            name: str = name,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            store.answer_group(name, lease, said(lease.utterance), START)

        thread = threading.Thread(target=answer, args=(other, leases[0]))
        thread.start()
        answer(queue, leases[1])
        thread.join()
        assert len(queue.group(name).answers) == 3
        assert queue.event(f"confirmed:{name}").kind == "confirmed"
    other.close()
