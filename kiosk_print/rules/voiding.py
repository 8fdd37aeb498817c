"""Requests to void a printed paper: who may ask and decide, and what a request becomes (domain.md §2.3, §6).

Whoever may print may ask. The nearest managers who may void decide; if two workdays pass, the next level hears of it
and may decide too. As long as nobody does, the paper stays valid: a request has no end of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.core.periods import day_start, local_day
from kiosk_print.errors import NotVoidable, VoidReasonInvalid, VoidRequested
from kiosk_print.rules.unlock import CLIMBS_AFTER_WORKDAYS, MINIMUM_REASON_LENGTH, Candidate, Level, decide_deciders
from kiosk_print.rules.window import LIVING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from inspection_api.calendars.rules import Calendar


class VoidReason(StrEnum):
    """Why a paper should not count; the words are in :data:`VOID_REASON_WORDS`."""

    CONTENT = "content"
    DAMAGED = "damaged"
    LOST = "lost"
    MISTAKEN = "mistaken"
    OTHER = "other"


VOID_REASON_WORDS = {
    VoidReason.CONTENT: "内容有误",
    VoidReason.DAMAGED: "纸张破损或打印不清",
    VoidReason.LOST: "原件遗失",
    VoidReason.MISTAKEN: "误打印",
    VoidReason.OTHER: "其他",
}


class VoidStatus(StrEnum):
    """A request is open until somebody decides, its requester withdraws it, or the paper ends otherwise."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


def escalates_at(requested_at: datetime, calendar: Calendar) -> datetime:
    """Return the end (00:00 +08:00) of the second workday after the request."""
    last = calendar.add_workdays(local_day(requested_at), CLIMBS_AFTER_WORKDAYS)
    return day_start(last + timedelta(days=1))


def void_deciders(
    candidates: Iterable[Candidate], *, barred: Collection[UUID], is_escalated: bool
) -> tuple[Candidate, ...]:
    """Return whose the request is: the lowest level that has somebody not barred; once escalated, the next one too."""
    return decide_deciders(candidates, barred=barred, first=Level.SUB_BRANCH, climbs=int(is_escalated))


def ensure_requestable(status: str, *, open_request_id: UUID | None) -> None:
    """Raise NotVoidable for a print that no longer counts, VoidRequested if somebody has asked already."""
    if status not in LIVING:
        raise NotVoidable(current=status)
    if open_request_id is not None:
        raise VoidRequested(existing_id=str(open_request_id))


def ensure_void_reason(text: str) -> str:
    """Return why somebody asks, without what surrounds it.

    Raises:
        VoidReasonInvalid: fewer than ten characters.
    """
    if len("".join(text.split())) < MINIMUM_REASON_LENGTH:
        raise VoidReasonInvalid(fields={"reason": f"至少 {MINIMUM_REASON_LENGTH} 个字"})
    return text.strip()


def ensure_comment(text: str, *, approved: bool) -> str | None:
    """Return the decider's words, None without any; whoever rejects says why.

    Raises:
        VoidReasonInvalid: a rejection without a reason.
    """
    if not approved and not text.strip():
        raise VoidReasonInvalid(fields={"reason": "驳回须说明理由"})
    return text.strip() or None


def void_words(code: str, reason: str) -> str:
    """Return what stands beside a voided print as its reason, after a request."""
    return f"{VOID_REASON_WORDS[VoidReason(code)]}：{reason}"
