"""The demo bank, made in one transaction: killed half-way it leaves nothing and starts anew.

Without a past its rule begins this month. With one (`past/`) it has been in force for a year, and all that people did
in that year is there.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

from inspection_api.accounts.models import Organisation
from inspection_api.calendars import service as calendars
from inspection_api.core import migrations
from inspection_api.core.periods import first_of_month, local_day
from inspection_api.demo import names, past, portfolio
from inspection_api.demo.holidays import HOLIDAYS_2026, WORKDAYS_2026
from inspection_api.demo.portfolio import PASSWORD, Intake, Seeding
from inspection_api.plans import service as plans
from inspection_api.tasks import service as tasks
from inspection_api.templates import service as templates

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime

IN_FORCE_FOR = timedelta(days=40)
"""Plates and officers are some weeks old, so that whoever tries a visit out may have made it before the seeding."""
_BOUND_FOR = timedelta(days=30)


def seed(runtime: Runtime, code: str, *, small: bool = False, with_past: bool = False) -> None:
    """Create and fill the demo bank unless it is filled, and print its logins."""
    bank = runtime.banks.find_by_code(code)
    if bank is None:
        bank = runtime.banks.create(code, names.PROVINCE)
        migrations.upgrade(runtime.banks, bank)
    sizes = portfolio.SMALL_SIZES if small else portfolio.BRANCH_SIZES
    with runtime.transaction(code=code) as ctx:
        if ctx.session.scalars(select(Organisation.id).limit(1)).first() is None:
            (past.live if with_past else _fill)(ctx, runtime, sizes)
    _generate(runtime, code)
    click.echo(logins(code))


def logins(code: str) -> str:
    """Return the demo logins, as the terminal shows them."""
    people = "admin 系统管理员 · hq 省行 · b01 分行 · m0101 支行经理 · o0101 客户经理 · a01 审批人 · risk 风控"
    return f"演示登录  银行 {code}  密码 {PASSWORD}\n  {people}"


def _fill(ctx: Context, runtime: Runtime, sizes: tuple[int, ...]) -> None:
    seeding = Seeding(ctx=ctx)
    root_id = portfolio.set_up_people(seeding)
    calendars.set_year(ctx, year=2026, holidays=HOLIDAYS_2026, workdays=WORKDAYS_2026)
    version = templates.ensure_default_template(ctx)
    subs = portfolio.set_up_branches(seeding, root_id, sizes)
    since, today = ctx.now - IN_FORCE_FOR, local_day(ctx.now)
    intake = Intake(issued_at=since, bound_at=ctx.now - _BOUND_FOR, effective_from=local_day(since), lent_by=today)
    branches = [list(group) for _, group in groupby(subs, key=lambda sub: sub.code[:2])]
    with click.progressbar(branches, label="演示数据", file=sys.stderr) as bar:
        for branch in bar:
            portfolio.take_in(seeding, branch, range(portfolio.CUSTOMERS_EACH), intake)
    plans.create_rule(
        ctx,
        organisation_id=root_id,
        name="支行检查",
        template_id=version.template_id,
        start_on=first_of_month(today),
        **portfolio.RULE,
    )
    portfolio.set_up_gateway(seeding, runtime, subs[0])


def _generate(runtime: Runtime, code: str) -> None:
    complete = False
    while not complete:
        with runtime.transaction(code=code) as ctx:
            complete = tasks.generate(ctx, local_day(ctx.now)).complete
