"""The recognisers. Adding one is a module and a row in ``ENGINES``.

A row names a function ``open_engine(options: Options) -> ports.Engine``. Its module
is imported only when that engine is asked for, so nobody pays for one that they do
not use, and an optional one may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from earwitness.errors import SettingsError
from earwitness.ports import Engine

ENGINES: Mapping[str, str] = {
    "moonshine": "earwitness.engines.moonshine",
    "moonshine_library": "earwitness.engines.moonshine_library",
    "faster_whisper": "earwitness.engines.faster_whisper",
    "scripted": "earwitness.engines.scripted",
    "wyoming": "earwitness.engines.wyoming",
}
"""Name of an engine -> the module that opens it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen about an engine. ``model`` is a file or folder of its own kind.

    ``url`` is where a recogniser is that runs somewhere else.
    """

    model: Path | None = None
    threads: int = 1
    url: str = ""


def open_engine(name: str, options: Options | None = None) -> Engine:
    """Hyphens in a name are as good as underscores.

    Raises SettingsError for an unknown engine or one whose parts are not installed.
    """
    try:
        module = import_module(ENGINES[name.replace("-", "_")])
    except KeyError:
        raise SettingsError(f"There is no engine {name!r}; known: {', '.join(ENGINES)}.") from None
    except ImportError as error:
        raise SettingsError(f"The engine {name!r} is not installed: {error}.") from error
    opened = cast("Callable[[Options], Engine]", module.open_engine)
    return opened(options or Options())
