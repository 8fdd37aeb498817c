"""Visits as reports count and list them: accepted and extra ones, for both are valid; a voided one is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.queries import in_reach
from inspection_api.inspections.rules import State
from inspection_api.reports import queries, scope

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Subquery

    from inspection_api.core.context import Actor, Context
    from inspection_api.core.periods import Period

VALID = (State.ACCEPTED, State.EXTRA)


def is_valid(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a record is a valid visit of which the actor may read figures."""
    return and_(Inspection.state.in_(VALID), in_reach(actor, queries.READ))


def during(ctx: Context, parent: Organisation, window: Period, *, own: bool = False) -> ColumnElement[bool]:
    """Return the condition that a record is a valid visit of the subtree (or of ``parent`` alone) in ``window``."""
    return and_(
        is_valid(ctx.actor),
        scope.held_by(Inspection.organisation_id, parent, own=own),
        Inspection.performed_on.between(window.start, window.end),
    )


def facts(parent: Organisation, *conditions: ColumnElement[bool]) -> Subquery:
    """Return what is counted of the records that meet ``conditions``, each with its row's path as ``place``."""
    rows = scope.rows_of(parent)
    return (
        select(
            rows.c.place,
            Inspection.performed_on,
            Inspection.customer_id,
            Inspection.state,
            Inspection.excepted,
            Inspection.conclusion,
            Inspection.indicators,
        )
        .join(rows, rows.c.id == Inspection.organisation_id)
        .where(*conditions)
        .subquery()
    )


def listed(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the records that meet ``conditions``, with the names that people know them by, in one statement."""
    return (
        select(
            Inspection.id,
            Inspection.performed_on,
            Inspection.state,
            Inspection.excepted,
            Inspection.quarantine_codes,
            Inspection.conclusion,
            Inspection.indicators,
            Inspection.note,
            Inspection.checkpoint_id,
            Checkpoint.code.label("checkpoint_code"),
            Checkpoint.name.label("checkpoint_name"),
            Inspection.customer_id,
            Customer.name.label("customer_name"),
            Inspection.organisation_id,
            Organisation.name.label("organisation_name"),
            Inspection.officer_id,
            UserAccount.name.label("officer_name"),
        )
        .join(Checkpoint, Checkpoint.id == Inspection.checkpoint_id)
        .join(Customer, Customer.id == Inspection.customer_id)
        .join(Organisation, Organisation.id == Inspection.organisation_id)
        .join(UserAccount, UserAccount.id == Inspection.officer_id)
        .where(*conditions)
    )


def customers(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the customers that meet ``conditions``, with the names of their organisations."""
    return (
        select(
            Customer.id,
            Customer.name,
            Customer.uscc,
            Customer.organisation_id,
            Organisation.name.label("organisation_name"),
        )
        .join(Organisation, Organisation.id == Customer.organisation_id)
        .where(*conditions)
    )


def visited(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that some record of a customer meets ``conditions``."""
    return Customer.id.in_(select(Inspection.customer_id).where(*conditions))
