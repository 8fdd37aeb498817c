"""The verdict on ``unlock.request``: the shape and the reach; the paper's own rules decide when it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk_print.rules.unlock import UnlockAsked
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from sync.protocol.envelope import Operation, UnlockRequest
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step


def judge_unlock(
    facts: Facts, operation: Operation, payload: UnlockRequest, step: Step
) -> tuple[Verdict, UnlockAsked | None]:
    """Return the verdict and the request to make; an officer asks for his own records only."""
    record = facts.records.get(payload.inspection_id)
    if record is None or record.officer_id != facts.sender.user_id:
        return rejected("forbidden_or_unknown"), None
    write = UnlockAsked(
        id=operation.entity_id,
        inspection_id=payload.inspection_id,
        reason_code=payload.reason_code,
        reason=payload.reason_text,
    )
    codes = (*step.codes, *(() if facts.sender.is_approved else ("device_unapproved",)))
    if codes:
        return Verdict(status=Status.QUARANTINED, codes=codes, flags=step.flags), None
    return Verdict(status=Status.APPLIED, flags=step.flags), write
