"""Use cases of the customers slice: take customers in, one or thousands, and edit them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import assignments_on, get_one, visible_organisations
from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import ensure_version
from inspection_api.customers import queries, rules
from inspection_api.customers.errors import OfficerUnfit, UsccTaken
from inspection_api.customers.models import Customer

if TYPE_CHECKING:
    from inspection_api.core.context import Context

EDIT = Permission(Action.CUSTOMERS, "edit")

_INSERT = text(
    """
    INSERT INTO customer (id, uscc, name, organisation_id, officer_id, contact, phone, address, created_at)
    SELECT id, uscc, name, organisation_id, officer_id, contact, phone, address, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, uscc text, name text, organisation_id uuid, officer_id uuid, contact text, phone text, address text)
    """
)
_UPDATE = text(
    """
    UPDATE customer c SET name = r.name, contact = r.contact, phone = r.phone, address = r.address
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, name text, contact text, phone text, address text)
    WHERE c.id = r.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer to be taken in; ``officer_id`` holds it from the beginning."""

    uscc: str
    name: str
    organisation_id: UUID
    officer_id: UUID | None = None
    contact: str | None = None
    phone: str | None = None
    address: str | None = None
    id: UUID = field(default_factory=new_id)


def create(ctx: Context, *, uscc: str, organisation_id: UUID, officer_id: UUID | None, **values: Any) -> Customer:
    """Take in a customer of an organisation inside the actor's subtree.

    Raises:
        UsccInvalid: the code's form or check character is wrong.
        UsccTaken: a customer has this code.
        NotFound: the organisation is out of scope.
        OfficerUnfit: the officer visits nobody there.
    """
    code = rules.ensure_uscc(uscc)
    scope = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope, field="organisation_id")
    _ensure_free(ctx, code)
    if officer_id is not None:
        ensure_officer_fits(ctx, officer_id, organisation.path)
    row = NewCustomer(uscc=code, organisation_id=organisation.id, officer_id=officer_id, **values)
    create_many(ctx, [row])
    return ctx.session.get_one(Customer, row.id)


def _ensure_free(ctx: Context, code: str) -> None:
    """Refuse a code that is used; only who sees the other customer learns its id."""
    existing = ctx.session.scalars(select(Customer.id).where(Customer.uscc == code)).one_or_none()
    if existing is None:
        return
    seen = ctx.session.scalars(queries.visible_customers(ctx.actor).where(Customer.id == existing)).first()
    wrong = {"uscc": UsccTaken.title}
    raise UsccTaken(fields=wrong, existing_id=str(existing)) if seen else UsccTaken(fields=wrong)


def ensure_officer_fits(ctx: Context, officer_id: UUID, path: str, *, field: str = "officer_id") -> None:
    """Refuse an officer who is disabled, unknown, or visits nobody in the organisation at ``path``.

    Raises:
        OfficerUnfit: so it is; ``field`` is the input that names him.
    """
    if unfit_officers(ctx, {officer_id}, path):
        raise OfficerUnfit(fields={field: OfficerUnfit.title})


def unfit_officers(
    ctx: Context, user_ids: Collection[UUID], path: str, permission: Permission = rules.PERFORM
) -> set[UUID]:
    """Return those who are disabled, unknown, or have no role at ``path`` today that reaches ``permission``."""
    able = select(UserAccount.id).where(UserAccount.id.in_(user_ids), UserAccount.disabled_at.is_(None))
    enabled = ctx.session.scalars(able).all()
    held = assignments_on(ctx.session, enabled, local_day(ctx.now))
    return set(user_ids) - {each for each in enabled if rules.fits(held.get(each, ()), path, permission)}


def create_many(ctx: Context, rows: Sequence[NewCustomer]) -> None:
    """Take in customers whose codes and owners the caller has checked: two statements for any number."""
    if not rows:
        return
    ctx.session.flush()
    ctx.session.execute(_INSERT, {"rows": as_jsonb(rows), "now": ctx.now})
    accounts.grant(ctx, [(row.officer_id, "customer", row.id) for row in rows if row.officer_id is not None])
    for row in rows:
        ctx.record("customer.created", customer_id=str(row.id), organisation_id=str(row.organisation_id))


def edit(ctx: Context, customer_id: UUID, *, version: int, **changes: Any) -> Customer:
    """Change a customer's name or how to reach it.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else edited it since.
    """
    scope = queries.visible_customers(ctx.actor, EDIT).where(Customer.id == customer_id)
    customer = get_one(ctx.session, scope.with_for_update(key_share=True))
    ensure_version(customer, version)
    for name, value in changes.items():
        setattr(customer, name, value)
    ctx.session.flush()
    ctx.record("customer.edited", customer_id=str(customer.id), fields=sorted(changes))
    return customer


def edit_many(ctx: Context, updates: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
    """Give customers, which the caller has checked, the columns name, contact, phone and address: one statement."""
    if not updates:
        return
    ctx.session.execute(_UPDATE, {"rows": as_jsonb([{"id": id_, **columns} for id_, columns in updates])})
    for id_, columns in updates:
        ctx.record("customer.edited", customer_id=str(id_), fields=sorted(columns))
