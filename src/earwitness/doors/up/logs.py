"""Log lines without a word that anybody said: for machines, and for whoever runs a command."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterable
from time import monotonic

import structlog

LINES_A_SECOND = 20
"""Of one kind that peers cause; when they come in their thousands they would write the log."""


def configure(level: str) -> None:
    """Every line is one JSON object on stderr. Libraries' own lines come from WARNING on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            Sparing(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exceptions_by_name,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Forwarding()]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))


def configure_for_commands(level: str = "warning") -> None:
    """Lines for people on stderr, where they are in no answer's way."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _exceptions_by_name,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def warn_of(variables: Iterable[str]) -> None:
    """A misspelt setting is not obeyed, and nobody would know."""
    for name in variables:
        structlog.get_logger(__name__).warning("no such setting", variable=name)


class Sparing:
    """Passes over what peers cause too often; the next line of its kind says how often.

    Only lines that name a peer: what people who are signed in did is never left out.
    """

    def __init__(self) -> None:
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def __call__(
        self, logger: object, name: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if "peer" not in line:
            return line
        kind, second = str(line.get("event")), int(monotonic())
        if second != self._second:
            self._second = second
            self._seen.clear()
        self._seen[kind] += 1
        if self._seen[kind] > LINES_A_SECOND:
            self._left_out[kind] += 1
            raise structlog.DropEvent
        if left_out := self._left_out.pop(kind, 0):
            line["left_out"] = left_out
        return line


def _exceptions_by_name(
    logger: object, name: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """What an exception says may quote what was said, so only its kind is written."""
    error = line.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__
    return line


class _Forwarding(logging.Handler):
    """What libraries log becomes a line of ours: who, how bad, and their unfilled text."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        error = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, str(record.msg).partition("\n")[0], exc_info=error)
