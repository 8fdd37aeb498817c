"""Meters of the last weeks: some enterprises stood still, and people have said something about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.alerts import service as alerts
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import FalseAlarmReason, FeedbackVerdict, Handling
from inspection_api.core.context import Actor
from inspection_api.core.ids import new_id
from inspection_api.core.periods import day_start
from inspection_api.customers.models import Customer
from inspection_api.telemetry import service as telemetry
from inspection_api.telemetry.rules import ReadingRow

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.demo.past.era import Era

_DAYS, _EVERY = 42, 3
_HOURS = timedelta(hours=1)
_STOPPED = {"0102": (6, 12), "0103": (36, 42), "0201": (18, 24), "0202": (12, 42), "0104": (24, 30), "0203": (0, 0)}
"""From which to which day of these weeks the first customer of a sub-branch stands still (0, 0: never)."""
_WORKS_KWH, _STANDS_KWH = 420, 31
_COUNTER_KWH = Decimal(50_000)
_ALERTS = (
    select(Alert.id, Alert.handling, Organisation.code)
    .join(Organisation, Organisation.id == Alert.organisation_id)
    .order_by(Alert.first_seen_on, Alert.id)
)


@dataclass(slots=True)
class Meters:
    """Who is metered, behind which gateway, and how far each counter has come."""

    gateway_id: UUID | None = None
    counters: dict[str, Decimal] = field(default_factory=dict)

    def read(self, era: Era, day: date) -> None:
        """Let the gateway bring the last three days, and people look at what that has raised."""
        elapsed = _DAYS - (era.today - day).days
        if elapsed < 0 or elapsed % _EVERY:
            return
        if self.gateway_id is None:
            self._install(era)
        else:
            gateway = replace(era.system(), actor=Actor(device_id=self.gateway_id))
            telemetry.ingest(gateway, self._rows(day - timedelta(days=_EVERY), elapsed - _EVERY))
            era.settle()
            _handle(era, elapsed)

    def _install(self, era: Era) -> None:
        ctx = era.system()
        root = ctx.session.scalars(select(Organisation.id).where(Organisation.kind == "province")).one()
        device, _ = accounts.enrol_machine(ctx, kind="gateway", name="电力采集网关", organisation_id=root)
        self.gateway_id = device.id
        for code in _STOPPED:
            customer_id = _first_customer(ctx, code)
            if customer_id is not None:
                meter = telemetry.create_meter(
                    ctx, code=f"D{code}01", customer_id=customer_id, device_id=device.id, interval_min=60
                )
                self.counters[meter.code] = _COUNTER_KWH
        era.settle()

    def _rows(self, first: date, elapsed: int) -> list[ReadingRow]:
        """Return the hourly counters of three days, the midnights at both ends included."""
        rows = []
        for code, counter in self.counters.items():
            start, end = _STOPPED[code[1:5]]
            for hour in range(_EVERY * 24 + 1):
                daily = _STANDS_KWH if start <= elapsed + hour // 24 < end else _WORKS_KWH
                kwh = counter + Decimal(hour) * daily / 24
                rows.append(ReadingRow(meter=code, at=day_start(first) + hour * _HOURS, counter_kwh=round(kwh, 4)))
            self.counters[code] = rows[-1].counter_kwh
        return rows


def _first_customer(ctx: Context, code: str) -> UUID | None:
    first = (
        select(Customer.id)
        .join(Organisation, Organisation.id == Customer.organisation_id)
        .where(Organisation.code == code)
    )
    return ctx.session.scalars(first.order_by(Customer.uscc).limit(1)).first()


def _handle(era: Era, elapsed: int) -> None:
    """Let the risk manager say something about the oldest new alert, and its officer; the last ones wait for theirs.

    Every second one is a false alarm to him, which at level 3 somebody else must agree to.
    """
    ctx = era.system()
    known = ctx.session.execute(_ALERTS).all()
    new = [row for row in known if row.handling == Handling.NEW]
    if not new or elapsed > _DAYS - 2 * _EVERY:
        return
    risk, alert = era.acting("risk"), new[0]
    if (len(known) - len(new)) % 2:
        note = "设备年度检修，企业已提前报备"
        alerts.call_false_alarm(risk, alert.id, reason=FalseAlarmReason.PLANNED_STOP, note=note)
    else:
        alerts.confirm(risk, alert.id, note="电话核实，企业确已停工")
    _feed_back(era, alert.id, f"o{alert.code}")
    era.settle()


def _feed_back(era: Era, alert_id: UUID, officer: str) -> None:
    ctx = era.acting(officer)
    verdict = era.random.choice((FeedbackVerdict.NORMAL, FeedbackVerdict.WATCH))
    words = "到厂查看，车间停用检修，预计下周恢复生产"
    row = {"id": new_id(), "alert_id": alert_id, "author_id": ctx.user_id, "verdict": verdict, "text": words}
    alerts.give_feedback(ctx, [row])
