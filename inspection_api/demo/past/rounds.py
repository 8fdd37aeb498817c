"""Who visits what, and on which day: each branch and sub-branch as diligent as it is, by chance that repeats."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.demo.past import findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context

_DUTIES = text(
    """
    SELECT t.id AS task_id, t.checkpoint_id, t.customer_id, t.organisation_id, t.officer_id, t.template_version_id,
           t.kind, t.period_start, t.window_end_on, c.code, c.public_id, c.radius_m, l.id AS location_id, l.lon, l.lat,
           l.bound_by, l.bound_at
    FROM task t
    JOIN checkpoint c ON c.id = t.checkpoint_id
    JOIN checkpoint_location l ON l.checkpoint_id = c.id AND l.status = 'confirmed' AND l.valid_to IS NULL
    WHERE t.state = 'pending' AND t.period_start BETWEEN :first AND :last
      AND (c.state = 'active' OR t.kind = 'exit')
    ORDER BY c.code, t.period_start, t.kind
    """
)
_NEWCOMERS = text(
    """
    SELECT CAST(NULL AS uuid) AS task_id, c.id AS checkpoint_id, c.customer_id, c.organisation_id, c.officer_id,
           v.id AS template_version_id, 'regular' AS kind, c.effective_from AS period_start, c.effective_from AS
           window_end_on, c.code, c.public_id, c.radius_m, l.id AS location_id, l.lon, l.lat, l.bound_by, l.bound_at
    FROM checkpoint c
    JOIN checkpoint_location l ON l.checkpoint_id = c.id AND l.status = 'confirmed' AND l.valid_to IS NULL
    CROSS JOIN (SELECT id FROM template_version WHERE status = 'published' LIMIT 1) v
    WHERE c.effective_from > :today
    ORDER BY c.code
    """
)
_PLACES = text(
    """
    SELECT t.id AS task_id, c.id AS checkpoint_id, c.customer_id, c.organisation_id, c.officer_id,
           coalesce(t.template_version_id, v.id) AS template_version_id, c.code, c.public_id, c.radius_m,
           l.id AS location_id, l.lon, l.lat, l.bound_by, l.bound_at
    FROM checkpoint c
    JOIN checkpoint_location l ON l.checkpoint_id = c.id AND l.status = 'confirmed' AND l.valid_to IS NULL
    CROSS JOIN (SELECT id FROM template_version WHERE status = 'published' LIMIT 1) v
    LEFT JOIN LATERAL (
        SELECT id, template_version_id FROM task
        WHERE checkpoint_id = c.id AND state = 'pending' AND :day BETWEEN period_start AND window_end_on
        ORDER BY period_start, kind LIMIT 1) t ON true
    WHERE c.state = 'active' AND c.code LIKE :code
    ORDER BY c.code
    """
)
_STILL_OPEN = text(
    """
    SELECT t.id FROM task t JOIN checkpoint c ON c.id = t.checkpoint_id
    WHERE t.id = ANY (CAST(:ids AS uuid[])) AND t.state IN ('pending', 'in_progress', 'missed')
      AND (c.state = 'active' OR t.kind = 'exit')
    """
)
_FRIDAY = 4
_MADE_UP, _LATE, _EARLY = 0.012, 0.003, 0.03
_PUSH_EVERY = 4
"""On every fourth day the phones of the bank push."""
MAKEUP_DAYS = range(3, 6)
"""On which days after a window a 补检 is done."""
LATE_AFTER = 12
"""So many days after a window a forgotten phone is found and brings its visit."""


class Way(Enum):
    """How a visit comes about: in time, as a 补检, or in time on a phone that told it much later."""

    USUAL = auto()
    MADE_UP = auto()
    LATE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A visit to be: of which duty (a row of the open tasks), on which day it is performed and when it comes."""

    duty: Row[Any]
    way: Way
    performed_on: date
    comes_on: date
    is_troubled: bool


def plan(ctx: Context, random: Random, first: date, last: date, *, share: float = 1.0) -> dict[date, list[Errand]]:
    """Return the visits to the open tasks that begin from ``first`` to ``last``, by the day on which they come.

    ``share`` lowers everybody's diligence.
    """
    errands: dict[date, list[Errand]] = defaultdict(list)
    for duty in ctx.session.execute(_DUTIES, {"first": first, "last": last}):
        errand = _errand(random, duty, diligence(duty.code) * share)
        if errand is not None:
            errands[errand.comes_on].append(errand)
    return errands


def places(ctx: Context, code: str, day: date) -> Sequence[Row[Any]]:
    """Return a sub-branch's bound checkpoints in force, each as a duty: of its task where one is open on ``day``."""
    return ctx.session.execute(_PLACES, {"code": f"{code}-%", "day": day}).all()


def early(ctx: Context, random: Random, today: date) -> list[Errand]:
    """Return today's visits to some who are new: before their first period, which those exempt (domain.md §1.7)."""
    newcomers = [duty for duty in ctx.session.execute(_NEWCOMERS, {"today": today}) if random.random() < _EARLY]
    return [
        Errand(duty=duty, way=Way.USUAL, performed_on=today, comes_on=today, is_troubled=False) for duty in newcomers
    ]


def diligence(code: str) -> float:
    """Return which share of its tasks a checkpoint's sub-branch does, by the checkpoint's code."""
    branch, sub = Random(code[:2]), Random(code[:4])  # noqa: S311 - invented data, no secret
    return min(0.995, branch.uniform(0.80, 0.97) + sub.uniform(-0.10, 0.06))


def _errand(random: Random, duty: Row[Any], chance: float) -> Errand | None:
    dice, troubled = random.random(), findings.is_troubled(Random(duty.code))  # noqa: S311 - as above
    day = _day(random, duty.period_start, duty.window_end_on)
    if dice < chance:
        comes_on = day + timedelta(days=-day.toordinal() % _PUSH_EVERY)
        return Errand(duty=duty, way=Way.USUAL, performed_on=day, comes_on=comes_on, is_troubled=troubled)
    if duty.kind != "regular" or dice > chance + _MADE_UP + _LATE:
        return None
    if dice < chance + _LATE:
        comes_on = duty.window_end_on + timedelta(days=LATE_AFTER)
        return Errand(duty=duty, way=Way.LATE, performed_on=day, comes_on=comes_on, is_troubled=troubled)
    made_up = duty.window_end_on + timedelta(days=random.choice(MAKEUP_DAYS))
    return Errand(duty=duty, way=Way.MADE_UP, performed_on=made_up, comes_on=made_up, is_troubled=troubled)


def _day(random: Random, first: date, last: date) -> date:
    """Return a day of the window, rather a late one, and if it can be no Saturday or Sunday."""
    days = (last - first).days
    day = first + timedelta(days=round(random.triangular(0, days, days * 0.7)))
    weekend = day.weekday() - _FRIDAY
    return max(first, day - timedelta(days=weekend)) if weekend > 0 else day


def still_open(ctx: Context, errands: Sequence[Errand]) -> list[Errand]:
    """Return those whose tasks are to be done still and whose checkpoints stand where they stood."""
    ids = [errand.duty.task_id for errand in errands]
    found: set[UUID] = set(ctx.session.scalars(_STILL_OPEN, {"ids": ids}))
    return [errand for errand in errands if errand.duty.task_id in found]


def of_way(errands: Iterable[Errand], way: Way) -> list[Errand]:
    """Return the errands that come about in a way."""
    return [errand for errand in errands if errand.way is way]
