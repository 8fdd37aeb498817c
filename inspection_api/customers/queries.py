"""Reads of the customers slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from inspection_api.accounts.models import AccessGrant, Organisation
from inspection_api.accounts.queries import get_one, visible
from inspection_api.core.context import Actor
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.models import Customer

READ = Permission(Action.CUSTOMERS, "read")


def visible_customers(actor: Actor, permission: Permission = READ) -> Select[Customer]:
    """Return the customers of the actor's subtrees and those granted to him."""
    return select(Customer).where(visible(Customer, "customer", actor, permission))


def get_customer(session: Session, actor: Actor, customer_id: UUID) -> Customer:
    """Return one visible customer.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_customers(actor).where(Customer.id == customer_id))


def at_or_below(column: Any, organisation_id: UUID) -> ColumnElement[bool]:
    """Return the condition that ``column`` (an organisation's id) is ``organisation_id`` or lies below it."""
    head = select(Organisation.path).where(Organisation.id == organisation_id).scalar_subquery()
    below: ColumnElement[bool] = column.in_(select(Organisation.id).where(func.starts_with(Organisation.path, head)))
    return below


FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "name": lambda value: Customer.name.contains(value, autoescape=True),
    "uscc": lambda value: Customer.uscc.startswith(value.upper(), autoescape=True),
    "organisation_id": lambda value: at_or_below(Customer.organisation_id, value),
}


def customers_of(actor: Actor, filters: dict[str, Any]) -> Select[Customer]:
    """Return the visible customers, narrowed by every filter of `FILTERS` that is not None."""
    statement = visible_customers(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(FILTERS[name](value))
    return statement


def holders(session: Session, customer_ids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """Return (customer, user) for everybody who holds one of the customers; what belongs to it is his as well."""
    statement = select(AccessGrant.entity_id, AccessGrant.user_id).where(
        AccessGrant.entity == "customer", AccessGrant.entity_id.in_(list(customer_ids))
    )
    return [(row.entity_id, row.user_id) for row in session.execute(statement)]
