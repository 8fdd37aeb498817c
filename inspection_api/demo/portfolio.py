"""What the demo bank is made of: a province of real size with invented people and enterprises.

14 branches, 229 sub-branches with a manager and an officer each, 3,206 customers with a loan and a checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from checkpoints import service as checkpoints
from checkpoints.coordinates import Point
from checkpoints.rules.binding import Location, LocationStatus
from checkpoints.service import NewBinding, NewCheckpoint
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import RoleAssignment, UserAccount
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Role
from inspection_api.customers import rules as customer_rules
from inspection_api.customers import service as customers
from inspection_api.customers.models import Customer
from inspection_api.customers.service import NewCustomer
from inspection_api.demo import names
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from inspection_api.telemetry import service as telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime

PASSWORD = "xunji-demo-2026"  # noqa: S105 - the demo's, printed at its start
GATEWAY_TOKEN_FILE = "demo-gateway.token"  # noqa: S105 - a file's name
BRANCH_SIZES = (17, 17, 17, 17, 17, 16, 16, 16, 16, 16, 16, 16, 16, 16)
SMALL_SIZES = (2,)
CUSTOMERS_EACH = 14
WEST, SOUTH, SPACING = 113.80, 36.20, 0.012
"""Checkpoints lie on an invented grid: degrees of WGS-84, about a kilometre apart."""

HEADQUARTERS = (
    ("admin", "系统管理员", Role.ADMINISTRATOR),
    ("hq", "省行管理员", Role.PROVINCE_MANAGER),
    ("risk", "风控经理", Role.RISK_MANAGER),
)
"""Who works for the whole province: login, name, role."""

RULE: dict[str, Any] = {
    "org_type": "sub_branch",
    "end_on": None,
    "unit": "month",
    "interval": 1,
    "window_mode": "calendar",
    "auto_join": True,
    "auto_create_plan": True,
    "first_rule": "current",
    "first_grace_days": 0,
    "exit_rule": "current",
    "history_valid": 1,
    "history_unit": "month",
    "min_gap_days": 0,
    "late_sync_hours": 72,
    "channels": ["onsite"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubBranch:
    """A sub-branch with its people."""

    code: str
    place: str
    id: UUID
    manager_id: UUID
    officer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a login and one role, in the organisation that he belongs to."""

    id: UUID
    username: str
    name: str
    role: Role
    at: UUID


@dataclass(slots=True, kw_only=True)
class Seeding:
    """One seeding: repeatable chance, one password hash for all, a running number, and who is to be written down."""

    ctx: Context
    random: Random = field(default_factory=lambda: Random(20260101))  # noqa: S311 - invented data, no secret
    password_hash: str = field(default_factory=lambda: accounts.hash_password(PASSWORD))
    number: int = 0
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """When customers come in: plates are ``issued_at``, places ``bound_at``, rules hold from ``effective_from`` on.

    Their loans were disbursed some weeks or months before ``lent_by``, for ``loan_days``.
    """

    issued_at: datetime
    bound_at: datetime
    effective_from: date
    lent_by: date
    loan_days: int = 365


def set_up_people(seeding: Seeding) -> UUID:
    """Create the root with its administrator and its people, and return its id."""
    root = accounts.create_organisation(seeding.ctx, code="P", name=names.PROVINCE, kind="province")
    for username, name, role in HEADQUARTERS:
        _person(seeding, username, name, role, root.id)
    _write_people(seeding)
    return root.id


def set_up_branches(seeding: Seeding, root_id: UUID, sizes: tuple[int, ...]) -> list[SubBranch]:
    """Create branches with so many sub-branches each, and their people; return the sub-branches."""
    subs = list(_organisations(seeding, root_id, sizes))
    _write_people(seeding)
    return subs


def _person(seeding: Seeding, username: str, name: str, role: Role, organisation_id: UUID) -> UUID:
    """Note a person with his role, who is written down with all others."""
    ctx, person = seeding.ctx, Person(id=new_id(), username=username, name=name, role=role, at=organisation_id)
    seeding.people.append(person)
    ctx.record("user.created", user_id=str(person.id), organisation_id=str(organisation_id))
    ctx.record("role.assigned", user_id=str(person.id), role=role.value, organisation_id=str(organisation_id))
    return person.id


def _write_people(seeding: Seeding) -> None:
    """Write the noted people down, as `accounts.create_user` and `assign_role` would one by one, in two statements."""
    seeding.ctx.session.flush()
    users = [
        {
            "id": each.id,
            "username": each.username,
            "name": each.name,
            "organisation_id": each.at,
            "password_hash": seeding.password_hash,
        }
        for each in seeding.people
    ]
    today = local_day(seeding.ctx.now)
    roles = [
        {"id": new_id(), "user_id": each.id, "role": each.role.value, "organisation_id": each.at, "valid_from": today}
        for each in seeding.people
    ]
    seeding.ctx.session.execute(insert(UserAccount), users)
    seeding.ctx.session.execute(insert(RoleAssignment), roles)
    seeding.people.clear()


def _organisations(seeding: Seeding, root_id: UUID, sizes: tuple[int, ...]) -> Iterator[SubBranch]:
    for position, size in enumerate(sizes):
        code, place = f"{position + 1:02d}", names.BRANCHES[position]
        branch = accounts.create_organisation(
            seeding.ctx, code=code, name=f"{place}分行", kind="branch", parent_id=root_id
        )
        _person(seeding, f"b{code}", names.person(seeding.random), Role.BRANCH_MANAGER, branch.id)
        _person(seeding, f"a{code}", names.person(seeding.random), Role.APPROVER, branch.id)
        for index in range(size):
            yield _sub_branch(seeding, branch.id, f"{code}{index + 1:02d}", f"{place}{names.town(index)}")


def _sub_branch(seeding: Seeding, branch_id: UUID, code: str, place: str) -> SubBranch:
    node = accounts.create_organisation(
        seeding.ctx, code=code, name=f"{place}支行", kind="sub_branch", parent_id=branch_id
    )
    manager = _person(seeding, f"m{code}", names.person(seeding.random), Role.SUB_BRANCH_MANAGER, node.id)
    officer = _person(seeding, f"o{code}", names.person(seeding.random), Role.LOAN_OFFICER, node.id)
    return SubBranch(code=code, place=place, id=node.id, manager_id=manager, officer_id=officer)


def take_in(seeding: Seeding, subs: Sequence[SubBranch], indexes: range, intake: Intake) -> None:
    """Give sub-branches customers, each with a loan and a checkpoint; the last checkpoint of each stays unbound."""
    at_plates = replace(seeding.ctx, now=intake.issued_at)
    taken = [(sub, _customer(seeding, sub), index) for sub in subs for index in indexes]
    points = [(sub, _checkpoint(sub, customer, index, intake), index) for sub, customer, index in taken]
    customers.create_many(seeding.ctx, [customer for _, customer, _ in taken])
    loans.create_many(seeding.ctx, [_loan(seeding, *each, intake) for each in taken])
    checkpoints.create_many(at_plates, [point for _, point, _ in points])
    bound = [_binding(sub, point, intake) for sub, point, index in points if index + 1 < CUSTOMERS_EACH]
    checkpoints.apply_bindings(seeding.ctx, bound)


def _customer(seeding: Seeding, sub: SubBranch) -> NewCustomer:
    seeding.number += 1
    return NewCustomer(
        uscc=customer_rules.next_uscc(seeding.number),
        name=names.enterprise(seeding.random, sub.place),
        organisation_id=sub.id,
        officer_id=sub.officer_id,
        contact=names.person(seeding.random),
        address=f"{sub.place}{seeding.random.randint(1, 300)}号",
    )


def _loan(seeding: Seeding, sub: SubBranch, customer: NewCustomer, index: int, intake: Intake) -> NewLoan:
    disbursed_on = intake.lent_by - timedelta(days=seeding.random.randint(40, 300))
    return NewLoan(
        customer_id=customer.id,
        contract_no=f"HC{sub.code}{index + 1:04d}",
        amount=Decimal(seeding.random.randint(20, 900)) * 10_000,
        disbursed_on=disbursed_on,
        matures_on=disbursed_on + timedelta(days=intake.loan_days),
        rate=Decimal("4.35"),
    )


def _checkpoint(sub: SubBranch, customer: NewCustomer, index: int, intake: Intake) -> NewCheckpoint:
    point = _place(sub, index)
    return NewCheckpoint(
        code=f"{sub.code}-{index + 1:03d}",
        name=f"{customer.name}经营场所",
        customer_id=customer.id,
        organisation_id=sub.id,
        officer_id=sub.officer_id,
        effective_from=intake.effective_from,
        address=customer.address,
        registered_lon=point.lon,
        registered_lat=point.lat,
    )


def _place(sub: SubBranch, index: int) -> Point:
    """Return a place on the grid: a sub-branch is a row, so no two customers are neighbours."""
    row = int(sub.code[:2]) * 20 + int(sub.code[2:])
    return Point(round(WEST + index * SPACING, 7), round(SOUTH + row * SPACING, 7))


def _binding(sub: SubBranch, point: NewCheckpoint, intake: Intake) -> NewBinding:
    location = Location(
        id=new_id(),
        checkpoint_id=point.id,
        generation=1,
        point=Point(point.registered_lon or 0.0, point.registered_lat or 0.0),
        status=LocationStatus.CONFIRMED,
        bound_by=sub.manager_id,
        bound_at=intake.bound_at,
        valid_from=intake.bound_at,
    )
    return NewBinding(location=location, device_id=None, reasons=(), fixes=[], photo_media_id=None)


def set_up_gateway(seeding: Seeding, runtime: Runtime, sub: SubBranch) -> None:
    """Put a meter behind a gateway at the first sub-branch's first customer; its token goes to a private file."""
    ctx = seeding.ctx
    device, token = accounts.enrol_machine(ctx, kind="gateway", name="演示网关", organisation_id=sub.id)
    first = ctx.session.scalars(
        select(Customer.id).where(Customer.organisation_id == sub.id).order_by(Customer.uscc).limit(1)
    ).one()
    installed_on = local_day(ctx.now) - timedelta(days=30)
    telemetry.create_meter(
        ctx, code=f"M{sub.code}01", customer_id=first, device_id=device.id, installed_on=installed_on
    )
    runtime.settings.var.mkdir(parents=True, exist_ok=True)
    path = runtime.settings.var / GATEWAY_TOKEN_FILE
    path.touch(mode=0o600)
    path.write_text(token)
