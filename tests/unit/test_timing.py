"""Word times: the best path against brute force, and what always holds."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earwitness.model import Span
from earwitness.speech.timing import Floats, frame_edges, loudness, segments, word_times

GAIN = st.integers(-4, 4).map(float)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Floats, Floats]:
    words = draw(st.integers(1, 3))
    frames = draw(st.integers(words, 6))
    return (
        draw(arrays(np.float64, (words, frames), elements=GAIN)),
        draw(arrays(np.float64, (words + 1, frames), elements=GAIN)),
    )


def gain(words: Floats, pauses: Floats, spans: list[tuple[int, int]]) -> float:
    bounds = [0, *(bound for span in spans for bound in span), words.shape[1]]
    spoken = sum(row[first:last].sum() for row, (first, last) in zip(words, spans, strict=True))
    silent = sum(
        row[first:last].sum()
        for row, first, last in zip(pauses, bounds[0::2], bounds[1::2], strict=True)
    )
    return float(spoken + silent)


def every_way(words: Floats) -> list[list[tuple[int, int]]]:
    frames = range(words.shape[1] + 1)
    ways = combinations_with_replacement(frames, 2 * len(words))
    pairs = (list(zip(way[0::2], way[1::2], strict=True)) for way in ways)
    return [way for way in pairs if all(first < last for first, last in way)]


@given(tables())
def test_no_other_way_to_share_out_the_frames_gains_more(table: tuple[Floats, Floats]) -> None:
    words, pauses = table
    best = max(gain(words, pauses, way) for way in every_way(words))
    assert gain(words, pauses, segments(words, pauses)) == best


def test_equal_ways_are_decided_the_same_every_time() -> None:
    flat = np.zeros((2, 5)), np.zeros((3, 5))
    assert segments(*flat) == segments(*flat)


@st.composite
def readings(draw: st.DrawFn) -> tuple[Floats, Floats, Floats, int]:
    words, frames = draw(st.integers(0, 9)), draw(st.integers(1, 12))
    share = st.floats(0, 5)
    return (
        draw(arrays(np.float64, (words, frames), elements=share)),
        draw(arrays(np.float64, frames, elements=share)),
        draw(arrays(np.float64, frames, elements=st.floats(-100, 0))),
        draw(st.integers(1, 12 * 384 + 1_000)),
    )


@given(readings())
def test_times_are_in_order_within_the_clip_and_never_empty(
    reading: tuple[Floats, Floats, Floats, int],
) -> None:
    evidence, ending, loud, samples = reading
    edges = frame_edges(447 + 384 * np.arange(len(loud)), samples)
    spans = word_times(evidence, ending, loud, edges)
    assert len(spans) == len(evidence)
    bounds = [0.0, *(bound for span in spans for bound in (span.start, span.end)), samples / 16_000]
    assert bounds == sorted(bounds)
    assert all(span.start < span.end for span in spans)


def test_a_reading_without_words_has_no_times() -> None:
    assert word_times(np.zeros((0, 3)), np.ones(3), np.zeros(3), np.arange(4.0)) == []


def test_a_pause_belongs_to_no_word() -> None:
    evidence = np.zeros((2, 10))
    evidence[0, 2], evidence[1, 7] = 1, 1
    loud = np.array([-90, -20, -20, -20, -90, -90, -20, -20, -20, -90], np.float64)
    spans = word_times(evidence, np.zeros(10), loud, np.arange(11.0))
    assert [(span.start, span.end) for span in spans] == [(1, 4), (6, 9)]


def test_words_without_a_pause_part_where_the_evidence_turns() -> None:
    evidence = np.array([[0.1, 0.5, 0.3, 0.1, 0, 0], [0, 0, 0, 0.2, 0.6, 0.2]])
    spans = word_times(evidence, np.zeros(6), np.full(6, -20.0), np.arange(7.0))
    assert [(span.start, span.end) for span in spans] == [(0, 3), (3, 6)]


def test_the_last_word_stops_where_the_recogniser_looks_for_the_end() -> None:
    evidence, end = np.array([[0.5, 0.5, 0, 0, 0, 0]]), np.array([0, 0, 0.3, 0.4, 0.3, 0])
    loud, edges = np.array([-20, -20, -38, -38, -38, -60], np.float64), np.arange(7.0)
    assert word_times(evidence, np.zeros(6), loud, edges) == [Span(0, 5)]
    assert word_times(evidence, end, loud, edges) == [Span(0, 2)]


def test_more_words_than_frames_share_the_frames() -> None:
    spans = word_times(np.ones((3, 1)), np.zeros(1), np.zeros(1), np.array([0.0, 0.3]))
    assert [(round(s.start, 2), round(s.end, 2)) for s in spans] == [
        (0, 0.1),
        (0.1, 0.2),
        (0.2, 0.3),
    ]


def test_loudness_is_the_level_around_each_middle() -> None:
    audio = np.concatenate([np.zeros(1_000), np.full(1_000, 0.1)]).astype(np.float32)
    levels = loudness(audio, np.array([500, 1_500, 5_000]))
    np.testing.assert_allclose(levels, [-100, -20, -100], atol=0.01)


def test_the_outer_frames_reach_to_the_ends_of_the_clip() -> None:
    np.testing.assert_allclose(frame_edges(np.array([447, 831]), 1_600), [0, 639 / 16_000, 0.1])


def test_a_clip_that_is_shorter_than_what_was_encoded_is_shared_evenly() -> None:
    np.testing.assert_allclose(frame_edges(np.array([447, 831]), 320), [0, 0.01, 0.02])
