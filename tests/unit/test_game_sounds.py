"""The rules by which recordings of Debian packages are harm: names, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.game_sounds import HARM, ORDINARY, Rule

from earwitness.bench.manifest import Row
from earwitness.bench.sound_labels import Group, group_of, harm_of
from earwitness.sound.tagging.harm import HarmSound


def row(rule: Rule) -> Row:
    return Row(Path("a"), rule.text, kind=rule.kind)


def test_every_rule_for_harm_is_read_as_harm_and_no_other_is() -> None:
    assert all(harm_of(row(rule)) for rule in HARM)
    assert not any(harm_of(row(rule)) for rule in ORDINARY)
    assert {group_of(row(rule)) for rule in ORDINARY} == {Group.MUSIC, Group.SPEECH}


@pytest.mark.parametrize(
    ("package", "path", "harm"),
    [
        ("ufoai-sound", "sound/civilians/civfemscream01a.ogg", HarmSound.SCREAM),
        ("openarena-081-players", "sound/player/major/falling1.wav", HarmSound.SCREAM),
        ("wesnoth-1.16-data", "sounds/human-female-die-1.ogg", HarmSound.PAIN),
        ("ufoai-sound", "sound/weapons/bullet-pistol.ogg", HarmSound.GUNSHOT),
        ("ufoai-sound", "sound/aliens/taman/die2.ogg", None),
        ("ufoai-sound", "sound/weapons/reload-pistol.ogg", None),
        ("openarena-081-players", "sound/player/skelebot/death1.wav", None),
        ("wesnoth-1.16-data", "sounds/orc-die-1.ogg", None),
        ("megaglest-data", "units/battleaxe/sounds/daemon_die1.wav", None),
    ],
)
def test_people_are_taken_and_monsters_are_not(
    package: str, path: str, harm: HarmSound | None
) -> None:
    found = {
        harm_of(row(rule))
        for rule in HARM
        if rule.package == package and re.search(rule.matches, f"{package}/{path}")
    }
    assert found == ({harm} if harm else set())
