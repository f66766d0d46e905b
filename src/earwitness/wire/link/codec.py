"""Control messages to JSON and back. Pure functions: what they refuse is a ProtocolError."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from earwitness.errors import ProtocolError
from earwitness.wire.link.messages import PROTOCOL, FromDevice, FromServer

MAX_FROM_DEVICE = 16 * 1024
MAX_FROM_SERVER = 128 * 1024
"""Bytes of a message. Nesting is bounded by the parser, at 200 levels."""

Value = TypeVar("Value")

_DEVICE: TypeAdapter[FromDevice] = TypeAdapter(Annotated[FromDevice, Field(discriminator="type")])
_SERVER: TypeAdapter[FromServer] = TypeAdapter(Annotated[FromServer, Field(discriminator="type")])
_ANY: TypeAdapter[FromDevice | FromServer] = TypeAdapter(FromDevice | FromServer)


def encode(message: FromDevice | FromServer) -> str:
    """Compact JSON. A field that is None is left out: it is None for who reads it, too."""
    return _ANY.dump_json(message, exclude_none=True).decode()


def from_device(text: str | bytes) -> FromDevice:
    """Raises ProtocolError: too large, no JSON, an unknown type or field, a wrong value."""
    return _parsed(text, _DEVICE, MAX_FROM_DEVICE)


def from_server(text: str | bytes) -> FromServer:
    """Raises ProtocolError as ``from_device``."""
    return _parsed(text, _SERVER, MAX_FROM_SERVER)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of every message, as somebody else's program needs it."""
    sides = [("FromDevice", "validation", _DEVICE), ("FromServer", "validation", _SERVER)]
    refs, made = TypeAdapter.json_schemas(sides)  # type: ignore[arg-type]
    definitions = {name: _plain(about) for name, about in made["$defs"].items()}
    for (name, _), side in refs.items():
        definitions[name] = {"oneOf": side["oneOf"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Earwitness device link, protocol {PROTOCOL}",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name, _ in refs],
        "$defs": definitions,
    }


def _plain(definition: dict[str, Any]) -> dict[str, Any]:
    """Without titles that only repeat names; ``type`` is what every message must have."""
    fields = definition["properties"]
    kept = {name: _untitled(about) for name, about in fields.items()}
    required = definition.get("required", [])
    if "type" in fields:
        required = ["type", *required]
    return {**_untitled(definition), "properties": kept, "required": required}


def _untitled(about: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key not in ("title", "default")}


def _parsed(text: str | bytes, adapter: TypeAdapter[Value], most: int) -> Value:
    size = len(text.encode(errors="surrogatepass")) if isinstance(text, str) else len(text)
    if size > most:
        raise ProtocolError(f"A message has at most {most} bytes, not {size}.", "too_large")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise ProtocolError(_explained(error)) from None


def _explained(error: ValidationError) -> str:
    """What is wrong and where; never what was said there."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))[:100]
    return f"{where}: {first['msg'][:200]}." if where else f"{first['msg'][:200]}."
