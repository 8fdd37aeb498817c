"""Refusals of the inspections slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Locked, Unavailable


class NotQuarantined(Conflict):
    """The record does not wait for a quarantine decision."""

    code = "not_quarantined"
    title = "该记录不在隔离中"


class OwnRecord(Forbidden):
    """Nobody decides about a record of his own (four eyes)."""

    code = "four_eyes"
    title = "本人不能审批自己的检查记录"


class AnswersInvalid(Conflict):
    """The decision would leave the record with a wrong answer; ``fields`` says which."""

    code = "answers_invalid"
    title = "采用该内容会使答案不完整或不正确"


class RecordLocked(Locked):
    """The record's print window has closed: its paper must be unlocked before it may say something else."""

    code = "record_locked"
    title = "记录已锁定，请先解锁明白纸"


class RecordClosed(Conflict):
    """A draft is saved, not amended; a refused or voided record says nothing any more."""

    code = "record_closed"
    title = "该记录当前状态不能修改"


class RecordNotVoidable(Conflict):
    """Only an accepted or extra record can be voided; ``state`` says what this one is."""

    code = "record_not_voidable"
    title = "只有已通过（或计为额外）的检查记录可以作废"


class RecordChanged(Unavailable):
    """Another device made or took the record between our read and our write; the same batch again succeeds."""

    code = "record_changed"
    title = "记录刚被其他设备修改，请重试"
