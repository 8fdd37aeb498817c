"""All reports of the system, one row each: adding a report is a file and a row (architecture.md §4)."""

from __future__ import annotations

from dataclasses import dataclass

from inspection_api.reports import completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as the list of reports shows it; ``path`` is its endpoint below ``/api/v1``."""

    code: str
    title: str
    path: str


REPORTS = (Report(code=completion.CODE, title=completion.TITLE, path="/reports/completion"),)
