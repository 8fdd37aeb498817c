"""The exports' problems."""

from __future__ import annotations

from inspection_api.core.errors import TooMany


class ExportQuotaExceeded(TooMany):
    """One person would take more rows with names in them than he may in a day.

    ``rows`` are asked for now, ``taken`` were before, ``daily_rows`` is the limit; it counts anew at midnight.
    """

    code = "export_quota_exceeded"
    title = "今日导出个人信息的行数将超过上限"
