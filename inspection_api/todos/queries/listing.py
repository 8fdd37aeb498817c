"""The queue as one statement: every kind's rows, scoped, under one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, literal, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation, RoleAssignment, UserAccount
from inspection_api.accounts.queries import valid_on
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import CTE, ColumnElement, FromClause
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.context import Actor, Context
    from inspection_api.todos.queries.kind import Kind, Rows


def open_to(actor: Actor, kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds that a role of the actor decides anywhere."""
    return [kind for kind in kinds if paths_of(actor, kind)]


def paths_of(actor: Actor, kind: Kind) -> list[str]:
    """Return the organisations below which the actor decides things of this kind."""
    return [held.path for held in actor.assignments if held.role in kind.roles]


def waiting(ctx: Context, kinds: Sequence[Kind], *, everything: bool) -> CTE:
    """Return what waits for the actor, of the given kinds: what he is the nearest to decide, or all that he may.

    ``order_at`` orders the list: what has a time by that, then what has none by its age. A page and its counts read it
    once for both: to plan it takes the database longer than to find what little waits.
    """
    nearer = _nearer(ctx, kinds)
    parts = [_part(ctx, kind, None if everything or kind.decided_by_rule else nearer) for kind in kinds]
    return union_all(*parts).cte("todo")


def _part(ctx: Context, kind: Kind, nearer: CTE | None) -> Rows:
    rows = kind.rows(ctx).subquery()
    paths = paths_of(ctx.actor, kind)
    statement = below(kind, rows, paths).where(~func.coalesce(literal(ctx.user_id) == rows.c.barred.any_(), False))
    return statement if nearer is None else statement.where(~_is_anothers(rows, kind, paths, nearer))


def below(kind: Kind, rows: FromClause, paths: Sequence[str]) -> Rows:
    """Return a kind's rows of the organisations below any of ``paths``, as the queue has them."""
    order_at = func.coalesce(rows.c.due, rows.c.since + func.make_interval(100)).label("order_at")
    return (
        select(literal(kind.code).label("kind"), order_at, *rows.c, Organisation.name.label("organisation_name"))
        .join(Organisation, Organisation.id == rows.c.organisation_id)
        .where(or_(*(Organisation.path.startswith(path, autoescape=True) for path in paths)))
    )


def _is_anothers(rows: FromClause, kind: Kind, paths: Sequence[str], nearer: CTE) -> ColumnElement[bool]:
    """Return the condition that somebody nearer than the actor decides the row, and is not barred from it."""
    return exists().where(
        nearer.c.organisation_id == rows.c.organisation_id,
        nearer.c.role.in_(sorted(kind.roles)),
        nearer.c.depth > _depth(Organisation.path, paths),
        ~(nearer.c.user_id == rows.c.barred.any_()),
    )


def _depth(path: InstrumentedAttribute[str], paths: Sequence[str]) -> ColumnElement[int]:
    """Return how near to ``path`` the nearest of the actor's ``paths`` is."""
    return func.greatest(*(case((func.starts_with(path, each), len(each)), else_=0) for each in paths))


def _nearer(ctx: Context, kinds: Sequence[Kind]) -> CTE:
    """Return who holds a deciding role over each organisation, below the actor: pairs, so that they can be hashed.

    A path holds the codes of all organisations above, so that each is looked up instead of compared with every other.
    """
    roles = sorted(frozenset().union(*(kind.roles for kind in kinds)))
    paths = {path for kind in kinds for path in paths_of(ctx.actor, kind)}
    above = aliased(Organisation)
    step = func.unnest(func.string_to_array(Organisation.path, "/")).table_valued("code").render_derived("step")
    below_me = or_(*(and_(above.path.startswith(path, autoescape=True), above.path != path) for path in paths))
    return (
        select(
            Organisation.id.label("organisation_id"),
            RoleAssignment.user_id,
            RoleAssignment.role,
            func.length(above.path).label("depth"),
        )
        .select_from(Organisation)
        .join(step, true())
        .join(above, above.code == step.c.code)
        .join(RoleAssignment, RoleAssignment.organisation_id == above.id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(RoleAssignment.role.in_(roles), valid_on(local_day(ctx.now)), UserAccount.disabled_at.is_(None))
        .where(below_me)
        .cte("nearer")
        .prefix_with("MATERIALIZED")
    )


def named(todo: CTE, organisation_id: UUID | None, kind: str | None) -> tuple[Rows, list[Any]]:
    """Return the statement for what waits with the names that a page shows, and the columns that order it.

    Each row brings the ``numbers`` of all kinds, which ``kind`` does not narrow.
    """
    counted = counts(todo, organisation_id).subquery("counted")
    numbers = select(func.jsonb_object_agg(counted.c.kind, counted.c.number, type_=JSONB)).scalar_subquery()
    person = aliased(UserAccount)
    statement = (
        select(
            *todo.c,
            Checkpoint.name.label("checkpoint_name"),
            Customer.name.label("customer_name"),
            person.name.label("person_name"),
            numbers.label("numbers"),
        )
        .outerjoin(Checkpoint, Checkpoint.id == todo.c.checkpoint_id)
        .outerjoin(Customer, Customer.id == func.coalesce(todo.c.customer_id, Checkpoint.customer_id))
        .outerjoin(person, person.id == todo.c.person_id)
        .where(_within(todo, organisation_id), true() if kind is None else todo.c.kind == kind)
    )
    return statement, [todo.c.order_at, todo.c.id]


def _within(todo: CTE, organisation_id: UUID | None) -> ColumnElement[bool]:
    if organisation_id is None:
        return true()
    top = select(Organisation.path).where(Organisation.id == organisation_id).scalar_subquery()
    return todo.c.organisation_id.in_(select(Organisation.id).where(func.starts_with(Organisation.path, top)))


def counts(todo: CTE, organisation_id: UUID | None) -> Rows:
    """Return the statement that counts what waits by kind."""
    return select(todo.c.kind, func.count().label("number")).where(_within(todo, organisation_id)).group_by(todo.c.kind)
