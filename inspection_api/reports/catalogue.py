"""All reports of the system, one row each: adding a report is a file and a row (architecture.md §4)."""

from __future__ import annotations

from inspection_api.reports import completion, conclusions, coverage, indicators, migrations

REPORTS = (completion.REPORT, coverage.REPORT, indicators.REPORT, conclusions.REPORT, migrations.REPORT)
