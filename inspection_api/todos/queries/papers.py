"""Papers that wait: requests to unlock and to void, whose they are now, and opinions that come before a print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, literal_column, select

from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from inspection_api.todos.queries.kind import Kind, columns
from inspection_api.todos.rules import Decision, Facts, Outlook, roles_with, until_then
from kiosk_print import service as papers
from kiosk_print.models import PaperOpinion, PaperPrint, UnlockRequest, VoidRequest
from kiosk_print.rules import unlock
from kiosk_print.rules.voiding import VOID_REASON_WORDS, VoidStatus
from kiosk_print.rules.window import GRAVE_CONCLUSIONS, LIVING

if TYPE_CHECKING:
    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Rows


def _unlocks(ctx: Context) -> Rows:
    """Return the requests that the actor may decide now, as the rules of the paper have it."""
    return _requests().where(among(UnlockRequest.id, papers.decidable(ctx)))


def _own_unlocks(ctx: Context) -> Rows:
    return _requests().where(UnlockRequest.requested_by == ctx.user_id, papers.unlock_waits(ctx))


def _requests() -> Rows:
    return select(
        *columns(
            id=UnlockRequest.id,
            organisation_id=UnlockRequest.organisation_id,
            since=UnlockRequest.requested_at,
            due=UnlockRequest.climbs_at,
            until=UnlockRequest.expires_at,
            checkpoint_id=Inspection.checkpoint_id,
            inspection_id=UnlockRequest.inspection_id,
            person_id=UnlockRequest.requested_by,
            note=UnlockRequest.reason_code,
            barred=[UnlockRequest.requested_by, Inspection.officer_id],
        )
    ).join(Inspection, Inspection.id == UnlockRequest.inspection_id)


def _foresee_unlock(facts: Facts, calendar: Calendar) -> Outlook:
    climbs_at = unlock.next_climb(facts.since, unlock.climbed(facts.since, facts.now, calendar), calendar)
    if climbs_at is None:
        return Outlook(due_at=facts.until, if_nothing="expires")
    return Outlook(due_at=climbs_at, if_nothing="escalates")


UNLOCKS = Kind(
    code="unlock",
    title="明白纸解锁申请",
    roles=roles_with(Permission(Action.UNLOCK, "approve")),
    rows=_unlocks,
    foresee=_foresee_unlock,
    if_nothing={
        "escalates": "两个工作日内不处理，上报上一级，上一级也可审批",
        "expires": "到期不处理，申请过期，明白纸保持锁定",
    },
    decisions=(
        Decision(code="approve", label="批准", path="/api/v1/unlock-requests/{id}/decision", body={"approved": True},
                 asks=("days",)),
        Decision(code="reject", label="驳回", path="/api/v1/unlock-requests/{id}/decision", body={"approved": False},
                 asks=("reason",)),
    ),
    notes={code.value: words for code, words in unlock.REASON_WORDS.items()},
    decided_by_rule=True,
    own_rows=_own_unlocks,
    deciders=papers.deciders_of_requests,
)  # fmt: skip


def _voids(ctx: Context) -> Rows:
    """Return the requests to void that are the actor's to decide now."""
    return _void_requests().where(among(VoidRequest.id, papers.decidable_voids(ctx)))


def _own_voids(ctx: Context) -> Rows:
    return _void_requests().where(VoidRequest.requested_by == ctx.user_id, VoidRequest.status == VoidStatus.PENDING)


def _void_requests() -> Rows:
    return select(
        *columns(
            id=VoidRequest.id,
            organisation_id=VoidRequest.organisation_id,
            since=VoidRequest.requested_at,
            due=VoidRequest.escalates_at,
            until=VoidRequest.escalates_at,
            checkpoint_id=Inspection.checkpoint_id,
            inspection_id=VoidRequest.inspection_id,
            person_id=VoidRequest.requested_by,
            note=VoidRequest.reason_code,
            barred=[VoidRequest.requested_by, Inspection.officer_id],
        )
    ).join(Inspection, Inspection.id == VoidRequest.inspection_id)


def _foresee_void(facts: Facts, _calendar: Calendar) -> Outlook:
    is_escalated = facts.until is not None and facts.now >= facts.until
    return Outlook(due_at=facts.until, if_nothing="stays_valid" if is_escalated else "escalates")


VOIDS = Kind(
    code="void",
    title="明白纸作废申请",
    roles=roles_with(papers.VOID),
    rows=_voids,
    foresee=_foresee_void,
    if_nothing={
        "escalates": "两个工作日内不处理，上报上一级，上一级也可审批；明白纸继续有效",
        "stays_valid": "已上报上一级；不处理，明白纸继续有效",
    },
    decisions=(
        Decision(code="approve", label="批准", path="/api/v1/void-requests/{id}/decision", body={"approved": True}),
        Decision(code="reject", label="驳回", path="/api/v1/void-requests/{id}/decision", body={"approved": False},
                 asks=("reason",)),
    ),
    notes={code.value: words for code, words in VOID_REASON_WORDS.items()},
    decided_by_rule=True,
    own_rows=_own_voids,
    deciders=papers.deciders_of_voids,
)  # fmt: skip


def _opinions(ctx: Context) -> Rows:
    given = exists().where(PaperOpinion.inspection_id == Inspection.id, PaperOpinion.voided_at.is_(None))
    printed = exists().where(PaperPrint.inspection_id == Inspection.id, PaperPrint.status.in_(LIVING))
    return (
        select(
            *columns(
                id=Inspection.id,
                organisation_id=Inspection.organisation_id,
                since=Inspection.accepted_at,
                due=Inspection.print_closes_at,
                until=Inspection.print_closes_at,
                checkpoint_id=Inspection.checkpoint_id,
                inspection_id=Inspection.id,
                person_id=Inspection.officer_id,
                note=Inspection.conclusion,
                barred=[Inspection.officer_id],
            )
        )
        .where(Inspection.conclusion.in_([literal_column(f"'{each}'") for each in sorted(GRAVE_CONCLUSIONS)]))
        .where(Inspection.print_closes_at > ctx.now, Inspection.state.in_(["accepted", "extra"]), ~given, ~printed)
    )


OPINIONS = Kind(
    code="opinion",
    title="上级意见待填写",
    roles=roles_with(Permission(Action.PAPERS, "opinion")),
    rows=_opinions,
    foresee=until_then("locks"),
    if_nothing={"locks": "到期未填写意见，明白纸不能打印并被锁定"},
    decisions=(
        Decision(code="give", label="填写意见", path="/api/v1/inspections/{inspection_id}/paper/opinion",
                 asks=("text",)),
    ),
    notes={"strong_watch": "强烈关注", "exit": "退出"},
)  # fmt: skip
