"""The lists behind a closed month's coverage: who had to be seen by whom, as it stood at the closing (§1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, not_, select, true

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import in_subtree
from inspection_api.customers.models import Customer
from inspection_api.reports import queries
from inspection_api.reports.models import MonthCheckpoint, MonthCustomer
from inspection_api.reports.scope import held_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from inspection_api.core.context import Context


def is_read(ctx: Context, column: Any, parent: Organisation, *, own: bool) -> ColumnElement[bool]:
    """Return that a figure is one of ``parent``'s, and the actor reads all of its organisation."""
    return and_(held_by(column, parent, own=own), in_subtree(column, ctx.actor.paths(queries.READ)))


def checkpoints(
    ctx: Context, *, organisation_id: UUID, month: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the checkpoints behind one number, with the organisation for which they counted.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    return (
        select(
            Checkpoint.id,
            Checkpoint.code,
            Checkpoint.name,
            Checkpoint.effective_from,
            Checkpoint.customer_id,
            Customer.name.label("customer_name"),
            MonthCheckpoint.organisation_id,
            Organisation.name.label("organisation_name"),
            Checkpoint.officer_id,
            UserAccount.name.label("officer_name"),
        )
        .join(MonthCheckpoint, MonthCheckpoint.checkpoint_id == Checkpoint.id)
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(Organisation, Organisation.id == MonthCheckpoint.organisation_id)
        .outerjoin(UserAccount, UserAccount.id == Checkpoint.officer_id)
        .where(
            MonthCheckpoint.month == month,
            _MEASURES[measure](MonthCheckpoint.seen),
            is_read(ctx, MonthCheckpoint.organisation_id, parent, own=own),
        )
    )


def customers(ctx: Context, *, organisation_id: UUID, month: date, measure: str, own: bool) -> Select[*tuple[Any, ...]]:
    """Return the customers behind one number, likewise, with what was lent to them.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    return (
        select(
            Customer.id,
            Customer.name,
            Customer.uscc,
            MonthCustomer.organisation_id,
            Organisation.name.label("organisation_name"),
            MonthCustomer.balance,
        )
        .join(MonthCustomer, MonthCustomer.customer_id == Customer.id)
        .join(Organisation, Organisation.id == MonthCustomer.organisation_id)
        .where(
            MonthCustomer.month == month,
            _MEASURES[measure](MonthCustomer.seen),
            is_read(ctx, MonthCustomer.organisation_id, parent, own=own),
        )
    )


_MEASURES: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "due": lambda _: true(),
    "covered": lambda seen: seen,
    "uncovered": not_,
}
