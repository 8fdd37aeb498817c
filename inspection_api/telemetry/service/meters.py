"""Meters: which enterprise they measure, and behind which gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from inspection_api.accounts import queries as accounts
from inspection_api.accounts.models import Device
from inspection_api.accounts.rules import DeviceKind, DeviceStatus
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.models import Customer
from inspection_api.telemetry.errors import GatewayNotFound, MeterCodeTaken
from inspection_api.telemetry.models import Meter

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from inspection_api.core.context import Context

DEVICES = Permission(Action.ALERT_RULES, "devices")


def create_meter(
    ctx: Context,
    *,
    code: str,
    customer_id: UUID,
    device_id: UUID,
    interval_min: int = 15,
    rollover_kwh: Decimal | None = None,
    installed_on: date | None = None,
) -> Meter:
    """Put a meter of an enterprise behind a gateway; it counts from ``installed_on`` (today).

    Raises:
        NotFound: the enterprise is out of scope.
        GatewayNotFound: no such approved gateway in scope.
        MeterCodeTaken: the code is taken in this bank.
    """
    customer = _customer(ctx, customer_id)
    _ensure_gateway(ctx, device_id)
    existing = ctx.session.scalars(select(Meter.id).where(Meter.code == code)).one_or_none()
    if existing is not None:
        raise MeterCodeTaken(existing_id=str(existing), fields={"code": MeterCodeTaken.title})
    meter = Meter(
        code=code,
        customer_id=customer.id,
        organisation_id=customer.organisation_id,
        device_id=device_id,
        interval_min=interval_min,
        rollover_kwh=rollover_kwh,
        installed_on=installed_on or local_day(ctx.now),
        created_at=ctx.now,
    )
    ctx.session.add(meter)
    ctx.session.flush()
    ctx.record("meter.created", meter_id=str(meter.id), customer_id=str(customer.id))
    return meter


def _customer(ctx: Context, customer_id: UUID) -> Customer:
    statement = select(Customer).where(Customer.id == customer_id)
    if not ctx.actor.is_system:
        statement = statement.where(accounts.in_subtree(Customer.organisation_id, ctx.actor.paths(DEVICES)))
    return accounts.get_one(ctx.session, statement, field="customer_id")


def _ensure_gateway(ctx: Context, device_id: UUID) -> None:
    statement = select(Device.id).where(
        Device.id == device_id, Device.kind == DeviceKind.GATEWAY, Device.status == DeviceStatus.APPROVED
    )
    if not ctx.actor.is_system:
        statement = statement.where(accounts.in_subtree(Device.organisation_id, ctx.actor.paths(DEVICES)))
    if ctx.session.scalars(statement).one_or_none() is None:
        raise GatewayNotFound(fields={"device_id": GatewayNotFound.title})
