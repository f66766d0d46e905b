"""Makes the decoder say where it looked.

The file computes cross-attention but does not put it out, and word times need it
(docs/research/word-times.md). In the branch that runs with a cache, the outputs
named ``present.N.encoder.key`` are constants that nobody reads; one of them is given
the name of the attention's result instead. The model is a FlatBuffer, so that is one
offset in the copy in memory; no weight changes, and all other outputs stay the same
to the bit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession import (
    InferenceSession,
)

from earwitness.errors import EngineError

LAYER, HEAD = 2, 1
"""The head that follows the sound most closely; see docs/research/word-times.md."""
OUTPUT = f"present.{LAYER}.encoder.key"
"""With a cache: attention ``[hypotheses, heads, tokens, frames]``, each row's sum is 1."""
SOURCE = f"/model/decoder/layers.{LAYER}/encoder_attn/Softmax"
GRAPH_OUTPUTS, NODE_OUTPUTS = 16, 22
"""Where the fields are in the tables ``Graph`` and ``Node`` of onnxruntime's ort.fbs."""

_NOT_THERE = (AttributeError, LookupError, StopIteration, TypeError, ValueError, struct.error)


def with_attention(model: bytes) -> bytes:
    """The decoder's file -> the same with ``OUTPUT`` as described.

    Raises EngineError where the file is not built like that.
    """
    changed = bytearray(model)
    try:
        branch = _cached_branch(InferenceSession.GetRootAs(changed, 0).Model().Graph())
        names = [branch.Outputs(i) for i in range(branch.OutputsLength())]
        entry = _entries(branch, GRAPH_OUTPUTS) + 4 * names.index(OUTPUT.encode())
        source = _entries(_node(branch, SOURCE), NODE_OUTPUTS)
        target = source + struct.unpack_from("<I", changed, source)[0]
        struct.pack_into("<I", changed, entry, target - entry)
    except (
        AttributeError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise EngineError(
            f"The decoder has no attention of layer {LAYER} to show; "
            "reinstall moonshine-voice 0.0.73."
        ) from error
    return bytes(changed)


def _cached_branch(graph: Any) -> Any:
    """The graph that runs where ``use_cache_branch`` is true."""
    choice = next(node for node in _nodes(graph) if node.OpType() == b"If")
    branches = (choice.Attributes(i) for i in range(choice.AttributesLength()))
    return next(branch.G() for branch in branches if branch.Name() == b"then_branch")


def _node(graph: Any, name: str) -> Any:
    return next(node for node in _nodes(graph) if node.Name() == name.encode())


def _nodes(graph: Any) -> Iterator[Any]:
    return (graph.Nodes(i) for i in range(graph.NodesLength()))


def _entries(table: Any, field: int) -> int:
    """Where a vector of strings begins: one offset for each, counted from itself."""
    return int(table._tab.Vector(table._tab.Offset(field)))
