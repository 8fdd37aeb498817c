"""Use cases of the customers slice; each runs inside the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import assignments_on, get_one, visible_organisations
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Reach, reach
from inspection_api.core.tables import ensure_version
from inspection_api.customers import queries
from inspection_api.customers.errors import OfficerUnfit, UsccTaken
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import ensure_uscc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context

EDIT = Permission(Action.CUSTOMERS, "edit")
PERFORM = Permission(Action.ONSITE, "perform")


def create(ctx: Context, *, uscc: str, organisation_id: UUID, **values: Any) -> Customer:
    """Create a customer of an organisation in scope; ``values`` are the other columns.

    Raises:
        UsccInvalid: the code is none.
        NotFound: the organisation is out of scope.
        OfficerUnfit: the officer has no role that visits there.
        UsccTaken: another customer has the code.
    """
    code = ensure_uscc(uscc)
    organisation = ensure_organisation(ctx, organisation_id, EDIT)
    ensure_officer(ctx, values.get("officer_id"), organisation)
    row = {"id": new_id(), "uscc": code, "organisation_id": organisation_id, "created_at": ctx.now, **values}
    statement = insert_or_skip(Customer).values(row).on_conflict_do_nothing(index_elements=["uscc"])
    customer = ctx.session.scalars(statement.returning(Customer)).one_or_none()
    if customer is None:
        raise _taken(ctx, code)
    ctx.record("customer.created", customer_id=str(customer.id), organisation_id=str(organisation_id))
    return customer


def create_many(ctx: Context, rows: Sequence[dict[str, Any]]) -> list[UUID]:
    """Create customers whose organisations and officers the caller answers for (imports, seeds), in one statement.

    Raises:
        UsccInvalid: one of the codes is none.
    """
    full = [{"id": new_id(), "created_at": ctx.now, **row, "uscc": ensure_uscc(row["uscc"])} for row in rows]
    if full:
        ctx.session.execute(insert(Customer), full)
    for row in full:
        ctx.record("customer.created", customer_id=str(row["id"]), organisation_id=str(row["organisation_id"]))
    return [row["id"] for row in full]


def _taken(ctx: Context, uscc: str) -> UsccTaken:
    """Return the refusal; it names the other customer only to whom he is visible."""
    statement = queries.visible_customers(ctx.actor).where(Customer.uscc == uscc)
    existing = ctx.session.scalars(statement).one_or_none()
    return UsccTaken(existing_id=str(existing.id)) if existing else UsccTaken()


def ensure_organisation(ctx: Context, organisation_id: UUID, permission: Permission) -> Organisation:
    """Return an organisation that the actor reaches with ``permission``; the system reaches all.

    Raises:
        NotFound: none, or out of scope.
    """
    scope = select(Organisation) if ctx.actor.is_system else visible_organisations(ctx.actor, permission)
    return get_one(ctx.session, scope.where(Organisation.id == organisation_id))


def ensure_officer(ctx: Context, officer_id: UUID | None, organisation: Organisation) -> None:
    """Refuse a person who has no role today that visits customers of ``organisation``; None passes.

    Raises:
        OfficerUnfit: no such role; an unknown person answers alike.
    """
    if officer_id is None:
        return
    held = assignments_on(ctx.session, [officer_id], local_day(ctx.now)).get(officer_id, ())
    if not any(
        organisation.path.startswith(each.path) and reach(each.role, PERFORM) is not Reach.NONE for each in held
    ):
        raise OfficerUnfit(fields={"officer_id": "该人员在此机构没有现场检查的角色"})


def edit(ctx: Context, customer_id: UUID, *, version: int, **changes: Any) -> Customer:
    """Change a customer's own data; code and organisation stay.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else was faster.
        OfficerUnfit: the new officer has no role that visits there.
    """
    statement = queries.scope(ctx.actor, EDIT).where(Customer.id == customer_id)
    customer = get_one(ctx.session, statement.with_for_update(key_share=True))
    ensure_version(customer, version)
    if changes.get("officer_id") is not None:
        ensure_officer(ctx, changes["officer_id"], ctx.session.get_one(Organisation, customer.organisation_id))
    for name, value in changes.items():
        setattr(customer, name, value)
    ctx.session.flush()
    ctx.record("customer.edited", customer_id=str(customer.id), fields=sorted(changes))
    return customer
