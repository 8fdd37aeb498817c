"""The demo bank: a province of real size with invented people and enterprises, made in one transaction.

14 branches, 229 sub-branches with a manager and an officer each, 3,206 customers with a loan and a checkpoint. One
checkpoint of every sub-branch is not bound yet; the others are. Killed half-way it leaves nothing and starts anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.coordinates import Point
from checkpoints.rules.binding import Location, LocationStatus
from checkpoints.service import NewBinding, NewCheckpoint
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.calendars import service as calendars
from inspection_api.core import migrations
from inspection_api.core.ids import new_id
from inspection_api.core.periods import first_of_month, local_day
from inspection_api.core.permissions import Role
from inspection_api.customers import rules as customer_rules
from inspection_api.customers import service as customers
from inspection_api.customers.models import Customer
from inspection_api.customers.service import NewCustomer
from inspection_api.demo import names
from inspection_api.demo.holidays import HOLIDAYS_2026, WORKDAYS_2026
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from inspection_api.plans import service as plans
from inspection_api.tasks import service as tasks
from inspection_api.telemetry import service as telemetry
from inspection_api.templates import service as templates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime

PASSWORD = "xunji-demo-2026"  # noqa: S105 - the demo's, printed at its start
IN_FORCE_FOR = timedelta(days=40)
GATEWAY_TOKEN_FILE = "demo-gateway.token"  # noqa: S105 - a file's name
BRANCH_SIZES = (17, 17, 17, 17, 17, 16, 16, 16, 16, 16, 16, 16, 16, 16)
SMALL_SIZES = (2,)
CUSTOMERS_EACH = 14
WEST, SOUTH, SPACING = 113.80, 36.20, 0.012
"""Checkpoints lie on an invented grid: degrees of WGS-84, about a kilometre apart."""

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


@dataclass(slots=True, kw_only=True)
class _Seeding:
    """The state of one seeding: repeatable chance, one password hash for all, and a running number."""

    ctx: Context
    random: Random = field(default_factory=lambda: Random(20260101))  # noqa: S311 - invented data, no secret
    password_hash: str = field(default_factory=lambda: accounts.hash_password(PASSWORD))
    number: int = 0


def seed(runtime: Runtime, code: str, *, small: bool = False) -> None:
    """Create and fill the demo bank unless it is filled, and print its logins."""
    bank = runtime.banks.find_by_code(code)
    if bank is None:
        bank = runtime.banks.create(code, names.PROVINCE)
        migrations.upgrade(runtime.banks, bank)
    with runtime.transaction(code=code) as ctx:
        if ctx.session.scalars(select(Organisation.id).limit(1)).first() is None:
            _fill(ctx, runtime, SMALL_SIZES if small else BRANCH_SIZES)
    _generate(runtime, code)
    click.echo(logins(code))


def logins(code: str) -> str:
    """Return the demo logins, as the terminal shows them."""
    people = "admin 系统管理员 · hq 省行 · b01 分行 · m0101 支行经理 · o0101 客户经理"
    return f"演示登录  银行 {code}  密码 {PASSWORD}\n  {people}"


def _fill(ctx: Context, runtime: Runtime, sizes: tuple[int, ...]) -> None:
    seeding = _Seeding(ctx=ctx)
    root = accounts.create_organisation(ctx, code="P", name=names.PROVINCE, kind="province")
    for username, name, role in (
        ("admin", "系统管理员", Role.ADMINISTRATOR),
        ("hq", "省行管理员", Role.PROVINCE_MANAGER),
    ):
        _person(seeding, username, name, role, root.id)
    calendars.set_year(ctx, year=2026, holidays=HOLIDAYS_2026, workdays=WORKDAYS_2026)
    version = templates.ensure_default_template(ctx)
    subs = list(_organisations(seeding, root.id, sizes))
    with click.progressbar(subs, label="演示数据", file=sys.stderr) as bar:
        for sub in bar:
            _customers(seeding, sub)
    start = first_of_month(local_day(ctx.now))
    plans.create_rule(
        ctx, organisation_id=root.id, name="支行检查", template_id=version.template_id, start_on=start, **RULE
    )
    _gateway(seeding, runtime, subs[0])


def _person(seeding: _Seeding, username: str, name: str, role: Role, organisation_id: UUID) -> UUID:
    user = accounts.create_user(
        seeding.ctx,
        username=username,
        name=name,
        organisation_id=organisation_id,
        password_hash=seeding.password_hash,
    )
    accounts.assign_role(seeding.ctx, user.id, role=role, organisation_id=organisation_id)
    return user.id


def _organisations(seeding: _Seeding, root_id: UUID, sizes: tuple[int, ...]) -> Iterator[SubBranch]:
    for position, size in enumerate(sizes):
        code, place = f"{position + 1:02d}", names.BRANCHES[position]
        branch = accounts.create_organisation(
            seeding.ctx, code=code, name=f"{place}分行", kind="branch", parent_id=root_id
        )
        _person(seeding, f"b{code}", names.person(seeding.random), Role.BRANCH_MANAGER, branch.id)
        for index in range(size):
            yield _sub_branch(seeding, branch.id, f"{code}{index + 1:02d}", f"{place}{names.town(index)}")


def _sub_branch(seeding: _Seeding, branch_id: UUID, code: str, place: str) -> SubBranch:
    node = accounts.create_organisation(
        seeding.ctx, code=code, name=f"{place}支行", kind="sub_branch", parent_id=branch_id
    )
    manager = _person(seeding, f"m{code}", names.person(seeding.random), Role.SUB_BRANCH_MANAGER, node.id)
    officer = _person(seeding, f"o{code}", names.person(seeding.random), Role.LOAN_OFFICER, node.id)
    return SubBranch(code=code, place=place, id=node.id, manager_id=manager, officer_id=officer)


def _customers(seeding: _Seeding, sub: SubBranch) -> None:
    """Give a sub-branch its customers, each with a loan and a checkpoint; the last checkpoint stays unbound.

    Plates and officers are some weeks old, so that whoever tries a visit out may have made it before the seeding.
    """
    before = replace(seeding.ctx, now=seeding.ctx.now - IN_FORCE_FOR)
    taken = [_customer(seeding, sub) for _ in range(CUSTOMERS_EACH)]
    lent = [_loan(seeding, sub, customer, index) for index, customer in enumerate(taken)]
    points = [_checkpoint(seeding, sub, customer, index) for index, customer in enumerate(taken)]
    customers.create_many(seeding.ctx, taken)
    loans.create_many(seeding.ctx, lent)
    checkpoints.create_many(before, points)
    checkpoints.apply_bindings(seeding.ctx, [_binding(seeding, sub, point) for point in points[:-1]])


def _customer(seeding: _Seeding, sub: SubBranch) -> NewCustomer:
    seeding.number += 1
    return NewCustomer(
        uscc=customer_rules.next_uscc(seeding.number),
        name=names.enterprise(seeding.random, sub.place),
        organisation_id=sub.id,
        officer_id=sub.officer_id,
        contact=names.person(seeding.random),
        address=f"{sub.place}{seeding.random.randint(1, 300)}号",
    )


def _loan(seeding: _Seeding, sub: SubBranch, customer: NewCustomer, index: int) -> NewLoan:
    disbursed_on = local_day(seeding.ctx.now) - timedelta(days=seeding.random.randint(40, 300))
    return NewLoan(
        customer_id=customer.id,
        contract_no=f"HC{sub.code}{index + 1:04d}",
        amount=Decimal(seeding.random.randint(20, 900)) * 10_000,
        disbursed_on=disbursed_on,
        matures_on=disbursed_on + timedelta(days=365),
        rate=Decimal("4.35"),
    )


def _checkpoint(seeding: _Seeding, sub: SubBranch, customer: NewCustomer, index: int) -> NewCheckpoint:
    point = _place(sub, index)
    return NewCheckpoint(
        code=f"{sub.code}-{index + 1:03d}",
        name=f"{customer.name}经营场所",
        customer_id=customer.id,
        organisation_id=sub.id,
        officer_id=sub.officer_id,
        effective_from=local_day(seeding.ctx.now - IN_FORCE_FOR),
        address=customer.address,
        registered_lon=point.lon,
        registered_lat=point.lat,
    )


def _place(sub: SubBranch, index: int) -> Point:
    """Return a place on the grid: a sub-branch is a row, so no two customers are neighbours."""
    row = int(sub.code[:2]) * 20 + int(sub.code[2:])
    return Point(round(WEST + index * SPACING, 7), round(SOUTH + row * SPACING, 7))


def _binding(seeding: _Seeding, sub: SubBranch, point: NewCheckpoint) -> NewBinding:
    since = seeding.ctx.now - timedelta(days=30)
    location = Location(
        id=new_id(),
        checkpoint_id=point.id,
        generation=1,
        point=Point(point.registered_lon or 0.0, point.registered_lat or 0.0),
        status=LocationStatus.CONFIRMED,
        bound_by=sub.manager_id,
        bound_at=since,
        valid_from=since,
    )
    return NewBinding(location=location, device_id=None, reasons=(), fixes=[], photo_media_id=None)


def _gateway(seeding: _Seeding, runtime: Runtime, sub: SubBranch) -> None:
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


def _generate(runtime: Runtime, code: str) -> None:
    complete = False
    while not complete:
        with runtime.transaction(code=code) as ctx:
            complete = tasks.generate(ctx, local_day(ctx.now)).complete
