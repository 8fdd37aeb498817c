"""What the field brings: phones, places, and exits of checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Uuid, func, select
from sqlalchemy.orm import aliased

from checkpoints.models import Checkpoint, CheckpointExit, CheckpointLocation, CheckpointProposal
from checkpoints.rules.binding import REASON_WORDS
from inspection_api.accounts.models import Device
from inspection_api.core.permissions import Action, Permission
from inspection_api.todos.queries.kind import Kind, columns
from inspection_api.todos.rules import Decision, always, roles_with

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Rows


def _devices(_ctx: Context) -> Rows:
    return select(
        *columns(
            id=Device.id,
            organisation_id=Device.organisation_id,
            since=Device.created_at,
            person_id=Device.user_id,
            note=Device.name,
            barred=[Device.user_id],
        )
    ).where(Device.kind == "officer", Device.status == "pending")


DEVICES = Kind(
    code="device",
    title="手机待批准",
    roles=roles_with(Permission(Action.ACCOUNTS, "enrol")),
    rows=_devices,
    foresee=always("not_synced"),
    if_nothing={"not_synced": "不批准，该手机不能下载任务，其上传的记录保持隔离"},
    decisions=(
        Decision(code="approve", label="批准", path="/api/v1/devices/{id}/approve"),
        Decision(code="revoke", label="停用", path="/api/v1/devices/{id}/revoke"),
    ),
)


def _bindings(_ctx: Context) -> Rows:
    """Return the doubtful places; whoever bound a rival of one decides neither."""
    rival = aliased(CheckpointLocation)
    binders = select(func.array_agg(rival.bound_by, type_=ARRAY(Uuid()))).where(
        rival.checkpoint_id == CheckpointLocation.checkpoint_id,
        rival.status == "provisional",
    )
    return (
        select(
            *columns(
                id=CheckpointLocation.id,
                organisation_id=Checkpoint.organisation_id,
                since=CheckpointLocation.bound_at,
                checkpoint_id=Checkpoint.id,
                person_id=CheckpointLocation.bound_by,
                note=CheckpointLocation.reasons[1],
                group=binders.scalar_subquery(),
            )
        )
        .join(Checkpoint, Checkpoint.id == CheckpointLocation.checkpoint_id)
        .where(CheckpointLocation.status == "provisional", Checkpoint.state == "pending_confirm")
    )


BINDINGS = Kind(
    code="binding",
    title="检查点位置待确认",
    roles=roles_with(Permission(Action.BINDING, "decide")),
    rows=_bindings,
    foresee=always("visits_held"),
    if_nothing={"visits_held": "不确认，该点的检查记录保持隔离，不计入完成率"},
    decisions=(
        Decision(code="confirm", label="确认",
                 path="/api/v1/checkpoints/{checkpoint_id}/locations/{id}/confirm"),
        Decision(code="reject", label="驳回", path="/api/v1/checkpoints/{checkpoint_id}/locations/{id}/reject"),
    ),
    notes=REASON_WORDS,
)  # fmt: skip


def _exits(_ctx: Context) -> Rows:
    return (
        select(
            *columns(
                id=CheckpointExit.id,
                organisation_id=Checkpoint.organisation_id,
                since=CheckpointExit.proposed_at,
                checkpoint_id=Checkpoint.id,
                inspection_id=CheckpointExit.inspection_id,
                person_id=CheckpointExit.proposed_by,
                note=CheckpointExit.exit_type,
                barred=[CheckpointExit.proposed_by],
            )
        )
        .join(Checkpoint, Checkpoint.id == CheckpointExit.checkpoint_id)
        .where(CheckpointExit.status == "proposed")
    )


EXITS = Kind(
    code="exit",
    title="检查点退出待审批",
    roles=roles_with(Permission(Action.EXIT, "approve")),
    rows=_exits,
    foresee=always("stays_in_force"),
    if_nothing={"stays_in_force": "不审批，检查点继续有效，任务照常产生"},
    decisions=(
        Decision(code="approve", label="批准", path="/api/v1/exits/{id}/approve"),
        Decision(code="refuse", label="驳回", path="/api/v1/exits/{id}/refuse", asks=("note",)),
    ),
    notes={"exited": "已退出", "written_off": "已核销", "settled": "已结清", "discount_only": "纯贴现用户"},
)


def _proposals(_ctx: Context) -> Rows:
    return select(
        *columns(
            id=CheckpointProposal.id,
            organisation_id=CheckpointProposal.organisation_id,
            since=CheckpointProposal.proposed_at,
            checkpoint_id=CheckpointProposal.checkpoint_id,
            customer_id=CheckpointProposal.customer_id,
            person_id=CheckpointProposal.proposed_by,
            note=CheckpointProposal.kind,
            barred=[CheckpointProposal.proposed_by],
        )
    ).where(CheckpointProposal.status == "proposed")


PROPOSALS = Kind(
    code="proposal",
    title="检查点提议待处理",
    roles=roles_with(Permission(Action.CHECKPOINTS, "edit")),
    rows=_proposals,
    foresee=always("not_done"),
    if_nothing={"not_done": "不处理，提议的新增或修改不会生效"},
    decisions=(
        Decision(code="accept", label="同意", path="/api/v1/checkpoint-proposals/{id}/accept"),
        Decision(code="refuse", label="不同意", path="/api/v1/checkpoint-proposals/{id}/refuse", asks=("note",)),
    ),
    notes={"create": "新增检查点", "edit": "修改检查点"},
)
