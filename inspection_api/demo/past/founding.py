"""The bank's beginning a year ago, and how it grew since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inspection_api.calendars import service as calendars
from inspection_api.core.periods import add_months, day_start, first_of_month, local_day
from inspection_api.demo import portfolio
from inspection_api.demo.holidays import HOLIDAYS_2026, WORKDAYS_2026
from inspection_api.demo.past.era import Era
from inspection_api.demo.portfolio import CUSTOMERS_EACH, Intake, Seeding, SubBranch
from inspection_api.plans import service as plans
from inspection_api.templates import service as templates

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime

MONTHS = 12
"""How many whole months lie behind the running one."""
_WAVES = {0: 1, 5: 3, 8: 5, 10: 8, 11: 14}
"""How many branches work with it from which month on: the bank began with one, so the first months are thinner."""
_EVE_DAY = 20
_MORNING = timedelta(hours=6)
_LOAN_DAYS = 1_095
_RULE = portfolio.RULE | {
    "makeup_days": 5,
    "exit_overrides": {"exited": {"interval": 1, "unit": "month", "count": 1}},
}


@dataclass(slots=True, kw_only=True)
class Founding:
    """The bank: its first month, its sub-branches, and how many branches work with it so far."""

    seeding: Seeding
    start: date
    subs: list[SubBranch]
    branches: int = 0


def found(ctx: Context, runtime: Runtime, sizes: tuple[int, ...]) -> tuple[Era, Founding]:
    """Found the bank some days before its first month, and return its time and it."""
    start = add_months(first_of_month(local_day(ctx.now)), -MONTHS)
    era = Era(
        ctx=replace(ctx, blobs=runtime.storage),
        subscriptions=runtime.database.subscriptions,
        public_url=runtime.settings.public_url,
        today=local_day(ctx.now),
        now=day_start(add_months(start, -1).replace(day=_EVE_DAY)) + _MORNING,
    )
    seeding = Seeding(ctx=era.system())
    root_id = portfolio.set_up_people(seeding)
    bank = Founding(seeding=seeding, start=start, subs=portfolio.set_up_branches(seeding, root_id, sizes))
    _set_rule(era, root_id, start)
    grow(era, bank, start)
    portfolio.set_up_gateway(seeding, runtime, bank.subs[0])
    return era, bank


def _set_rule(era: Era, root_id: UUID, start: date) -> None:
    ctx = era.system()
    calendars.set_year(ctx, year=2026, holidays=HOLIDAYS_2026, workdays=WORKDAYS_2026)
    version = templates.ensure_default_template(ctx)
    plans.create_rule(
        ctx,
        organisation_id=root_id,
        name="支行检查",
        template_id=version.template_id,
        start_on=start,
        **_RULE,
    )


def grow(era: Era, bank: Founding, month: date) -> None:
    """Take in the customers of the branches that begin in ``month``.

    Every sub-branch's last customer is new this month, and its checkpoint is not bound yet.
    """
    elapsed = (month.year - bank.start.year) * 12 + month.month - bank.start.month
    bank.seeding.ctx = era.system()
    until = max(bank.branches, _WAVES.get(elapsed, 0))
    began = [sub for sub in bank.subs if bank.branches < int(sub.code[:2]) <= until]
    if began:
        portfolio.take_in(bank.seeding, began, range(CUSTOMERS_EACH - 1), _intake(era, month))
    if elapsed == MONTHS:
        portfolio.take_in(bank.seeding, bank.subs, range(CUSTOMERS_EACH - 1, CUSTOMERS_EACH), _intake(era, month))
    bank.branches = until
    era.settle()


def _intake(era: Era, month: date) -> Intake:
    now = era.now
    return Intake(issued_at=now, bound_at=now, effective_from=month, lent_by=local_day(now), loan_days=_LOAN_DAYS)
