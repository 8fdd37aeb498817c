"""Officers with as many checkpoints as a benchmark needs, and the batches that their phones push."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, cycle, islice
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import orjson
from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.coordinates import Point
from checkpoints.models import Checkpoint
from checkpoints.rules.binding import Location, LocationStatus
from checkpoints.rules.plate import KEY_PURPOSE, plate_text
from checkpoints.service import NewBinding, NewCheckpoint
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.app import create_app
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Role
from inspection_api.customers import rules as customer_rules
from inspection_api.customers import service as customers
from inspection_api.customers.service import NewCustomer
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from tests.factories import password_hash
from tests.sync.phone import LAT, LON, Phone, Street, calm_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from tests.bench.stage import Stage
    from tests.factories import World

SUB_BRANCH = "0101"
BATCH = 50
PHOTOS = ("op_status", "power_kwh", "tax_ytd", "payroll_n", "dep_balance", "licence_expired")
ANSWERS = {"payroll_n": "86", "dep_balance": "215.6"}
_numbers = count(900_000)


@dataclass
class Round(Street):
    """An officer's checkpoints, all on one spot, with their running tasks; every plate's text is known beforehand."""

    plates: dict[UUID, str] = field(default_factory=dict)
    task_ids: dict[UUID, UUID] = field(default_factory=dict)

    def plate(self, checkpoint_id: UUID, generation: int = 1) -> str:
        return self.plates[checkpoint_id] if generation == 1 else super().plate(checkpoint_id, generation)


@dataclass
class Batch:
    """A prepared push: the bytes and their signature."""

    body: bytes
    signature: str


def hire(stage: Stage, username: str, *, portfolio: int) -> Phone:
    """Return the approved phone of a new officer who is responsible for ``portfolio`` bound checkpoints."""
    (phone,) = hire_all(stage, [username], portfolio=portfolio)
    return phone


def hire_all(stage: Stage, usernames: Sequence[str], *, portfolio: int) -> list[Phone]:
    """Return the approved phones of new officers, each responsible for ``portfolio`` bound checkpoints of his own."""
    world = stage.world
    with world.transaction() as ctx:
        sub = ctx.session.scalars(select(Organisation).where(Organisation.code == SUB_BRANCH)).one()
        world.people["second_manager"] = ctx.session.scalars(
            select(UserAccount.id).where(UserAccount.username == f"m{SUB_BRANCH}")
        ).one()
        world.people |= {username: _officer(ctx, username, sub.id) for username in usernames}
        clients = [_clients(portfolio, sub.id, world.people[username]) for username in usernames]
        _take_over(ctx, [client for each in clients for client in each])
    with world.transaction() as ctx:
        tasks.generate(ctx, local_day(ctx.now))
    client = create_app(stage.runtime.settings, parts=stage.runtime).test_client()
    return [Phone(client, world, _round(world, world.people[username]), username=username) for username in usernames]


def _officer(ctx: Context, username: str, organisation_id: UUID) -> UUID:
    user = accounts.create_user(
        ctx, username=username, name=username, organisation_id=organisation_id, password_hash=password_hash()
    )
    accounts.assign_role(ctx, user.id, role=Role.LOAN_OFFICER, organisation_id=organisation_id)
    return user.id


def _clients(amount: int, organisation_id: UUID, officer_id: UUID) -> list[NewCustomer]:
    return [
        NewCustomer(
            uscc=customer_rules.next_uscc(next(_numbers)),
            name="陕西秦岭精密机械制造有限公司",
            organisation_id=organisation_id,
            officer_id=officer_id,
        )
        for _ in range(amount)
    ]


def _take_over(ctx: Context, clients: list[NewCustomer]) -> None:
    today = local_day(ctx.now)
    points = [_checkpoint(client, today) for client in clients]
    customers.create_many(ctx, clients)
    loans.create_many(ctx, [_loan(client, today) for client in clients])
    checkpoints.create_many(replace(ctx, now=ctx.now - timedelta(days=31)), points)  # his since before the visits
    checkpoints.apply_bindings(ctx, [_binding(ctx, point) for point in points])


def _loan(client: NewCustomer, today: date) -> NewLoan:
    return NewLoan(
        customer_id=client.id,
        contract_no=f"BENCH{client.uscc}",
        amount=Decimal(1_000_000),
        disbursed_on=today - timedelta(days=90),
        matures_on=today + timedelta(days=275),
    )


def _checkpoint(client: NewCustomer, today: date) -> NewCheckpoint:
    return NewCheckpoint(
        code=f"BENCH-{client.uscc}",
        name=f"{client.name}经营场所",
        customer_id=client.id,
        organisation_id=client.organisation_id,
        officer_id=client.officer_id,
        effective_from=today - timedelta(days=40),
    )


def _binding(ctx: Context, point: NewCheckpoint) -> NewBinding:
    since = ctx.now - timedelta(days=30)
    location = Location(
        id=new_id(),
        checkpoint_id=point.id,
        generation=1,
        point=Point(LON, LAT),
        status=LocationStatus.CONFIRMED,
        bound_by=point.officer_id or uuid4(),
        bound_at=since,
        valid_from=since,
    )
    return NewBinding(location=location, device_id=None, reasons=(), fixes=[], photo_media_id=None)


def _round(world: World, officer_id: UUID) -> Round:
    key = world.bank.derived_key(KEY_PURPOSE)
    with world.transaction() as ctx:
        today = local_day(ctx.now)
        points = ctx.session.execute(
            select(Checkpoint.id, Checkpoint.public_id).where(Checkpoint.officer_id == officer_id)
        ).all()
        running = select(Task.checkpoint_id, Task.id).where(
            Task.officer_id == officer_id, Task.period_start <= today, Task.period_end >= today
        )
        task_ids = {row.checkpoint_id: row.id for row in ctx.session.execute(running)}
    plates = {row.id: plate_text(world.bank.tag, row.public_id, 1, key) for row in points}
    return Round(world, plates=plates, task_ids=task_ids)


def prepare(phone: Phone, amount: int, *, visits: int = BATCH) -> list[Batch]:
    """Return ``amount`` batches of the standard workload, signed; no two visits of a batch share a checkpoint."""
    return [_batch(phone, visits) for _ in range(amount)]


def _batch(phone: Phone, visits: int) -> Batch:
    places = islice(cycle(cast("Round", phone.street).task_ids.items()), visits)
    ops = [_visit(phone, *place) for place in places]
    body = orjson.dumps(orjson.loads(phone.batch(*ops)))
    return Batch(body=body, signature=f"ed25519={base64.urlsafe_b64encode(phone.key.sign(body)).decode()}")


def _visit(phone: Phone, checkpoint_id: UUID, task_id: UUID) -> dict[str, Any]:
    answers = [{**answer, "note": "现场核对"} for answer in calm_answers(**ANSWERS)]
    media = [phone.photo(item) for item in PHOTOS]
    return phone.submit(checkpoint_id, task_id, answers=answers, media=media)
