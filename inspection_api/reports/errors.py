"""Problems of the reports slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Invalid


class ReportWindowInvalid(Invalid):
    """The report's last day lies before its first, or one of them outside of 2000-2099."""

    code = "report_window_invalid"
    title = "报表区间有误"


class ReportTooLong(Invalid):
    """The report's days make more periods than one table or curve shows."""

    code = "report_too_long"
    title = "报表区间过长"


class OrganisationRepeated(Invalid):
    """An organisation is to be compared with itself."""

    code = "organisation_repeated"
    title = "机构重复"


class MonthNotOver(Conflict):
    """A month is closed after its last day."""

    code = "month_not_over"
    title = "该月尚未结束"


class MonthClosed(Conflict):
    """The organisation's month is closed, by itself or by one above it."""

    code = "month_closed"
    title = "该机构该月已月结"


class MonthReviewed(Conflict):
    """Somebody has reviewed this closing."""

    code = "month_reviewed"
    title = "该月结已审阅"
