"""Reads of the loans slice: a loan is visible with its customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from inspection_api.accounts.queries import get_one, granted, in_subtree
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.models import Customer
from inspection_api.loans.models import Loan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

READ = Permission(Action.CUSTOMERS, "read")


def visible_loans(actor: Actor, permission: Permission = READ) -> Select[Loan]:
    """Return the loans of the customers of the actor's subtrees, and those granted to him."""
    in_scope = select(Customer.id).where(in_subtree(Customer.organisation_id, actor.paths(permission)))
    return select(Loan).where(or_(Loan.customer_id.in_(in_scope), granted(Loan.id, "loan", actor, permission)))


def loans_of(actor: Actor, *, customer_id: UUID | None = None, five_class: str | None = None) -> Select[Loan]:
    """Return the visible loans, narrowed."""
    statement = visible_loans(actor)
    if customer_id is not None:
        statement = statement.where(Loan.customer_id == customer_id)
    return statement if five_class is None else statement.where(Loan.five_class == five_class)


def get_loan(session: Session, actor: Actor, loan_id: UUID) -> Loan:
    """Return one visible loan.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_loans(actor).where(Loan.id == loan_id))


def first_disbursement(session: Session, customer_id: UUID, loan_ids: Collection[UUID] = ()) -> date | None:
    """Return the first 放款日期 of the customer's loans, or of ``loan_ids`` among them; None if there is none."""
    statement = select(func.min(Loan.disbursed_on)).where(Loan.customer_id == customer_id)
    return session.scalar(statement.where(Loan.id.in_(loan_ids)) if loan_ids else statement)


def ids_by_customer(session: Session, customer_ids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """Return (customer, loan) of all loans of the customers, in one query."""
    statement = select(Loan.customer_id, Loan.id).where(Loan.customer_id.in_(list(customer_ids)))
    return [(row.customer_id, row.id) for row in session.execute(statement)]
