"""Tags of one recording: which stretches count, and which are left out."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.errors import InputError
from earwitness.sound.tagging.events import Threshold
from earwitness.sound.tagging.tags import Tag, tags

NAMES = ["Speech", "Music"]
AT = Threshold(0.6, 0.3)


def found(*frames: tuple[float, float], most: int = 12) -> tuple[Tag, ...]:
    return tags(np.array(frames, np.float32).reshape(-1, 2), NAMES, 0.5, 1.0, AT, most)


def test_a_stretch_starts_high_and_goes_on_lower() -> None:
    (tag,) = found((0.1, 0), (0.4, 0), (0.75, 0), (0.3, 0), (0.1, 0))
    assert (tag.label, tag.start, tag.end) == ("Speech", 0.5, 2.5)
    assert tag.score == pytest.approx(0.75)


def test_what_never_reaches_the_start_is_no_tag() -> None:
    assert found((0.5, 0.5), (0.5, 0.5)) == ()
    assert found() == ()


def test_only_the_strongest_are_told_and_in_order() -> None:
    frames = [(0.7, 0), (0, 0.9), (0.65, 0)]
    assert [(each.label, each.start) for each in found(*frames)] == [
        ("Speech", 0.0), ("Music", 0.5), ("Speech", 1.0),
    ]  # fmt: skip
    assert [each.start for each in found(*frames, most=2)] == [0.0, 0.5]


def test_scores_of_another_tagger_are_refused() -> None:
    with pytest.raises(InputError, match="same tagger"):
        tags(np.zeros((3, 5), np.float32), NAMES, 0.5, 1.0)
