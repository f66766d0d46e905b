"""Gold: the most trusted part of what terms are tried on, and labels that come from elsewhere."""

from __future__ import annotations

import pytest
from tests.flow.house import House, kept

from earwitness.errors import InputError
from earwitness.flow import gold
from earwitness.flow.gold import Label, Refused
from earwitness.model import ItemState, Verdict

TRANSCRIPT, NO_SPEECH = Verdict.TRANSCRIPT, Verdict.NO_SPEECH


def vouch(house: House, utterance: str, text: str) -> None:
    verdict = TRANSCRIPT if text else NO_SPEECH
    made = gold.made(utterance, verdict, text, by="lea", why="heard it", now=house.now)
    house.records.put_gold([made])


def judged(house: House, number: int, *texts: str) -> str:
    utterance = kept(house, number)
    house.second_fraction = 1.0 if len(texts) > 1 else 0.0
    for name, text in zip(("ada", "bob"), texts, strict=False):
        house.answer(utterance, text, by=name)
    assert house.records.item(utterance).state is ItemState.CLOSED
    return utterance


def label(utterance: str, text: str, where: str = "line 1") -> Label:
    return Label(where, utterance, TRANSCRIPT if text else NO_SPEECH, text)


def test_gold_is_tried_on_before_what_listeners_agree_on_and_instead_of_it(house: House) -> None:
    once = judged(house, 0, "eat that alarm")
    twice = judged(house, 1, "eat the meeting now", "eat the meeting now")
    denied = judged(house, 2, "lead the song", "lead the song")
    agreed = judged(house, 3, "what time is it", "what time is it")
    vouch(house, once, "yeet that alarm")
    vouch(house, twice, "yeet the meeting now")
    vouch(house, denied, "")
    clips = house.teaching.clips.regression()
    own = [(each.id, each.text) for each in clips if not each.id.startswith("starter/")]
    assert set(own[:2]) == {(once, "yeet that alarm"), (twice, "yeet the meeting now")}
    assert own[2:] == [(agreed, "what time is it")]
    assert once not in [each.id for each in house.teaching.clips.regression(but=once)]


def test_a_file_is_compared_line_by_line_and_changes_nothing(house: House) -> None:
    one, other = judged(house, 0, "eat that alarm"), judged(house, 1, "eat the meeting now")
    waiting = kept(house, 3)
    found = gold.compared(
        [
            label(one, "Eat that alarm!", "line 1"),
            label(other, "yeet the meeting now", "line 2"),
            label("nobody", "words", "line 3"),
            label(waiting, "words", "line 4"),
            Refused("line 5", "not JSON"),
            label(one, "again", "line 6"),
            Label("line 7", "u7", TRANSCRIPT, ""),
        ],
        house.records,
    )
    assert [each.where for each in found.same] == ["line 1"]
    assert [(each.where, kept) for each, kept in found.different] == [
        ("line 2", "eat the meeting now")
    ]
    assert [each.where for each in found.unknown] == ["line 3", "line 4"]
    assert "not kept here" in found.unknown[0].why
    assert "waiting" in found.unknown[1].why
    assert [each.where for each in found.refused] == ["line 5", "line 6", "line 7"]
    assert "line 1" in found.refused[1].why
    assert house.records.newest_closed(9, golden=True) == []
    with pytest.raises(InputError, match=r"3 lines cannot be read.*line 5"):
        bring(house, found)
    assert house.records.newest_closed(9, golden=True) == []


def bring(house: House, found: gold.Comparison, why: str = "from the archive") -> int:
    return gold.imported(
        found, name="labels.csv", by="lea", why=why, now=house.now, records=house.records
    )


def test_labels_of_closed_clips_become_gold_and_say_where_from(house: House) -> None:
    one, other = judged(house, 0, "eat that alarm"), judged(house, 1, "eat the meeting now")
    lines = [label(one, "yeet that alarm"), label(other, ""), label("nobody", "words")]
    found = gold.compared(lines, house.records)
    with pytest.raises(InputError, match="reason"):
        bring(house, found, " ")
    assert bring(house, found) == 2
    kept_gold = house.records.closed(one).gold
    assert kept_gold is not None
    assert (kept_gold.text, kept_gold.why) == (
        "yeet that alarm", "imported from labels.csv: from the archive",
    )  # fmt: skip
    assert gold.compared(lines, house.records).different == ()
    with pytest.raises(InputError, match="no line is about a clip"):
        bring(house, gold.compared([label("nobody", "words")], house.records))
    assert [each.utterance.id for each in gold.every_closed(house.records, batch=1)] == [other, one]
