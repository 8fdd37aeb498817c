"""Use cases of the reports slice: the tally of tasks, and the closing of months."""

from __future__ import annotations

from inspection_api.reports.service.closing import FREEZE, READ, REVIEW, close_month, closings, review_closing
from inspection_api.reports.service.tally import fold, recount, verify

__all__ = ["FREEZE", "READ", "REVIEW", "close_month", "closings", "fold", "recount", "review_closing", "verify"]
