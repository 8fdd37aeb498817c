"""Reads of the plans slice, and the set-based statements that make plans and members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, text

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import in_subtree
from inspection_api.core.permissions import Action, Permission
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership, RuleVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor
    from inspection_api.plans.rules import Version

READ = Permission(Action.RULES, "read")

_PLANS = text(
    """
    INSERT INTO plan (id, rule_id, organisation_id, start_on, end_on, recorded_on)
    SELECT gen_random_uuid(), r.id, o.id, r.start_on, r.end_on, :today
    FROM inspection_rule r
    JOIN organisation owner ON owner.id = r.organisation_id
    JOIN organisation o ON starts_with(o.path, owner.path) AND o.kind = r.org_type AND o.closed_on IS NULL
    WHERE r.id = ANY (CAST(:rule_ids AS uuid[]))
       OR (r.auto_create_plan AND o.id = ANY (CAST(:organisation_ids AS uuid[])))
    ON CONFLICT DO NOTHING
    RETURNING id
    """
)

_MEMBERS = text(
    """
    INSERT INTO plan_membership (id, plan_id, checkpoint_id, joined_on, source, recorded_on)
    SELECT gen_random_uuid(), p.id, c.id, COALESCE(since.day, c.effective_from), 'auto', :recorded_on
    FROM plan p
    JOIN inspection_rule r ON r.id = p.rule_id AND r.auto_join
    JOIN organisation answers ON answers.id = p.organisation_id
    JOIN organisation o ON starts_with(o.path, answers.path)
    JOIN checkpoint c ON c.organisation_id = o.id AND c.state <> 'exited' AND c.archived_at IS NULL
    LEFT JOIN unnest(CAST(:movers AS uuid[]), CAST(:days AS date[])) AS since (id, day) ON since.id = c.id
    WHERE p.active AND (p.id = ANY (CAST(:plan_ids AS uuid[])) OR c.id = ANY (CAST(:checkpoint_ids AS uuid[])))
      AND NOT EXISTS (SELECT FROM plan_membership m  -- whoever leaves on a later day is a member until then
                      WHERE m.plan_id = p.id AND m.checkpoint_id = c.id AND m.left_on > :today)
    ON CONFLICT DO NOTHING
    """
)


def visible_rules(actor: Actor) -> Select[InspectionRule]:
    """Return the rules that organisations of the actor's subtrees own, and those from above that govern them."""
    paths = actor.paths(READ)
    above = select(Organisation.id).where(Organisation.path.in_({head for path in paths for head in _heads(path)}))
    owner = InspectionRule.organisation_id
    return select(InspectionRule).where(or_(in_subtree(owner, paths), owner.in_(above)))


def visible_plans(actor: Actor, permission: Permission = READ) -> Select[Plan]:
    """Return the plans of the organisations in the actor's subtrees."""
    return select(Plan).where(in_subtree(Plan.organisation_id, actor.paths(permission)))


def plans_of(actor: Actor, *, rule_id: UUID | None = None, organisation_id: UUID | None = None) -> Select[Plan]:
    """Return the visible plans, narrowed to a rule or an organisation."""
    statement = visible_plans(actor)
    if rule_id is not None:
        statement = statement.where(Plan.rule_id == rule_id)
    return statement if organisation_id is None else statement.where(Plan.organisation_id == organisation_id)


def members_of(plan_id: UUID, *, former: bool | None = None) -> Select[*tuple[Any, ...]]:
    """Return the stays in a plan, all or only those that have ended or not, with what people call the checkpoints."""
    statement = (
        select(*PlanMembership.__table__.columns, Checkpoint.code, Checkpoint.name, Checkpoint.organisation_id)
        .join(Checkpoint, Checkpoint.id == PlanMembership.checkpoint_id)
        .where(PlanMembership.plan_id == plan_id)
    )
    if former is None:
        return statement
    return statement.where(PlanMembership.left_on.is_not(None) if former else PlanMembership.left_on.is_(None))


def create_plans(
    session: Session, today: date, *, rule_ids: Iterable[UUID] = (), organisation_ids: Iterable[UUID] = ()
) -> list[UUID]:
    """Create the missing plans of these rules everywhere, and of all rules in these new organisations.

    One statement; a new organisation gets only plans of rules with 新建组织机构时自动创建计划. Returns the new plans.
    """
    values = {"today": today, "rule_ids": list(rule_ids), "organisation_ids": list(organisation_ids)}
    return list(session.scalars(_PLANS, values))


def join_members(
    session: Session,
    today: date,
    *,
    plan_ids: Iterable[UUID] = (),
    checkpoint_ids: Iterable[UUID] = (),
    since: Mapping[UUID, date] | None = None,
    recorded_on: date | None = None,
) -> None:
    """Make the points in force members of these plans, and these points members of every plan that covers them.

    One statement, for rules with 自动加入; whoever is a member already is left alone. ``since`` are the days on which
    points came back or over; the others joined on their effective day. They owe nothing of periods that ended before
    ``recorded_on`` (None: today).
    """
    values = {"today": today, "plan_ids": list(plan_ids), "checkpoint_ids": list(checkpoint_ids)}
    values["recorded_on"] = recorded_on or today
    movers = {"movers": list(since or ()), "days": list((since or {}).values())}
    session.execute(_MEMBERS, values | movers)


def lock_members(session: Session, which: ColumnElement[bool]) -> None:
    """Lock episodes until the transaction ends, in the order in which the generator does.

    Whoever changes several of them calls this first: an UPDATE takes rows as it finds them, and two deadlock.
    """
    rows = select(PlanMembership.id).where(which).order_by(PlanMembership.plan_id, PlanMembership.id)
    session.execute(select(func.count()).select_from(rows.with_for_update(key_share=True).subquery()))


def of_rule(rule_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an episode is of a plan of this rule."""
    return PlanMembership.plan_id.in_(select(Plan.id).where(Plan.rule_id == rule_id))


def versions_by_rule(session: Session) -> dict[UUID, tuple[Version, ...]]:
    """Return the versions of every rule, by number."""
    versions: dict[UUID, list[Version]] = {}
    for row in session.scalars(select(RuleVersion).order_by(RuleVersion.rule_id, RuleVersion.number)):
        versions.setdefault(row.rule_id, []).append(row.value)
    return {rule_id: tuple(found) for rule_id, found in versions.items()}


def versions_of(session: Session, rule_id: UUID) -> Sequence[RuleVersion]:
    """Return the versions of one rule, by number."""
    statement = select(RuleVersion).where(RuleVersion.rule_id == rule_id)
    return session.scalars(statement.order_by(RuleVersion.number)).all()


def latest_since(session: Session, rule_id: UUID) -> date | None:
    """Return the switch day of a rule's newest version, None while it has only its first."""
    newest = select(RuleVersion.since).where(RuleVersion.rule_id == rule_id).order_by(RuleVersion.number.desc())
    return session.scalars(newest.limit(1)).one()


def is_member(session: Session, rule_id: UUID, checkpoint_id: UUID) -> bool:
    """Tell whether the checkpoint is in any plan of the rule now."""
    statement = (
        select(PlanMembership.id)
        .join(Plan, Plan.id == PlanMembership.plan_id)
        .where(Plan.rule_id == rule_id, PlanMembership.checkpoint_id == checkpoint_id, PlanMembership.left_on.is_(None))
        .limit(1)
    )
    return session.scalars(statement).first() is not None


def _heads(path: str) -> list[str]:
    """Return the paths at and above ``path``: ``/61/6101/`` has ``/61/`` and ``/61/6101/``."""
    codes = path.strip("/").split("/")
    return ["/" + "/".join(codes[: count + 1]) + "/" for count in range(len(codes))]
