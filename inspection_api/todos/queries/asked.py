"""What the acting person brought about himself, so that others decide it, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, true, union_all
from sqlalchemy.orm import aliased

from inspection_api.accounts.models import Organisation, RoleAssignment, UserAccount
from inspection_api.accounts.queries import valid_on
from inspection_api.core.periods import local_day
from inspection_api.core.tables import among
from inspection_api.todos.queries.listing import below
from inspection_api.todos.rules import Holder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import CTE

    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Kind, Rows


def asked(ctx: Context, kinds: Sequence[Kind]) -> CTE:
    """Return what waits for others because of the actor, in the organisations where he has a role."""
    return union_all(*(_part(ctx, kind) for kind in kinds)).cte("todo")


def _part(ctx: Context, kind: Kind) -> Rows:
    rows = (kind.own_rows or kind.rows)(ctx).subquery()
    paths = [held.path for held in ctx.actor.assignments]
    return below(kind, rows, paths).where(rows.c.person_id == ctx.user_id)


def holders(ctx: Context, organisation_ids: Collection[UUID], roles: Iterable[str]) -> dict[UUID, list[Holder]]:
    """Return who holds one of ``roles`` over each of the organisations, and how near."""
    above = aliased(Organisation)
    step = func.unnest(func.string_to_array(Organisation.path, "/")).table_valued("code").render_derived("step")
    statement = (
        select(Organisation.id, RoleAssignment.user_id, RoleAssignment.role, func.length(above.path).label("depth"))
        .select_from(Organisation)
        .join(step, true())
        .join(above, above.code == step.c.code)
        .join(RoleAssignment, RoleAssignment.organisation_id == above.id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(among(Organisation.id, organisation_ids), RoleAssignment.role.in_(sorted(roles)))
        .where(valid_on(local_day(ctx.now)), UserAccount.disabled_at.is_(None))
    )
    found: dict[UUID, list[Holder]] = {each: [] for each in organisation_ids}
    for row in ctx.session.execute(statement):
        found[row.id].append(Holder(user_id=row.user_id, role=row.role, depth=row.depth))
    return found


def names(ctx: Context, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what people are called."""
    statement = select(UserAccount.id, UserAccount.name).where(among(UserAccount.id, user_ids))
    return {row.id: row.name for row in ctx.session.execute(statement)}
