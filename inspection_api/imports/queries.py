"""What the bank knows of that which tables name, one statement for each kind of thing, and what tables give out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, literal, select, true
from sqlalchemy.orm import aliased

from checkpoints.models import Checkpoint, CheckpointLoan
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import assignments_on, in_subtree, visible_organisations
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.customers.models import Customer
from inspection_api.imports.models import ImportedVisit
from inspection_api.imports.rules.known import Known, Person, Place
from inspection_api.imports.rules.tables import Table
from inspection_api.loans.models import Loan
from inspection_api.templates.models import Template

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

EDIT_CUSTOMERS = Permission(Action.CUSTOMERS, "edit")
EDIT_CHECKPOINTS = Permission(Action.CHECKPOINTS, "edit")

_officer, _backup, _handler = aliased(UserAccount), aliased(UserAccount), aliased(UserAccount)


def places(session: Session, actor: Actor, codes: Collection[str]) -> dict[str, Place]:
    """Return the organisations with these codes in which the actor may take things in."""
    statement = visible_organisations(actor, EDIT_CUSTOMERS).where(
        among(Organisation.code, codes), Organisation.closed_on.is_(None)
    )
    return {row.code: Place(id=row.id, path=row.path) for row in session.scalars(statement)}


def people(session: Session, usernames: Collection[str], today: date) -> dict[str, Person]:
    """Return the enabled users with these names, and their roles of today."""
    enabled = select(UserAccount.id, UserAccount.username).where(
        among(UserAccount.username, usernames), UserAccount.disabled_at.is_(None)
    )
    found = session.execute(enabled).all()
    held = assignments_on(session, [row.id for row in found], today)
    return {row.username: Person(id=row.id, assignments=held.get(row.id, ())) for row in found}


def customers(session: Session, actor: Actor, codes: Collection[str]) -> dict[str, Known]:
    """Return the customers with these 统一社会信用代码."""
    statement = _customers(in_subtree(Customer.organisation_id, actor.paths(EDIT_CUSTOMERS)))
    return {row.uscc: _known(row) for row in session.execute(statement.where(among(Customer.uscc, codes)))}


def loans(session: Session, actor: Actor, numbers: Collection[str]) -> dict[str, Known]:
    """Return the loans with these contract numbers."""
    statement = _loans(in_subtree(Customer.organisation_id, actor.paths(EDIT_CUSTOMERS)))
    return {row.contract_no: _known(row) for row in session.execute(statement.where(among(Loan.contract_no, numbers)))}


def checkpoints(session: Session, actor: Actor, codes: Collection[str]) -> dict[str, Known]:
    """Return the checkpoints with these codes."""
    statement = _checkpoints(in_subtree(Checkpoint.organisation_id, actor.paths(EDIT_CHECKPOINTS)))
    return {row.code: _known(row) for row in session.execute(statement.where(among(Checkpoint.code, codes)))}


def families(session: Session) -> dict[str, str]:
    """Return the families of the bank's templates by their codes."""
    return {row.code: row.family for row in session.execute(select(Template.code, Template.family))}


def visits(session: Session, codes: Collection[str]) -> frozenset[tuple[str, date, str]]:
    """Return what earlier imports brought of these checkpoints: code, day, family."""
    statement = (
        select(Checkpoint.code, ImportedVisit.performed_on, ImportedVisit.template_family)
        .join(Checkpoint, Checkpoint.id == ImportedVisit.checkpoint_id)
        .where(among(Checkpoint.code, codes))
    )
    return frozenset((row.code, row.performed_on, row.template_family) for row in session.execute(statement))


def _known(row: Row[Any]) -> Known:
    values = _values(row)
    if "came_at" in values:
        values["since"] = local_day(values.pop("came_at"))
    return Known(id=values.pop("id"), is_mine=bool(values.pop("is_mine")), values=values)


def _values(row: Row[Any]) -> dict[str, Any]:
    """Return a row under the names of its table's columns."""
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
    if "registered_raw" in values:
        raw = values.pop("registered_raw")
        values["registered"] = (raw["lon"], raw["lat"], raw["sys"]) if raw else None
    return values


def after(session: Session, table: Table, path: str, key: str, limit: int) -> list[dict[str, Any]]:
    """Return the next rows of a table behind ``key``, of the organisation at ``path`` and below it."""
    statement = _given(table, path, key).order_by(_KEYS[table]).limit(limit)
    return [_values(row) for row in session.execute(statement)]


def count(session: Session, table: Table, path: str, key: str = "") -> int:
    """Return how many rows :func:`after` would still give."""
    statement = _given(table, path, key).with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalars(statement).one()


def _given(table: Table, path: str, key: str) -> Select[*tuple[Any, ...]]:
    scope = in_subtree(_OWNERS[table], [path])
    statement = _TABLES[table](true()).where(scope, _KEYS[table] > key)
    return statement.where(Checkpoint.archived_at.is_(None)) if table is Table.CHECKPOINTS else statement


def _customers(is_mine: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    first = select(func.min(Loan.disbursed_on)).where(Loan.customer_id == Customer.id).scalar_subquery()
    return (
        select(
            Customer.id,
            is_mine.label("is_mine"),
            Customer.uscc,
            Customer.name,
            Organisation.code.label("organisation"),
            _officer.username.label("officer"),
            Customer.contact,
            Customer.phone,
            Customer.address,
            first.label("first_disbursed_on"),
            Customer.created_at.label("came_at"),
        )
        .join(Organisation, Organisation.id == Customer.organisation_id)
        .outerjoin(_officer, _officer.id == Customer.officer_id)
    )


def _loans(is_mine: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(
        Loan.id,
        is_mine.label("is_mine"),
        Loan.contract_no,
        Customer.uscc,
        Loan.amount,
        Loan.disbursed_on,
        Loan.matures_on,
        Loan.five_class,
        Loan.rate,
        Loan.repayment_method,
    ).join(Customer, Customer.id == Loan.customer_id)


def _checkpoints(is_mine: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    numbers = (
        select(func.coalesce(func.array_agg(Loan.contract_no), cast(literal("{}"), Checkpoint.tags.type)))
        .join(CheckpointLoan, CheckpointLoan.loan_id == Loan.id)
        .where(CheckpointLoan.checkpoint_id == Checkpoint.id)
        .scalar_subquery()
    )
    return (
        select(
            Checkpoint.id,
            is_mine.label("is_mine"),
            Checkpoint.code,
            Checkpoint.name,
            Customer.uscc,
            Checkpoint.kind,
            Organisation.code.label("organisation"),
            _officer.username.label("officer"),
            _backup.username.label("backup_officer"),
            _handler.username.label("exception_handler"),
            Checkpoint.address,
            Checkpoint.contact,
            Checkpoint.tags,
            Checkpoint.registered_raw,
            Checkpoint.radius_m,
            Checkpoint.effective_from,
            numbers.label("loans"),
            Customer.created_at.label("came_at"),
        )
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .outerjoin(_officer, _officer.id == Checkpoint.officer_id)
        .outerjoin(_backup, _backup.id == Checkpoint.backup_officer_id)
        .outerjoin(_handler, _handler.id == Checkpoint.exception_handler_id)
    )


_TABLES = {Table.CUSTOMERS: _customers, Table.LOANS: _loans, Table.CHECKPOINTS: _checkpoints}
_KEYS = {Table.CUSTOMERS: Customer.uscc, Table.LOANS: Loan.contract_no, Table.CHECKPOINTS: Checkpoint.code}
_OWNERS = {
    Table.CUSTOMERS: Customer.organisation_id,
    Table.LOANS: Customer.organisation_id,
    Table.CHECKPOINTS: Checkpoint.organisation_id,
}
