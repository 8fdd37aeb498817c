"""Problems of the reports slice."""

from __future__ import annotations

from inspection_api.core.errors import Invalid


class ReportWindowInvalid(Invalid):
    """The report's last day lies before its first."""

    code = "report_window_invalid"
    title = "报表区间有误"
