"""Refusals of the inspections slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden


class NotQuarantined(Conflict):
    """The record does not wait for a quarantine decision."""

    code = "not_quarantined"
    title = "该记录不在隔离中"


class OwnRecord(Forbidden):
    """Nobody decides about a record of his own (four eyes)."""

    code = "four_eyes"
    title = "本人不能审批自己的检查记录"
