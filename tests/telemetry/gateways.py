"""Enterprises with meters behind a gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from inspection_api.core.periods import day_start
from inspection_api.customers.models import Customer
from inspection_api.telemetry import service as telemetry

if TYPE_CHECKING:
    from tests.factories import World

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FIRST_DAY = date(2026, 3, 1)


def add_customer(world: World, organisation: str = "sub_branch", officer: str | None = "officer") -> UUID:
    """Create an enterprise; its code only has the form of one."""
    number = uuid4().int
    uscc = "".join(ALPHABET[(number >> (5 * place)) % len(ALPHABET)] for place in range(18))
    with world.transaction() as ctx:
        customer = Customer(
            uscc=uscc,
            name="测试企业",
            organisation_id=world.organisations[organisation],
            officer_id=world.people[officer] if officer else None,
            created_at=ctx.now,
        )
        ctx.session.add(customer)
        ctx.session.flush()
        return customer.id


@dataclass
class Gateway:
    """A gateway with one meter, whose counter is read every hour."""

    world: World
    organisation: str = "sub_branch"
    customer_id: UUID = field(init=False)
    device_id: UUID = field(init=False)
    headers: dict[str, str] = field(init=False)
    code: str = field(default_factory=lambda: uuid4().hex)
    counter: Decimal = Decimal(1000)

    def __post_init__(self) -> None:
        self.device_id, self.headers = self.world.machine(self.organisation)
        self.customer_id = add_customer(self.world, self.organisation, None)
        with self.world.transaction() as ctx:
            self.meter_id = telemetry.create_meter(
                ctx,
                code=self.code,
                customer_id=self.customer_id,
                device_id=self.device_id,
                interval_min=60,
                installed_on=FIRST_DAY,
            ).id

    def row(self, at: datetime, counter: Decimal | str | int) -> dict[str, Any]:
        return {"meter": self.code, "at": at.isoformat(), "counter_kwh": str(counter)}

    def day(self, day: date, energy_kwh: str) -> list[dict[str, Any]]:
        """Return a day's 25 readings, both midnights included, and move the counter on."""
        step = Decimal(energy_kwh) / 24
        start = day_start(day)
        rows = [self.row(start + timedelta(hours=hour), round(self.counter + hour * step, 4)) for hour in range(25)]
        self.counter += Decimal(energy_kwh)
        return rows
