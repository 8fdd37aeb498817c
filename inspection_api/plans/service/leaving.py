"""What exits, returns and transfers of checkpoints do to their episodes (domain.md §1.3, §1.5, §1.6).

The tasks follow in ``tasks/service/leaving.py``; what an episode needs from then on, the next run of the generation
makes: ``generated_through`` None asks it to look from the beginning.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from inspection_api.core.periods import local_day
from inspection_api.core.tables import among
from inspection_api.plans import queries
from inspection_api.plans.models import PlanMembership

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_EXIT = text(
    """
    UPDATE plan_membership m
    SET left_on = e.left_on, left_reason = 'exit', exit_type = e.exit_type, exit_approved_on = e.approved_on,
        generated_through = NULL
    FROM unnest(CAST(:checkpoint_ids AS uuid[]), CAST(:left_on AS date[]), CAST(:exit_types AS text[]),
                CAST(:approved_on AS date[])) AS e (checkpoint_id, left_on, exit_type, approved_on)
    WHERE m.checkpoint_id = e.checkpoint_id AND m.left_on IS NULL
    """
)
_END = text(
    """
    UPDATE plan p SET end_on = greatest(p.start_on, :today), detached = true
    WHERE p.organisation_id = ANY (CAST(:organisation_ids AS uuid[])) AND (p.end_on IS NULL OR p.end_on > :today)
    RETURNING p.id
    """
)
_END_OTHERS = text(
    """
    UPDATE plan p SET end_on = greatest(p.start_on, :today), detached = true
    FROM inspection_rule r JOIN organisation o ON o.id = ANY (CAST(:organisation_ids AS uuid[]))
    WHERE p.organisation_id = o.id AND r.id = p.rule_id AND r.org_type <> o.kind
      AND (p.end_on IS NULL OR p.end_on > :today)
    RETURNING p.id
    """
)
_BEGIN_AGAIN = text(
    """
    UPDATE plan p SET end_on = r.end_on, start_on = r.start_on, detached = false, recorded_on = :today
    FROM inspection_rule r JOIN organisation o ON o.id = ANY (CAST(:organisation_ids AS uuid[]))
    WHERE p.organisation_id = o.id AND r.id = p.rule_id AND r.org_type = o.kind AND r.auto_create_plan AND p.detached
    RETURNING p.id
    """
)
_LOOK_AGAIN = text(
    "UPDATE plan_membership SET generated_through = NULL WHERE plan_id = ANY (CAST(:plan_ids AS uuid[]))"
)
_RETURN = text(
    """
    UPDATE plan_membership SET returned_on = :today, generated_through = NULL
    WHERE checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND left_reason = 'exit' AND returned_on IS NULL
    """
)
_STAY = text(
    """
    UPDATE plan_membership m
    SET left_on = NULL, left_reason = NULL, exit_type = NULL, exit_approved_on = NULL, generated_through = NULL
    WHERE m.checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND m.left_reason = 'exit' AND m.left_on > :today
    """
)
_TRANSFER = text(
    """
    UPDATE plan_membership m SET left_on = t.day, left_reason = 'transferred', generated_through = NULL
    FROM unnest(CAST(:checkpoint_ids AS uuid[]), CAST(:organisation_ids AS uuid[]), CAST(:days AS date[]))
         AS t (checkpoint_id, organisation_id, day)
    JOIN organisation o ON o.id = t.organisation_id,
    plan p JOIN organisation answers ON answers.id = p.organisation_id
    WHERE m.checkpoint_id = t.checkpoint_id AND m.left_on IS NULL AND p.id = m.plan_id
      AND NOT starts_with(o.path, answers.path)
    """
)
# Who goes over to another plan of the same rule is no newcomer there: 首巡开始规则 was for the first joining.
_GO_ON = text(
    """
    UPDATE plan_membership m SET joined_on = former.joined_on
    FROM plan p, plan_membership former JOIN plan q ON q.id = former.plan_id
    WHERE m.checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND m.left_on IS NULL AND m.recorded_on = :today
      AND p.id = m.plan_id AND q.rule_id = p.rule_id AND former.checkpoint_id = m.checkpoint_id
      AND former.left_reason = 'transferred' AND former.left_on = m.joined_on AND former.generated_through IS NULL
    """
)


def on_checkpoints_exited(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.exited``, which may be of a day to come: the running episodes end with it."""
    ctx.session.flush()
    data = [event.data for event in events]
    exited = [UUID(each["checkpoint_id"]) for each in data]
    values = {
        "checkpoint_ids": exited,
        "left_on": [date.fromisoformat(each["effective_on"]) for each in data],
        "exit_types": [each["exit_type"] for each in data],
        "approved_on": [date.fromisoformat(each["approved_on"]) for each in data],
    }
    queries.lock_members(ctx.session, among(PlanMembership.checkpoint_id, exited))
    ctx.session.execute(_EXIT, values)


def on_exits_withdrawn(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.exit_withdrawn``: a scheduled exit was called off, the episodes go on."""
    staying = [UUID(event.data["checkpoint_id"]) for event in events]
    queries.lock_members(ctx.session, among(PlanMembership.checkpoint_id, staying))
    ctx.session.execute(_STAY, {"checkpoint_ids": staying, "today": local_day(ctx.now)})


def on_checkpoints_reactivated(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.reactivated``: the old episodes owe no further check, a new one begins in every plan."""
    ctx.session.flush()
    today = local_day(ctx.now)
    returns = {UUID(event.data["checkpoint_id"]): date.fromisoformat(event.data["effective_on"]) for event in events}
    queries.lock_members(ctx.session, among(PlanMembership.checkpoint_id, returns))
    ctx.session.execute(_RETURN, {"checkpoint_ids": list(returns), "today": today})
    queries.join_members(ctx.session, today, checkpoint_ids=returns, since=returns)


def on_checkpoints_transferred(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.transferred``: plans that no longer cover the point lose it, those that now do gain it."""
    ctx.session.flush()
    data = [event.data for event in events]
    moves = {UUID(each["checkpoint_id"]): date.fromisoformat(each["effective_on"]) for each in data}
    values = {
        "checkpoint_ids": list(moves),
        "organisation_ids": [UUID(each["to_organisation_id"]) for each in data],
        "days": list(moves.values()),
    }
    queries.lock_members(ctx.session, among(PlanMembership.checkpoint_id, moves))
    ctx.session.execute(_TRANSFER, values)
    today = local_day(ctx.now)
    queries.join_members(ctx.session, today, checkpoint_ids=moves, since=moves)
    ctx.session.execute(_GO_ON, {"checkpoint_ids": list(moves), "today": today})


def on_organisations_edited(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``organisation.edited``: of another kind, it has the plans of that kind, in this transaction (§1.1).

    The plans of its old kind end today. One that it had before, and has again, follows its rule again.
    """
    ctx.session.flush()
    changed = [UUID(event.data["organisation_id"]) for event in events if event.data["was"] != event.data["kind"]]
    if not changed:
        return
    today = local_day(ctx.now)
    ended = ctx.session.scalars(_END_OTHERS, {"organisation_ids": changed, "today": today}).all()
    back = ctx.session.scalars(_BEGIN_AGAIN, {"organisation_ids": changed, "today": today}).all()
    queries.lock_members(ctx.session, among(PlanMembership.plan_id, [*ended, *back]))
    ctx.session.execute(_LOOK_AGAIN, {"plan_ids": [*ended, *back]})
    new = queries.create_plans(ctx.session, today, organisation_ids=changed)
    queries.join_members(ctx.session, today, plan_ids=[*back, *new])
    for plan_id in ended:
        ctx.record("plan.ended", plan_id=str(plan_id))


def on_organisations_closed(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``organisation.closed``: its plans end today, whatever their rules say (§1.10.4)."""
    ctx.session.flush()
    organisation_ids = [UUID(event.data["organisation_id"]) for event in events]
    values = {"organisation_ids": organisation_ids, "today": local_day(ctx.now)}
    ended = ctx.session.scalars(_END, values).all()
    queries.lock_members(ctx.session, among(PlanMembership.plan_id, ended))
    ctx.session.execute(_LOOK_AGAIN, {"plan_ids": ended})
    for plan_id in ended:
        ctx.record("plan.ended", plan_id=str(plan_id))
