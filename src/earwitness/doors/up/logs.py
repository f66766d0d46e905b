"""Log lines that a machine can read, without a word that anybody said."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Every line is one JSON object on stderr. Libraries' own lines come from WARNING on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
