"""All reports of the system, one row each: adding a report is a file and a row (architecture.md §4)."""

from __future__ import annotations

from inspection_api.reports import completion, indicators

REPORTS = (completion.REPORT, indicators.REPORT)
