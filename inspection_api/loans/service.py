"""Use cases of the loans slice; each runs inside the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from inspection_api.accounts.queries import get_one
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import ensure_version
from inspection_api.customers import queries as customers
from inspection_api.customers.models import Customer
from inspection_api.loans import queries
from inspection_api.loans.errors import ContractTaken
from inspection_api.loans.models import Loan
from inspection_api.loans.rules import ensure_dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context

EDIT = Permission(Action.CUSTOMERS, "edit")


def create(
    ctx: Context, *, customer_id: UUID, contract_no: str, disbursed_on: date, matures_on: date, **values: Any
) -> Loan:
    """Create a loan of a customer in scope; ``values`` are the other columns.

    Raises:
        LoanDatesInvalid: it ends before it begins.
        NotFound: the customer is out of scope.
        ContractTaken: another loan has the number.
    """
    ensure_dates(disbursed_on, matures_on)
    get_one(ctx.session, customers.scope(ctx.actor, EDIT).where(Customer.id == customer_id))
    row = {
        "id": new_id(),
        "customer_id": customer_id,
        "contract_no": contract_no,
        "disbursed_on": disbursed_on,
        "matures_on": matures_on,
        **values,
    }
    statement = insert_or_skip(Loan).values(row).on_conflict_do_nothing(index_elements=["contract_no"])
    loan = ctx.session.scalars(statement.returning(Loan)).one_or_none()
    if loan is None:
        raise _taken(ctx, contract_no)
    ctx.record("loan.created", loan_id=str(loan.id), customer_id=str(customer_id))
    return loan


def create_many(ctx: Context, rows: Sequence[dict[str, Any]]) -> list[UUID]:
    """Create loans whose customers the caller answers for (imports, seeds), in one statement.

    Raises:
        LoanDatesInvalid: one of them ends before it begins.
    """
    full: list[dict[str, Any]] = [{"id": new_id(), **row} for row in rows]
    for row in full:
        ensure_dates(row["disbursed_on"], row["matures_on"])
        ctx.record("loan.created", loan_id=str(row["id"]), customer_id=str(row["customer_id"]))
    if full:
        ctx.session.execute(insert(Loan), full)
    return [row["id"] for row in full]


def _taken(ctx: Context, contract_no: str) -> ContractTaken:
    """Return the refusal; it names the other loan only to whom it is visible."""
    existing = ctx.session.scalars(
        queries.visible_loans(ctx.actor).where(Loan.contract_no == contract_no)
    ).one_or_none()
    return ContractTaken(existing_id=str(existing.id)) if existing else ContractTaken()


def edit(ctx: Context, loan_id: UUID, *, version: int, **changes: Any) -> Loan:
    """Change a loan's data; number and customer stay.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else was faster.
        LoanDatesInvalid: it would end before it begins.
    """
    scope = select(Loan) if ctx.actor.is_system else queries.visible_loans(ctx.actor, EDIT)
    loan = get_one(ctx.session, scope.where(Loan.id == loan_id).with_for_update(key_share=True))
    ensure_version(loan, version)
    for name, value in changes.items():
        setattr(loan, name, value)
    ensure_dates(loan.disbursed_on, loan.matures_on)
    ctx.session.flush()
    ctx.record("loan.edited", loan_id=str(loan.id), fields=sorted(changes))
    return loan
