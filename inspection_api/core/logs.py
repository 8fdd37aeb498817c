"""JSON logs without personal data: ids, codes and counts only."""

from __future__ import annotations

import logging
import sys

import structlog


def configure() -> None:
    """Write one JSON object a line to standard error, with a UTC timestamp."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


log = structlog.get_logger()
