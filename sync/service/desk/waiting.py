"""What devices brought and a person must decide, as the supervisor's queue shows it (`inspection_api/waiting.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from inspection_api.core.permissions import Action, Permission
from inspection_api.inspections.models import Inspection
from inspection_api.notifications.rules.words import CODES
from inspection_api.todos.queries.kind import Kind, columns
from inspection_api.todos.rules import Decision, always, roles_with
from sync.models import SyncConflict, SyncQuarantine
from sync.protocol import desk

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Rows

AMENDMENT = "inspection.amend"


def _quarantined() -> Rows:
    """Return what waits in the quarantine; a visit waits while its record says so."""
    waits = or_(
        SyncQuarantine.raw.is_not(None), and_(Inspection.state == "submitted", Inspection.quarantine_codes != [])
    )
    return (
        select(
            *columns(
                id=SyncQuarantine.op_id,
                organisation_id=SyncQuarantine.organisation_id,
                since=SyncQuarantine.received_at,
                checkpoint_id=Inspection.checkpoint_id,
                inspection_id=Inspection.id,
                person_id=SyncQuarantine.officer_id,
                note=SyncQuarantine.type,
                barred=[SyncQuarantine.officer_id],
            )
        )
        .outerjoin(Inspection, Inspection.id == SyncQuarantine.entity_id)
        .where(SyncQuarantine.state == "open", waits)
    )


def _quarantine(_ctx: Context) -> Rows:
    return _quarantined().where(SyncQuarantine.type != AMENDMENT)


def _amendments(_ctx: Context) -> Rows:
    return _quarantined().where(SyncQuarantine.type == AMENDMENT)


def _conflicts(_ctx: Context) -> Rows:
    """Return the clashes in submitted records; in his drafts the officer decides himself."""
    return (
        select(
            *columns(
                id=SyncConflict.id,
                organisation_id=Inspection.organisation_id,
                since=SyncConflict.created_at,
                checkpoint_id=Inspection.checkpoint_id,
                inspection_id=Inspection.id,
                person_id=Inspection.officer_id,
                note=SyncConflict.field,
                barred=[Inspection.officer_id],
            )
        )
        .join(Inspection, Inspection.id == SyncConflict.inspection_id)
        .where(SyncConflict.state == "open", Inspection.state != "draft")
    )


_JUDGED = (
    Decision(code="accept", label="判定有效", path="/api/v1/sync/quarantine/{id}/accept", asks=("reason",)),
    Decision(code="refuse", label="判定无效", path="/api/v1/sync/quarantine/{id}/refuse", asks=("reason",)),
)
QUARANTINE = Kind(
    code="quarantine",
    title="隔离记录待判定",
    roles=roles_with(desk.DECIDE),
    rows=_quarantine,
    foresee=always("not_counted"),
    if_nothing={"not_counted": "不判定，该记录不生效，不计入完成率"},
    decisions=_JUDGED,
    notes=CODES["type"],
)
AMENDMENTS = Kind(
    code="amendment",
    title="记录更正待审批",
    roles=roles_with(Permission(Action.AMENDMENT, "amend"), Permission(Action.AMENDMENT, "approve")),
    rows=_amendments,
    foresee=always("unchanged"),
    if_nothing={"unchanged": "不审批，原记录保持不变"},
    decisions=_JUDGED,
    notes=CODES["type"],
)
CONFLICTS = Kind(
    code="conflict",
    title="填写不一致待判定",
    roles=roles_with(desk.DECIDE),
    rows=_conflicts,
    foresee=always("not_accepted"),
    if_nothing={"not_accepted": "不判定，该记录不能通过，其任务可能逾期"},
    decisions=(
        Decision(code="server", label="以现有值为准", path="/api/v1/sync/conflicts/{id}/resolve",
                 body={"keep": "server"}),
        Decision(code="device", label="以另一手机为准", path="/api/v1/sync/conflicts/{id}/resolve",
                 body={"keep": "device"}),
    ),
)  # fmt: skip
