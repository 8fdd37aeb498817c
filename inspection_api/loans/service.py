"""Use cases of the loans slice: enter loans, one or thousands, and edit them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from inspection_api.accounts import service as accounts
from inspection_api.accounts.queries import get_one
from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import ensure_version
from inspection_api.customers import queries as customers
from inspection_api.customers.models import Customer
from inspection_api.loans import queries, rules
from inspection_api.loans.errors import ContractTaken
from inspection_api.loans.models import Loan
from inspection_api.loans.rules import FiveClass

if TYPE_CHECKING:
    from inspection_api.core.context import Context

EDIT = Permission(Action.CUSTOMERS, "edit")

_INSERT = text(
    """
    INSERT INTO loan (id, customer_id, contract_no, amount, disbursed_on, matures_on, five_class, rate,
                      repayment_method)
    SELECT id, customer_id, contract_no, amount, disbursed_on, matures_on, five_class, rate, repayment_method
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, customer_id uuid, contract_no text, amount numeric, disbursed_on date, matures_on date,
        five_class text, rate numeric, repayment_method text)
    """
)
_UPDATE = text(
    """
    UPDATE loan l SET amount = r.amount, disbursed_on = r.disbursed_on, matures_on = r.matures_on,
           five_class = r.five_class, rate = r.rate, repayment_method = r.repayment_method
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, amount numeric, disbursed_on date, matures_on date, five_class text, rate numeric,
        repayment_method text)
    WHERE l.id = r.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoan:
    """A loan to be entered; ``amount`` in 元, ``rate`` in percent a year."""

    customer_id: UUID
    contract_no: str
    amount: Decimal
    disbursed_on: date
    matures_on: date
    five_class: str = FiveClass.NORMAL.value
    rate: Decimal | None = None
    repayment_method: str | None = None
    id: UUID = field(default_factory=new_id)


def create(ctx: Context, *, customer_id: UUID, contract_no: str, **values: Any) -> Loan:
    """Enter a loan of a customer inside the actor's subtree.

    Raises:
        NotFound: the customer is out of scope.
        LoanDatesInvalid: it ends before it begins.
        ContractTaken: a loan has this number.
    """
    scope = customers.visible_customers(ctx.actor, EDIT).where(Customer.id == customer_id)
    customer = get_one(ctx.session, scope, field="customer_id")
    rules.ensure_dates(values["disbursed_on"], values["matures_on"])
    _ensure_free(ctx, contract_no)
    row = NewLoan(customer_id=customer.id, contract_no=contract_no, **values)
    create_many(ctx, [row])
    return ctx.session.get_one(Loan, row.id)


def _ensure_free(ctx: Context, contract_no: str) -> None:
    """Refuse a number that is used; only who sees the other loan learns its id."""
    existing = ctx.session.scalars(select(Loan.id).where(Loan.contract_no == contract_no)).one_or_none()
    if existing is None:
        return
    seen = ctx.session.scalars(queries.visible_loans(ctx.actor).where(Loan.id == existing)).first()
    wrong = {"contract_no": ContractTaken.title}
    raise ContractTaken(fields=wrong, existing_id=str(existing)) if seen else ContractTaken(fields=wrong)


def create_many(ctx: Context, rows: Sequence[NewLoan]) -> None:
    """Enter loans that the caller has checked, and let the holders of their customers hold them: three statements."""
    if not rows:
        return
    ctx.session.flush()
    ctx.session.execute(_INSERT, {"rows": as_jsonb(rows)})
    holders = defaultdict(list)
    for customer_id, user_id in customers.holders(ctx.session, {row.customer_id for row in rows}):
        holders[customer_id].append(user_id)
    accounts.grant(ctx, [(user_id, "loan", row.id) for row in rows for user_id in holders[row.customer_id]])
    for row in rows:
        ctx.record("loan.created", loan_id=str(row.id), customer_id=str(row.customer_id))


def edit(ctx: Context, loan_id: UUID, *, version: int, **changes: Any) -> Loan:
    """Change a loan's terms or its classification.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else edited it since.
        LoanDatesInvalid: it would end before it begins.
    """
    scope = queries.visible_loans(ctx.actor, EDIT).where(Loan.id == loan_id)
    loan = get_one(ctx.session, scope.with_for_update(key_share=True))
    ensure_version(loan, version)
    for name, value in changes.items():
        setattr(loan, name, value)
    rules.ensure_dates(loan.disbursed_on, loan.matures_on)
    ctx.session.flush()
    ctx.record("loan.edited", loan_id=str(loan.id), fields=sorted(changes))
    return loan


def edit_many(ctx: Context, updates: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
    """Give loans, which the caller has checked, all columns that an edit may change: one statement."""
    if not updates:
        return
    ctx.session.execute(_UPDATE, {"rows": as_jsonb([{"id": id_, **columns} for id_, columns in updates])})
    for id_, columns in updates:
        ctx.record("loan.edited", loan_id=str(id_), fields=sorted(columns))
