"""What the program logs while it is tortured: errors alone, and never among what a part says."""

from __future__ import annotations

import logging
import sys

import structlog


def quiet() -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
