"""Reads of the customers slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from inspection_api.accounts.queries import get_one, visible
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.models import Customer

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

READ = Permission(Action.CUSTOMERS, "read")


def visible_customers(actor: Actor, permission: Permission = READ) -> Select[Customer]:
    """Return the customers of the actor's subtrees and those granted to him."""
    return select(Customer).where(visible(Customer, "customer", actor, permission))


def customers_of(
    actor: Actor, *, text: str | None = None, organisation_id: UUID | None = None, officer_id: UUID | None = None
) -> Select[Customer]:
    """Return the visible customers, narrowed; ``text`` is part of the name or the beginning of the code."""
    statement = visible_customers(actor)
    if text is not None:
        by_name = Customer.name.contains(text, autoescape=True)
        statement = statement.where(or_(by_name, Customer.uscc.startswith(text.upper(), autoescape=True)))
    if organisation_id is not None:
        statement = statement.where(Customer.organisation_id == organisation_id)
    return statement if officer_id is None else statement.where(Customer.officer_id == officer_id)


def get_customer(session: Session, actor: Actor, customer_id: UUID) -> Customer:
    """Return one visible customer.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_customers(actor).where(Customer.id == customer_id))


def scope(actor: Actor, permission: Permission) -> Select[Customer]:
    """Return the customers that ``permission`` reaches for the actor; for the system, all."""
    return select(Customer) if actor.is_system else visible_customers(actor, permission)
