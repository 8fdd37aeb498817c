"""Creating checkpoints: by hand, with every new customer, or thousands at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints.coordinates import CoordinateSystem, ensure_point
from checkpoints.errors import CodeTaken, ForeignLoan, HandlerUnfit
from checkpoints.models import Checkpoint
from checkpoints.rules import fence, joining, plate
from checkpoints.rules.values import Kind
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, visible, visible_organisations
from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers import service as customers
from inspection_api.customers.models import Customer
from inspection_api.loans import queries as loans

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

EDIT = Permission(Action.CHECKPOINTS, "edit")
HANDLE = Permission(Action.TASKS, "edit")
APPROVE = Permission(Action.EXIT, "approve")

_INSERT = text(
    """
    WITH usual AS (
        SELECT DISTINCT ON (o.id) o.id, d.radius_m
        FROM organisation_radius d
        JOIN organisation above ON above.id = d.organisation_id
        JOIN organisation o ON starts_with(o.path, above.path)
        ORDER BY o.id, length(above.path) DESC)
    INSERT INTO checkpoint (id, code, public_id, name, kind, customer_id, organisation_id, officer_id,
                            backup_officer_id, exception_handler_id, address, contact, tags, registered_lon,
                            registered_lat, registered_raw, radius_m, effective_from)
    SELECT r.id, code, public_id, name, kind, customer_id, organisation_id, officer_id,
           backup_officer_id, exception_handler_id, address, contact, tags, registered_lon,
           registered_lat, registered_raw, coalesce(r.radius_m, usual.radius_m, :default_radius_m), effective_from
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, code text, public_id text, name text, kind text, customer_id uuid, organisation_id uuid,
        officer_id uuid, backup_officer_id uuid, exception_handler_id uuid, address text,
        contact text, tags text[], registered_lon float8, registered_lat float8,
        registered_raw jsonb, radius_m int, effective_from date)
    LEFT JOIN usual ON usual.id = r.organisation_id
    """
)
_ISSUE_PLATES = text(
    """
    INSERT INTO checkpoint_plate (checkpoint_id, generation, issued_at)
    SELECT id, 1, :now FROM unnest(CAST(:ids AS uuid[])) AS t (id)
    """
)
_ASSIGN = text(
    """
    INSERT INTO checkpoint_assignment (checkpoint_id, officer_id, valid_from)
    SELECT id, officer_id, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:officers AS uuid[])) AS t (id, officer_id)
    """
)
_NAME_LOANS = text(
    """
    INSERT INTO checkpoint_loan (checkpoint_id, loan_id)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:loans AS uuid[]))
    """
)
_WITHOUT_CHECKPOINT = text(
    """
    SELECT c.id, c.name, c.organisation_id, c.officer_id, c.address, c.contact,
           (SELECT min(l.disbursed_on) FROM loan l WHERE l.customer_id = c.id) AS disbursed_on
    FROM customer c
    WHERE c.id = ANY (CAST(:ids AS uuid[])) AND NOT EXISTS (SELECT FROM checkpoint p WHERE p.customer_id = c.id)
    ORDER BY c.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCheckpoint:
    """A checkpoint to be created, unbound; ``registered_lon`` and ``registered_lat`` are WGS-84.

    Without ``radius_m`` it gets its organisation's usual one.
    """

    code: str
    name: str
    customer_id: UUID
    organisation_id: UUID
    effective_from: date
    officer_id: UUID | None = None
    backup_officer_id: UUID | None = None
    exception_handler_id: UUID | None = None
    kind: str = Kind.PREMISES.value
    address: str | None = None
    contact: str | None = None
    tags: list[str] = field(default_factory=list)
    registered_lon: float | None = None
    registered_lat: float | None = None
    registered_raw: dict[str, Any] | None = None
    radius_m: int | None = None
    loan_ids: list[UUID] = field(default_factory=list)
    public_id: str = field(default_factory=plate.next_public_id)
    id: UUID = field(default_factory=new_id)


def create(
    ctx: Context,
    *,
    code: str,
    customer_id: UUID,
    organisation_id: UUID | None = None,
    officer_id: UUID | None = None,
    registered: dict[str, Any] | None = None,
    effective_from: date | None = None,
    is_approved: bool = False,
    **values: Any,
) -> Checkpoint:
    """Create a checkpoint of a customer inside the actor's subtree; without further word it is served as he is.

    ``is_approved`` tells that another person has entered it.

    Raises:
        NotFound: customer or organisation is out of scope.
        CodeTaken: a checkpoint has this code.
        OfficerUnfit, HandlerUnfit: the officer, his backup or the exception handler has no say there.
        AxisSwapped, CoordinateOutOfRange: the registered coordinate is no place.
        ForeignLoan: a loan is not the customer's.
        BackDated: the first day needs another's approval.
    """
    scope = select(Customer).where(visible(Customer, "customer", ctx.actor, EDIT), Customer.id == customer_id)
    customer = get_one(ctx.session, scope, field="customer_id")
    owner = visible_organisations(ctx.actor, EDIT).where(
        Organisation.id == (organisation_id or customer.organisation_id)
    )
    organisation = get_one(ctx.session, owner, field="organisation_id")
    ensure_code_free(ctx, code)
    ensure_own_loans(ctx, customer.id, values.get("loan_ids", []))
    officer_id = officer_id or customer.officer_id
    if officer_id is not None:
        customers.ensure_officer_fits(ctx, officer_id, organisation.path)
    if values.get("backup_officer_id") is not None:
        customers.ensure_officer_fits(ctx, values["backup_officer_id"], organisation.path, field="backup_officer_id")
    if values.get("exception_handler_id") is not None:
        ensure_handler_fits(ctx, values["exception_handler_id"], organisation.path)
    if effective_from is not None and not is_approved:
        _ensure_day_approved(ctx, effective_from, customer.id, organisation.path)
    row = NewCheckpoint(
        code=code,
        customer_id=customer.id,
        organisation_id=organisation.id,
        officer_id=officer_id,
        effective_from=effective_from or _first_day(ctx, customer.id, values.get("loan_ids", [])),
        **registered_columns(registered),
        **values,
    )
    create_many(ctx, [row])
    return ctx.session.get_one(Checkpoint, row.id)


def _ensure_day_approved(ctx: Context, effective_from: date, customer_id: UUID, path: str) -> None:
    joining.ensure_approved(
        effective_from,
        known_from=_first_day(ctx, customer_id, []),
        today=local_day(ctx.now),
        is_approver=path.startswith(tuple(ctx.actor.paths(APPROVE))),
    )


def ensure_code_free(ctx: Context, code: str) -> None:
    """Refuse a code that is used (they are the bank's, so the answer names the checkpoint that has it).

    Raises:
        CodeTaken: with ``existing_id``.
    """
    existing = ctx.session.scalars(select(Checkpoint.id).where(Checkpoint.code == code)).one_or_none()
    if existing is not None:
        raise CodeTaken(existing_id=str(existing))


def _first_day(ctx: Context, customer_id: UUID, loan_ids: Sequence[UUID]) -> date:
    """Return the first 放款日期 of the named loans, else of the customer's, else today (domain.md §1.3)."""
    return loans.first_disbursement(ctx.session, customer_id, loan_ids) or local_day(ctx.now)


def ensure_handler_fits(ctx: Context, handler_id: UUID, path: str) -> None:
    """Refuse an exception handler (异常处理人) who may hand out no task in the organisation at ``path``.

    Raises:
        HandlerUnfit: so it is, or he is disabled.
    """
    if customers.unfit_officers(ctx, {handler_id}, path, HANDLE):
        raise HandlerUnfit(fields={"exception_handler_id": HandlerUnfit.title})


def ensure_own_loans(ctx: Context, customer_id: UUID, loan_ids: Sequence[UUID]) -> None:
    """Refuse a loan that is not the customer's.

    Raises:
        ForeignLoan: so it is.
    """
    if loan_ids:
        own = {loan_id for _, loan_id in loans.ids_by_customer(ctx.session, [customer_id])}
        if not own.issuperset(loan_ids):
            raise ForeignLoan(fields={"loan_ids": "含有不属于该客户的借据"})


def registered_columns(registered: dict[str, Any] | None) -> dict[str, Any]:
    """Return the columns of a registered coordinate ``{lon, lat, sys}``: in WGS-84, and as received.

    Raises:
        AxisSwapped, CoordinateOutOfRange: it is no place.
    """
    if registered is None:
        return {"registered_lon": None, "registered_lat": None, "registered_raw": None}
    point = ensure_point(registered["lon"], registered["lat"], CoordinateSystem(registered["sys"]))
    return {"registered_lon": point.lon, "registered_lat": point.lat, "registered_raw": dict(registered)}


def create_many(ctx: Context, rows: Sequence[NewCheckpoint]) -> None:
    """Create unbound checkpoints that the caller has checked, with plates, officers and grants; ≤6 statements."""
    if not rows:
        return
    ctx.session.flush()
    ctx.session.execute(_INSERT, {"rows": as_jsonb(rows), "default_radius_m": fence.DEFAULT_RADIUS_M})
    ctx.session.execute(_ISSUE_PLATES, {"ids": [row.id for row in rows], "now": ctx.now})
    assign_first(ctx, {row.id: row.officer_id for row in rows if row.officer_id is not None})
    name_loans(ctx, [(row.id, loan_id) for row in rows for loan_id in row.loan_ids])
    grant_with_customer(ctx, [(row.officer_id, row.id, row.customer_id) for row in rows if row.officer_id is not None])
    for row in rows:
        ctx.record("checkpoint.created", checkpoint_id=str(row.id), organisation_id=str(row.organisation_id))


def name_loans(ctx: Context, named: Sequence[tuple[UUID, UUID]]) -> None:
    """Write down which loans checkpoints are about, as (checkpoint, loan)."""
    if named:
        ids, loan_ids = zip(*named, strict=True)
        ctx.session.execute(_NAME_LOANS, {"ids": list(ids), "loans": list(loan_ids)})


def assign_first(ctx: Context, officers: dict[UUID, UUID]) -> None:
    """Open the assignment history of checkpoints, by id: from now on the officer is responsible."""
    if officers:
        values = {"ids": list(officers), "officers": list(officers.values()), "now": ctx.now}
        ctx.session.execute(_ASSIGN, values)


def grant_with_customer(ctx: Context, held: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Let officers hold (officer, checkpoint, customer), and the customers' loans with them: two statements."""
    if not held:
        return
    owed = defaultdict(list)
    for customer_id, loan_id in loans.ids_by_customer(ctx.session, {customer_id for _, _, customer_id in held}):
        owed[customer_id].append(loan_id)
    grants = [(officer_id, "checkpoint", checkpoint_id) for officer_id, checkpoint_id, _ in held]
    grants += [(officer_id, "customer", customer_id) for officer_id, _, customer_id in held]
    grants += [(officer_id, "loan", loan_id) for officer_id, _, customer_id in held for loan_id in owed[customer_id]]
    accounts.grant(ctx, grants)


def on_customers_created(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``customer.created``: a customer without a checkpoint gets an unbound one, so that it is planned."""
    ctx.session.flush()
    values = {"ids": [UUID(event.data["customer_id"]) for event in events]}
    rows = [
        NewCheckpoint(
            code=plate.next_code(),
            name=row.name,
            customer_id=row.id,
            organisation_id=row.organisation_id,
            officer_id=row.officer_id,
            address=row.address,
            contact=row.contact,
            effective_from=row.disbursed_on or local_day(ctx.now),
        )
        for row in ctx.session.execute(_WITHOUT_CHECKPOINT, values)
    ]
    create_many(ctx, rows)
