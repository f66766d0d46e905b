"""The decoder that shows its attention is otherwise the decoder that was shipped."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from earwitness.engines.moonshine.attention import with_attention
from earwitness.engines.moonshine.graphs import Cache, Clip, Floats, Graphs, asset
from earwitness.errors import EngineError

DECODER = asset("decoder_model_merged.ort")
TOKENS = np.array([[450, 300, 29_889]])


@pytest.fixture(scope="module")
def graphs() -> Graphs:
    return Graphs()


@pytest.fixture(scope="module")
def begun(graphs: Graphs) -> tuple[Floats, Cache, Clip]:
    noise = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)
    return graphs.begin(graphs.encode(noise / 10))


def test_one_offset_of_the_file_is_changed() -> None:
    shipped = np.frombuffer(DECODER.read_bytes(), np.uint8)
    shown = np.frombuffer(with_attention(DECODER.read_bytes()), np.uint8)
    changed = np.flatnonzero(shipped != shown)
    assert len(changed)
    assert changed[0] // 4 == changed[-1] // 4


def test_all_other_outputs_are_the_same_to_the_bit(
    graphs: Graphs, begun: tuple[Floats, Cache, Clip]
) -> None:
    _, cache, clip = begun
    logits, after = graphs.step(clip, cache, TOKENS)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    shipped = ort.InferenceSession(str(DECODER), options, providers=["CPUExecutionProvider"])
    layers = [(i, part) for i in range(6) for part in ("key", "value")]
    pairs = zip(layers, cache, clip.cross, strict=True)
    past = {
        f"past_key_values.{i}.{side}.{part}": value
        for (i, part), own, cross in pairs
        for side, value in (("decoder", own), ("encoder", cross))
    }
    names = ["logits", *(f"present.{i}.decoder.{part}" for i, part in layers)]
    expected = shipped.run(
        names,
        {
            "input_ids": TOKENS,
            "encoder_hidden_states": clip.encoded.states,
            "encoder_attention_mask": clip.encoded.mask,
            "use_cache_branch": np.array([True]),
            **past,
        },
    )
    for ours, theirs in zip([logits, *after], expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_each_token_shares_out_its_attention_over_the_frames(
    graphs: Graphs, begun: tuple[Floats, Cache, Clip]
) -> None:
    _, cache, clip = begun
    attention = graphs.attention(clip, cache, TOKENS)
    assert attention.shape == (3, clip.encoded.states.shape[1])
    assert attention.min() >= 0
    np.testing.assert_allclose(attention.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("other", [b"", b"not a model", asset("encoder_model.ort").read_bytes()])
def test_a_file_without_that_attention_is_refused(other: bytes) -> None:
    with pytest.raises(EngineError, match="reinstall"):
        with_attention(other)
