"""JSON logs without personal data: ids, codes and counts only; of an error's words its first line, without the row."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from structlog.tracebacks import ExceptionDictTransformer

if TYPE_CHECKING:
    from structlog.typing import EventDict


def configure() -> None:
    """Write one JSON object a line to standard error, with a UTC timestamp; tracebacks show no values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            _quote_no_row,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def _quote_no_row(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Keep the first line of every error's words: below it PostgreSQL quotes the refused row (DETAIL, CONTEXT)."""
    for error in event.get("exception", ()):
        error["exc_value"] = error["exc_value"].partition("\n")[0]
    return event


log = structlog.get_logger()
