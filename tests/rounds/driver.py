"""Plays a history on the product, through the services that the routes call, and on the bank kept by hand beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from checkpoints import service as checkpoints
from inspection_api.accounts.models import Organisation
from inspection_api.calendars import service as calendars
from inspection_api.core.periods import Period
from inspection_api.plans import service as plans
from inspection_api.plans.models import Plan
from inspection_api.reports import queries as reports
from inspection_api.tasks import service as tasks
from inspection_api.tasks.rules import Visit
from tests.rounds.bank import Bank, Point
from tests.rounds.simulator import Edition, Form, Life

if TYPE_CHECKING:
    from inspection_api.core.context import Actor
    from inspection_api.plans.models import InspectionRule
    from tests.fixtures import Clock
    from tests.portfolio import Portfolio

PLACES = ("sub_branch", "sibling", "foreign")
"""Where points are and go; `foreign` lies outside of the rule's subtree and has no plan."""
WITH_PLANS = PLACES[:2]
Row = tuple[int, str, str, date, date, date, int, str]


@dataclass(kw_only=True)
class Town:
    """The same bank twice: in PostgreSQL, and by hand."""

    portfolio: Portfolio
    clock: Clock
    actors: dict[str, Actor]
    hand: Bank
    rule: InspectionRule
    ids: list[UUID] = field(default_factory=list)
    exits: dict[int, tuple[UUID, date]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day of now in Shanghai."""
        return (self.clock.now + timedelta(hours=8)).date()

    def transaction(self, user: str) -> Any:
        """Act as somebody."""
        world = self.portfolio.world
        return world.database.transaction(world.bank, actor=self.actors[user])

    def publish(self, holidays: frozenset[date], workdays: frozenset[date]) -> None:
        """Let the State Council's calendar be imported, before anybody joins."""
        for year in sorted({day.year for day in holidays | workdays}):
            both = ([day for day in days if day.year == year] for days in (holidays, workdays))
            with self.transaction("administrator") as ctx:
                calendars.set_year(ctx, year=year, **dict(zip(("holidays", "workdays"), both, strict=True)))
        self.hand.life = replace(self.hand.life, holidays=holidays, workdays=workdays)

    def join(self, place: str, days: int, loans: tuple[int, ...] = ()) -> None:
        """Let a checkpoint appear that is in force from some days ago or to come, with loans paid out around today."""
        effective_from = self.today + timedelta(days=days)
        paid = tuple(self.today + timedelta(days=each) for each in loans)
        self.ids.append(self.portfolio.add_checkpoint(place, None, effective_from))
        for day in paid:
            self.portfolio.add_loan(self.ids[-1], day)
        self.hand.join(place, effective_from, self.today, paid)

    def point(self, number: int) -> tuple[int, Point]:
        """Return one of the points that are there."""
        number %= len(self.hand.points)
        return number, self.hand.points[number]

    def night(self) -> None:
        """Do the jobs of a day: scheduled exits, the generation, the sweep."""
        with self.portfolio.world.transaction() as ctx:
            checkpoints.let_exits_take_effect(ctx)
        self.portfolio.generate()
        with self.portfolio.world.transaction() as ctx:
            tasks.sweep(ctx)
        self.hand.run(self.today)
        self.hand.sweep(self.clock.now.replace(tzinfo=None) + timedelta(hours=8))

    def visit(self, number: int, days_ago: int, channel: str = "onsite") -> None:
        """Let a visit arrive, perhaps late."""
        number, point = self.point(number)
        day = self.today - timedelta(days=days_ago)
        done = Visit(
            inspection_id=uuid4(),
            checkpoint_id=self.ids[number],
            performed_on=day,
            template_family="plain_paper",
            channel=channel,
        )
        with self.portfolio.world.transaction() as ctx:
            tasks.close(ctx, [done])
        self.hand.visit(point, day, channel)

    def leave(self, number: int, days: int, exit_type: str) -> None:
        """Propose and approve an exit, of a day past, of today, or to come."""
        number, point = self.point(number)
        day = max(self.today + timedelta(days=days), point.effective_from)
        if number in self.exits or day > self.today + timedelta(days=300):
            return
        with self.transaction("province_manager") as ctx:
            made = checkpoints.propose_exit(ctx, self.ids[number], exit_type=exit_type, reason="搬迁", effective_on=day)
        with self.transaction("second_province_manager") as ctx:
            checkpoints.approve_exit(ctx, made.id, keep_overdue=True)
        self.exits[number] = (made.id, day)
        self.hand.exit(point, day, exit_type, self.today)

    def think_again(self, number: int) -> None:
        """Call a scheduled exit off, or let who has left come back."""
        number, point = self.point(number)
        if number not in self.exits:
            return
        exit_id, day = self.exits.pop(number)
        with self.transaction("second_province_manager") as ctx:
            if day > self.today:
                checkpoints.call_off_exit(ctx, exit_id, reason="不搬了")
            else:
                checkpoints.let_exits_take_effect(ctx)
                checkpoints.reactivate(ctx, self.ids[number], reason="又搬回来")
        if day > self.today:
            self.hand.call_off(point, self.today)
        else:
            self.hand.come_back(point, self.today, self.today)

    def make_up(self, number: int) -> None:
        """Let a manager allow a 补检 of the oldest round that may have one, for all its loans."""
        number, point = self.point(number)
        name = self.hand.make_up(point, self.today)
        for row in self.portfolio.tasks(self.ids[number]) if name else []:
            if row.state in {"pending", "missed"} and (row.kind, row.period_start) == name:
                with self.transaction("province_manager") as ctx:
                    tasks.allow_makeup(ctx, row.id, reason="系统停机")

    def take_out(self, number: int) -> None:
        """Take a member out of its plan by hand."""
        number, point = self.point(number)
        if not point.stays or point.stays[-1].left is not None:
            return
        with self.transaction("province_manager") as ctx:
            plans.remove_member(ctx, self._plan_of(ctx, point), self.ids[number])
        self.hand.take_out(point, self.today)

    def put_in(self, number: int) -> None:
        """Put a point in force into the plan of its place by hand, where it is no member."""
        number, point = self.point(number)
        is_member = bool(point.stays) and (point.stays[-1].left is None or point.stays[-1].left >= self.today)
        if number in self.exits or is_member or point.organisation not in WITH_PLANS:
            return
        with self.transaction("province_manager") as ctx:
            plans.add_member(ctx, self._plan_of(ctx, point), checkpoint_id=self.ids[number])
        point.enter(point.organisation, point.effective_from, self.today)

    def _plan_of(self, ctx: Any, point: Point) -> UUID:
        place = self.portfolio.world.organisations[point.organisation]
        plan: UUID = ctx.session.scalars(
            select(Plan.id).where(Plan.rule_id == self.rule.id, Plan.organisation_id == place)
        ).one()
        return plan

    def move(self, number: int, place: str) -> None:
        """Hand a point in force over to another organisation."""
        number, point = self.point(number)
        has_moved_today = bool(point.stays) and point.stays[-1].left == self.today
        if number in self.exits or point.organisation == place or has_moved_today:
            return
        with self.transaction("province_manager") as ctx:
            checkpoints.transfer(
                ctx, checkpoint_ids=[self.ids[number]], organisation_id=self.portfolio.world.organisations[place]
            )
        self.hand.move(point, place, self.today)

    def edit(self, form: Form, days: int = 0) -> None:
        """Give the rule other terms, from some days to come (or past, which is as good as today) on."""
        self._edit(days, **columns(form))
        self.hand.edit(form, self.today, days)

    def end(self, days: int) -> None:
        """Let the rule end some days from now, or never (0)."""
        day = self.today + timedelta(days=days) if days else None
        if day is not None and day < self.hand.life.start:
            return
        self._edit(0, end_on=day)
        self.hand.end(day, self.today)

    def _edit(self, days: int, **changes: Any) -> None:
        since = self.today + timedelta(days=days)
        with self.transaction("province_manager") as ctx:
            number = self.hand.life.editions[-1].number
            plans.edit_rule(ctx, self.rule.id, version=number, effective_from=since, **changes)

    def wait(self, days: int) -> None:
        """Let days pass in which nothing runs."""
        self.clock.advance(days=days)

    def rows(self) -> list[Row]:
        """Return the product's tasks that were not cancelled."""
        names = {organisation: name for name, organisation in self.portfolio.world.organisations.items()}
        number = {checkpoint: at for at, checkpoint in enumerate(self.ids)}
        return sorted(
            (
                number[task.checkpoint_id],
                names[task.organisation_id],
                task.kind,
                task.period_start,
                task.period_end,
                task.due_on,
                task.rule_version,
                task.state,
            )
            for task in self.portfolio.tasks()
            if task.state != "cancelled"
        )

    def expected(self) -> list[Row]:
        """Return the same of the bank kept by hand."""
        return sorted(
            (
                at,
                task.organisation,
                task.round.kind,
                task.round.start,
                task.round.end,
                task.round.due,
                task.round.edition,
                task.state,
            )
            for at, point in enumerate(self.hand.points)
            for task in point.tasks
            if task.state != "cancelled"
        )

    def figures(self, window: tuple[date, date]) -> dict[str, tuple[int, ...]]:
        """Return the counts of the product's report per organisation."""
        world = self.portfolio.world
        with self.transaction("province_manager") as ctx:
            province = ctx.session.get_one(Organisation, world.organisations["province"])
            period = Period(start=window[0], end=window[1])
            counts = reports.counts_by_path(ctx, province, period, self.today)
            paths = {place: ctx.session.get_one(Organisation, world.organisations[place]).path for place in PLACES}
        found = {place: counts.get(path) for place, path in paths.items()}
        return {place: _six(each) for place, each in found.items()}


def open_town(portfolio: Portfolio, clock: Clock, actors: dict[str, Actor], form: Form, end: date | None) -> Town:
    """Found a town whose rule is written down at the clock's now."""
    today = (clock.now + timedelta(hours=8)).date()
    rule = portfolio.create_rule("branch", org_type="sub_branch", start_on=form.start, end_on=end, **columns(form))
    life = Life(editions=(Edition(number=1, form=form, end=end),), start=form.start, end=end, recorded=today)
    return Town(portfolio=portfolio, clock=clock, actors=actors, hand=Bank(life=life, places=WITH_PLANS), rule=rule)


def columns(form: Form) -> dict[str, Any]:
    """Return a form as the columns of a rule."""
    names = ("interval", "unit", "count")
    return {
        "unit": form.unit,
        "interval": form.interval,
        "window_mode": "anchored" if form.anchored else "calendar",
        "inspection_type": form.type,
        "first_rule": form.first_rule,
        "first_grace_days": form.grace,
        "exit_rule": form.exit_rule,
        "exit_interval": form.exit_check[0],
        "exit_unit": form.exit_check[1],
        "exit_count": form.exit_check[2],
        "exit_overrides": {name: dict(zip(names, each, strict=True)) for name, each in form.exit_checks.items()},
        "history_valid": form.history[0],
        "history_unit": form.history[1],
        "due_roll": form.due_roll,
        "new_within_days": form.new_within,
        "makeup_days": form.makeup,
        "late_sync_hours": form.late,
        "min_gap_days": form.gap,
        "channels": list(form.channels),
        "per_loan": form.per_loan,
    }


def noon(day: date) -> datetime:
    """Return the moment at which it is noon in Shanghai."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def _six(counts: Any) -> tuple[int, ...]:
    names = ("due", "completed", "on_time", "overdue", "running", "progressed")
    return tuple(getattr(counts, name) if counts else 0 for name in names)
