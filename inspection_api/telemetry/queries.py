"""Reads of the telemetry slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from inspection_api.accounts import queries as accounts
from inspection_api.core.context import Actor
from inspection_api.core.permissions import Action, Permission
from inspection_api.telemetry.models import DailyFact, Meter
from inspection_api.telemetry.rules import Reading

READ = Permission(Action.ALERT_RULES, "read")


def visible_meters(actor: Actor, customer_id: UUID | None = None) -> Select[Meter]:
    """Return the meters of the actor's subtrees, or of one enterprise there."""
    statement = select(Meter).where(accounts.in_subtree(Meter.organisation_id, actor.paths(READ)))
    return statement if customer_id is None else statement.where(Meter.customer_id == customer_id)


def meters_of_gateway(session: Session, device_id: UUID) -> dict[str, UUID]:
    """Return the ids of the meters behind one gateway, by code."""
    statement = select(Meter.code, Meter.id).where(Meter.device_id == device_id)
    return {row.code: row.id for row in session.execute(statement)}


def customers_of_meters(session: Session, meter_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return each meter's enterprise."""
    statement = select(Meter.id, Meter.customer_id).where(Meter.id.in_(list(meter_ids)))
    return {row.id: row.customer_id for row in session.execute(statement)}


def metered_customers(session: Session) -> Sequence[UUID]:
    """Return all enterprises that have a meter, in order."""
    return session.scalars(select(Meter.customer_id).distinct().order_by(Meter.customer_id)).all()


def locked_meters(session: Session, customer_ids: Iterable[UUID]) -> Sequence[Meter]:
    """Return the enterprises' meters, locked in order: facts of one enterprise are computed one after the other."""
    statement = (
        select(Meter)
        .where(Meter.customer_id.in_(list(customer_ids)))
        .order_by(Meter.id)
        .with_for_update(key_share=True)
    )
    return session.scalars(statement).all()


_READINGS = text(
    """
    SELECT r.meter_id, r.at, r.counter_kwh
    FROM unnest(CAST(:meters AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
         AS w (meter_id, starts, ends)
    JOIN reading r ON r.meter_id = w.meter_id AND r.at BETWEEN w.starts AND w.ends
    ORDER BY r.meter_id, r.at
    """
)


def readings_between(session: Session, windows: Mapping[UUID, tuple[datetime, datetime]]) -> dict[UUID, list[Reading]]:
    """Return each meter's readings inside its window (both ends included), in order of time."""
    starts, ends = zip(*windows.values(), strict=True) if windows else ((), ())
    values = {"meters": list(windows), "starts": list(starts), "ends": list(ends)}
    found: dict[UUID, list[Reading]] = defaultdict(list)
    for meter_id, at, counter_kwh in session.execute(_READINGS, values):
        found[meter_id].append(Reading(at=at, counter_kwh=counter_kwh))
    return dict(found)


def known_energy(
    session: Session, customer_ids: Iterable[UUID], first: date, last: date
) -> dict[UUID, dict[date, Decimal]]:
    """Return the energy of the known days from ``first`` to ``last``, by enterprise; unknown days are missing."""
    statement = select(DailyFact.customer_id, DailyFact.day, DailyFact.energy_kwh).where(
        DailyFact.customer_id.in_(list(customer_ids)), DailyFact.day.between(first, last), DailyFact.known
    )
    found: dict[UUID, dict[date, Decimal]] = defaultdict(dict)
    for customer_id, day, energy_kwh in session.execute(statement):
        if energy_kwh is not None:
            found[customer_id][day] = energy_kwh
    return dict(found)
