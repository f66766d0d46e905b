"""One listen, many fixes: clips that sound alike are confirmed by ear and settled together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.flow.house import LEASE, SCRIPTS, YEET, House, kept, open_house

from earwitness.engines.scripted import ScriptedEngine, _Encoded
from earwitness.errors import JudgementError, LeaseLost, NotFound
from earwitness.flow import groups, lead, steps, withdrawal
from earwitness.flow.judge import Assignment
from earwitness.flow.sounding import Sounding, listen_ahead
from earwitness.model import Event, ItemState, SoundGroup, Source, Taught
from earwitness.ports import ShowsFrames
from earwitness.review.grouping import Standing

ALIKE = {0, 20, 21, 22}
"""Recordings with the same sound throughout; every other has its own."""
WAITING, SETTLED = ItemState.WAITING, ItemState.SETTLED
SAID, STOPPED, CONFIRMED = Standing.OPEN, Standing.STOPPED, Standing.CONFIRMED


class Seeing(ScriptedEngine):
    """Shows frames, which is how clips can sound alike here."""

    def frames(self, encoded: _Encoded) -> np.ndarray:
        drawn = np.random.default_rng(0 if encoded.number in ALIKE else encoded.number)
        return drawn.standard_normal((20, 16)).astype(np.float32)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_house(tmp_path, engine=Seeing(SCRIPTS))
    yield house
    problems = house.records.check()
    house.records.close()
    assert problems == []


def heard(house: House, *numbers: int) -> list[str]:
    """Doubted utterances, one a minute."""
    found = []
    for number in numbers:
        house.now += timedelta(minutes=1)
        found.append(kept(house, number))
    return found


def judged(house: House, *others: int, carried: bool = True) -> tuple[str, list[str]]:
    """The clip in which ada heard yeet, and other clips that wait."""
    seed, *rest = heard(house, 0, *others)
    house.answer(seed, "yeet that alarm", YEET, carried=carried)
    return seed, rest


def begun(house: House, seed: str, by: str = "ada") -> SoundGroup:
    group = groups.begin(seed, by, "yeet", house.now, on=house.teaching)
    assert group is not None
    return group


def asked(house: House, group: SoundGroup, by: str = "ada") -> Assignment | None:
    return groups.ask(group.id, by, house.now, LEASE, records=house.records)


def said(
    house: House, group: SoundGroup, same: bool = True, by: str = "ada"
) -> tuple[Standing, Event | None]:
    assignment = asked(house, group, by)
    assert assignment is not None
    house.now += timedelta(seconds=1)
    return groups.answer(group.id, assignment.lease, same, house.now, records=house.records)


def confirm(house: House, group: SoundGroup, by: str = "ada") -> Event:
    said(house, group, by=by)
    said(house, group, by=by)
    stands, event = said(house, group, by=by)
    assert stands is CONFIRMED
    assert event is not None
    return event


def states(house: House, utterances: list[str]) -> list[ItemState]:
    return [house.records.item(each).state for each in utterances]


def carry_out(house: House, event: Event) -> None:
    steps.carry_out(event.id, house.now, house.teaching)


# --- who sounds alike? ------------------------------------------------------


def test_clips_with_the_same_sound_are_alike_and_others_are_not(house: House) -> None:
    first, other, second, third = heard(house, 20, 3, 21, 22)
    found = groups.alike(first, on=house.teaching, new=10)
    assert {each.utterance for each in found} == {second, third}
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert groups.alike(other, on=house.teaching) == []
    with pytest.raises(NotFound):
        groups.alike("nobody", on=house.teaching)


def test_a_clip_that_sounds_alike_and_was_spelled_alike_comes_first(house: House) -> None:
    first, unlike, alike = heard(house, 20, 22, 20)
    found = groups.alike(first, on=house.teaching, new=10)
    assert [each.utterance for each in found] == [alike, unlike]
    assert found[0].score > found[1].score


def test_each_asking_gets_to_know_a_few_more_clips(house: House) -> None:
    first, *_ = heard(house, *[20] * 6)
    counts = [len(groups.alike(first, on=house.teaching, new=2)) for _ in range(4)]
    assert counts == [2, 4, 5, 5]


def test_what_was_listened_to_ahead_is_not_listened_to_again(house: House) -> None:
    first, *rest = heard(house, 20, 20, 3)
    on = house.teaching
    ahead = list(listen_ahead(on.engine, on.sounding, on.clips, on.records))
    assert sorted(ahead) == sorted([first, *rest])
    assert list(listen_ahead(on.engine, on.sounding, on.clips, on.records)) == []
    for key in house.clips_on_disk():
        house.hearing.keeper.blobs.delete(key)
    assert [each.utterance for each in groups.alike(first, on=on)] == [rest[0]]


def test_a_clip_whose_sound_is_lost_is_like_no_other(house: House) -> None:
    first, second = heard(house, 20, 20)
    house.hearing.keeper.blobs.delete(house.records.utterance(second).clip)
    assert groups.alike(first, on=house.teaching, new=5) == []


def test_only_waiting_clips_are_alike(house: House) -> None:
    seed, (closed, waiting) = judged(house, 20, 20)
    house.answer(closed, "")
    found = groups.alike(seed, on=house.teaching, new=5)
    assert [each.utterance for each in found] == [waiting]


def test_a_recogniser_that_shows_no_frames_is_served_by_cepstra(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    assert not isinstance(house.teaching.engine, ShowsFrames)
    first, *_ = heard(house, 20, 20, 3)
    assert all(0 <= each.score <= 1 for each in groups.alike(first, on=house.teaching, new=5))
    house.records.close()


def test_memory_is_bounded_and_what_is_forgotten_is_named_no_more(house: House) -> None:
    small = replace(house.teaching, sounding=Sounding(clips=3))
    heard(house, *[20] * 6)
    list(listen_ahead(small.engine, small.sounding, small.clips, small.records))
    known = [each for each in house.records.waiting_ids() if small.sounding.knows(each)]
    assert len(known) == 3
    for each in known:
        assert set(small.sounding.near(each)) == set(known) - {each}


def test_groups_are_around_a_medoid_and_share_no_clip(house: House) -> None:
    clips = heard(house, 20, 3, 21, 20, 3, 1)
    on = house.teaching
    list(listen_ahead(on.engine, on.sounding, on.clips, on.records))
    found = groups.groups(on=on)
    assert [set(group) for group in found] == [
        {clips[0], clips[2], clips[3]},
        {clips[1], clips[4]},
    ]
    for medoid, *others in found:
        near = on.sounding.near(medoid)
        assert [near[each] for each in others] == sorted(map(near.get, others), reverse=True)


def test_nothing_that_a_machine_wrote_is_shown_with_it(house: House) -> None:
    seed, _ = judged(house, 20, 20, 20, 20)
    group = begun(house, seed)
    shown = repr((groups.alike(seed, on=house.teaching), group, asked(house, group)))
    assert "eat" not in shown.replace("yeet", "").replace("threat", "")


# --- confirm and settle -----------------------------------------------------


def test_three_of_three_settle_the_rest_each_with_its_own_record(house: House) -> None:
    seed, others = judged(house, *[20] * 6)
    assert states(house, others) == [WAITING] * 6, "the term alone does not settle them"
    group = begun(house, seed)
    carry_out(house, confirm(house, group))
    assert states(house, others) == [SETTLED] * 6
    because = {house.records.item(each).closed_because for each in others}
    assert because == {f"sounds like 3 clips confirmed by ada: 'yeet' (group {group.id})"}
    record = groups.settled_by(others[-1], records=house.records)
    assert record is not None
    assert record.utterance == seed
    assert record.settled_in == house.records.revision()
    assert [(answer.analyst, answer.same) for answer in record.answers] == [("ada", True)] * 3
    assert groups.settled_by(seed, records=house.records) is None


def test_who_is_heard_comes_in_the_order_of_likeness_and_until_answered_again(
    house: House,
) -> None:
    seed, _ = judged(house, *[20] * 3, 22)
    group = begun(house, seed)
    for member in group.members[:3]:
        first, again = asked(house, group), asked(house, group)
        assert first is not None
        assert again is not None
        assert first.clip == house.records.utterance(member.utterance).clip
        assert again.lease.token == first.lease.token
        said(house, group)
    assert asked(house, group) is None


def test_what_does_not_read_the_term_or_is_doubted_beside_it_goes_on_waiting(
    house: House,
) -> None:
    seed, others = judged(house, 20, 20, 20, 22, 21, 20)
    group = begun(house, seed)
    assert len(group.members) == 6
    carry_out(house, confirm(house, group))
    assert states(house, others) == [SETTLED] * 3 + [WAITING, WAITING, SETTLED]


def test_one_different_word_stops_it_and_nothing_is_settled(house: House) -> None:
    seed, others = judged(house, *[20] * 5)
    group = begun(house, seed)
    assert said(house, group) == (SAID, None)
    assert said(house, group, same=False) == (STOPPED, None)
    assert asked(house, group) is None
    house.carry_out_pending()
    assert states(house, others) == [WAITING] * 5
    assert begun(house, seed).answers == house.records.group(group.id).answers


def test_the_answers_alone_judge_no_clip(house: House) -> None:
    seed, others = judged(house, *[20] * 4)
    group = begun(house, seed)
    said(house, group)
    assert states(house, others) == [WAITING] * 4
    assert [house.records.judgements(each) for each in others] == [[]] * 4


def test_a_clip_of_the_audit_sample_is_never_settled(house: House) -> None:
    audit = open_house(house.folder, engine=Seeing(SCRIPTS), records=house.records, audit=1.0)
    audit.now = house.now + timedelta(hours=1)
    (drawn,) = heard(audit, 20)
    seed, others = judged(house, *[20] * 4)
    group = begun(house, seed)
    assert drawn not in {each.utterance for each in group.members}
    assert len(groups.alike(drawn, on=house.teaching)) == 4
    carry_out(house, confirm(house, group))
    assert states(house, others) == [SETTLED] * 4
    assert states(house, [drawn]) == [WAITING]


def test_an_audit_clip_within_a_group_stays_all_the_same(house: House) -> None:
    audit = open_house(house.folder, engine=Seeing(SCRIPTS), records=house.records, audit=1.0)
    audit.now = house.now + timedelta(hours=1)
    (drawn,) = heard(audit, 20)
    seed, others = judged(house, *[20] * 3)
    group = begun(house, seed)
    wider = replace(
        group, id="wider", members=(*group.members, replace(group.members[0], utterance=drawn))
    )
    house.records.make_group(wider)
    carry_out(house, confirm(house, wider))
    assert states(house, [*others, drawn]) == [SETTLED] * 3 + [WAITING]


def test_fewer_than_must_be_heard_make_no_group(house: House) -> None:
    seed, _ = judged(house, 20, 20, 3, 3)
    assert groups.begin(seed, "ada", "yeet", house.now, on=house.teaching) is None


def test_a_group_is_begun_by_who_wrote_the_word_down_and_confirmed_by_them(house: House) -> None:
    seed, _ = judged(house, *[20] * 4)
    for by, word in (("bob", "yeet"), ("ada", "finna")):
        with pytest.raises(JudgementError):
            groups.begin(seed, by, word, house.now, on=house.teaching)
    group = begun(house, seed)
    with pytest.raises(JudgementError):
        asked(house, group, by="bob")
    assignment = asked(house, group)
    assert assignment is not None
    forged = replace(assignment.lease, analyst="bob")
    with pytest.raises(JudgementError):
        groups.answer(group.id, forged, True, house.now, records=house.records)


def test_a_late_answer_is_refused(house: House) -> None:
    seed, _ = judged(house, *[20] * 4)
    group = begun(house, seed)
    assignment = asked(house, group)
    assert assignment is not None
    house.now += LEASE
    with pytest.raises(LeaseLost):
        groups.answer(group.id, assignment.lease, True, house.now, records=house.records)
    assert house.records.group(group.id).answers == ()


def test_what_somebody_else_has_taken_or_judged_meanwhile_is_not_asked_about(
    house: House,
) -> None:
    seed, _ = judged(house, *[20] * 5)
    group = begun(house, seed)
    first, second, *rest = [each.utterance for each in group.members]
    assert house.records.lease("bob", house.now, LEASE, first) is not None
    house.second_fraction = 1.0
    house.answer(second, "eat", by="cy")
    assignment = asked(house, group)
    assert assignment is not None
    assert assignment.lease.utterance == rest[0]
    carry_out(house, confirm(house, group))
    assert states(house, [first, second]) == [WAITING, ItemState.SECOND], "held, and judged"
    assert states(house, rest) == [SETTLED] * 3


def test_two_analysts_at_once_hear_different_clips_and_settle_each_once(house: House) -> None:
    seed, others = judged(house, *[20] * 8)
    house.answer(others[0], "yeet", YEET, by="bob", carried=False)
    mine, theirs = begun(house, seed), begun(house, others[0], by="bob")
    assert mine.id != theirs.id
    events: list[Event] = []
    for _ in range(3):
        one, other = asked(house, mine), asked(house, theirs, by="bob")
        assert one is not None
        assert other is not None
        assert one.lease.utterance != other.lease.utterance
        for group, each in ((mine, one), (theirs, other)):
            _, event = groups.answer(group.id, each.lease, True, house.now, records=house.records)
            events += [event] if event else []
    for event in events:
        carry_out(house, event)
    rest = others[1:]
    assert states(house, rest) == [SETTLED] * 7
    records = [groups.settled_by(each, records=house.records) for each in rest]
    assert all(records)
    assert {record.id for record in records if record} <= {mine.id, theirs.id}


# --- before, after, again ---------------------------------------------------


def test_confirmed_before_the_term_is_live_it_settles_once_it_is(house: House) -> None:
    seed, others = judged(house, *[20] * 4, carried=False)
    event = confirm(house, begun(house, seed))
    carry_out(house, event)
    assert states(house, others) == [WAITING] * 4
    house.carry_out_pending()
    assert states(house, others) == [SETTLED] * 4


def test_a_held_term_settles_its_group_when_a_lead_overrides(house: House) -> None:
    seed, *others = heard(house, 13, *[20] * 4)
    house.answer(seed, "this is bussin", Taught("bussin"))
    ((trial_id, trial, _),) = house.records.trials("bussin")
    assert trial.because
    members = begun_around(house, seed, others)
    carry_out(house, confirm(house, members))
    assert states(house, others) == [WAITING] * 4
    event = lead.override("o1", trial_id, "lee", "we need it", house.now, records=house.records)
    house.records.add(event)
    carry_out(house, event)
    assert house.records.group(members.id).settled_in == house.records.revision()
    assert states(house, others) == [WAITING] * 4, "nothing in them reads like bussin"


def begun_around(house: House, seed: str, others: list[str]) -> SoundGroup:
    """A group of clips that do not sound alike."""
    alike = groups.alike(others[0], on=house.teaching, new=10)
    members = (replace(alike[0], utterance=others[0]), *alike)
    return house.records.make_group(
        SoundGroup("odd", seed, "bussin", "bussin", "ada", house.now, members)
    )


@pytest.mark.parametrize("how", ["undo", "retire"])
def test_what_a_group_settled_waits_again_when_its_term_goes(house: House, how: str) -> None:
    seed, others = judged(house, *[20] * 5)
    group = begun(house, seed)
    carry_out(house, confirm(house, group))
    if how == "undo":
        lead.undo(0, "lee", "wrong", house.now, house.teaching)
    else:
        lead.retire("yeet", "lee", "wrong", house.now, house.teaching)
    assert states(house, others) == [WAITING] * 5
    assert all(groups.settled_by(each, records=house.records) is None for each in others)
    assert house.records.reopened(house.records.revision()) == sorted(others)


def test_taught_again_after_an_undo_the_old_group_settles_nothing(house: House) -> None:
    seed, others = judged(house, *[20] * 5)
    carry_out(house, confirm(house, begun(house, seed)))
    lead.undo(0, "lee", "wrong", house.now, house.teaching)
    (again,) = heard(house, 0)
    house.answer(again, "yeet that alarm", YEET)
    assert "yeet" in house.records.lexicon().terms
    assert states(house, others) == [WAITING] * 5


def test_carrying_it_out_again_changes_nothing(house: House) -> None:
    seed, others = judged(house, *[20] * 5)
    event = confirm(house, begun(house, seed))
    carry_out(house, event)
    before = [house.records.item(each) for each in others]
    house.now += timedelta(minutes=1)
    carry_out(house, event)
    assert [house.records.item(each) for each in others] == before


def test_a_term_of_one_household_settles_no_clip_of_another(house: House) -> None:
    seed = heard(house, 0)[0]
    others = heard(house, *[20] * 4)
    house.now += timedelta(minutes=1)
    elsewhere = kept(house, 20, Source(household="elm-12"))
    house.answer(seed, "yeet that alarm", replace(YEET, scope="household:local"))
    group = begun(house, seed)
    assert elsewhere in {each.utterance for each in group.members}
    carry_out(house, confirm(house, group))
    assert states(house, [elsewhere]) == [WAITING]
    assert states(house, others) == [SETTLED] * 4


def test_a_group_ends_with_the_answer_that_it_began_with(house: House) -> None:
    seed, others = judged(house, *[20] * 5)
    group = begun(house, seed)
    event = confirm(house, group)
    withdrawal.withdraw(seed, "ada", house.now, records=house.records)
    carry_out(house, event)
    house.carry_out_pending()
    assert states(house, others) == [WAITING] * 5
    with pytest.raises(JudgementError, match="taken back"):
        asked(house, group)
