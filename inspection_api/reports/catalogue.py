"""All reports of the system, one row each: adding a report is a file and a row (architecture.md §4)."""

from __future__ import annotations

from inspection_api.reports import (
    alerting,
    anomalies,
    branch_checks,
    comparison,
    completion,
    conclusions,
    coverage,
    details,
    indicators,
    migrations,
    month_end,
    records,
    series,
)

REPORTS = (
    completion.REPORT,
    coverage.REPORT,
    branch_checks.REPORT,
    details.REPORT,
    records.REPORT,
    comparison.REPORT,
    series.REPORT,
    indicators.REPORT,
    conclusions.REPORT,
    migrations.REPORT,
    anomalies.REPORT,
    alerting.REPORT,
    month_end.REPORT,
)
