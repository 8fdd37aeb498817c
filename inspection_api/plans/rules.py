"""From a rule to the periods in which a checkpoint is to be visited (domain.md §1.1–§1.5, §1.10).

Pure: a rule, a plan, an episode of membership and a day go in; the required periods come out. The same input gives
the same set, so generating once, five times a day or after ten days of downtime makes the same tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.core.periods import Grid, Period, Unit, WindowMode, add_months, add_units, first_of_month
from inspection_api.plans.errors import RuleDatesInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

_ONE_DAY = timedelta(days=1)
_MONTH_UNITS = frozenset({Unit.MONTH, Unit.YEAR})


class FirstRule(StrEnum):
    """首巡开始规则: whether the month (or period) of joining is already inspected."""

    CURRENT = "current"
    NEXT = "next"


class ExitRule(StrEnum):
    """退出规则: whether inspection stops at the exit or with the month (or period) after it."""

    CURRENT = "current"
    NEXT = "next"


class Channel(StrEnum):
    """How a visit is made: 现场检查, 远程巡检, 企业自检."""

    ONSITE = "onsite"
    REMOTE = "remote"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The terms of a global rule (全局规则); the defaults are the form's bold values (domain.md §1.1).

    ``interval`` counts ``unit``s, ``history_valid`` counts ``history_unit``s (0 = no credit); ``end`` is inclusive,
    None is open.
    """

    start: date
    end: date | None = None
    unit: Unit = Unit.MONTH
    interval: int = 1
    window_mode: WindowMode = WindowMode.CALENDAR
    auto_join: bool = True
    auto_create_plan: bool = True
    first_rule: FirstRule = FirstRule.NEXT
    first_grace_days: int = 0
    exit_rule: ExitRule = ExitRule.CURRENT
    history_valid: int = 1
    history_unit: Unit = Unit.MONTH
    min_gap_days: int = 0
    late_sync_hours: int = 72
    channels: tuple[Channel, ...] = (Channel.ONSITE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """The days of one plan and the day on which it was recorded."""

    start: date
    end: date | None
    recorded_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One stay of a checkpoint in a plan.

    ``joined_on`` is the later of the point's effective date and its transfer; ``left_on`` the exit's effective date D.
    The join date J of §1.3 is ``joined_on``, but not before the plan's start.
    """

    joined_on: date
    recorded_on: date
    left_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredTask:
    """One task that must exist; ``due_on`` is the last day in time, ``window_end_on`` the last day that closes it.

    ``is_first`` marks the first task of the episode, the only one that a visit made before it may exempt (§1.7).
    """

    episode_id: UUID
    period: Period
    due_on: date
    window_end_on: date
    is_first: bool


def ensure_dates(start: date, end: date | None) -> None:
    """Refuse a rule that ends before it starts.

    Raises:
        RuleDatesInvalid: ``end`` lies before ``start``.
    """
    if end is not None and end < start:
        raise RuleDatesInvalid(fields={"end": "不能早于开始时间"})


def grid_of(rule: Rule, plan: PlanTerms) -> Grid:
    """Return the periods of a plan: the rule's grid, cut to the plan's days."""
    return Grid(
        start=rule.start, end=plan.end, unit=rule.unit, interval=rule.interval, mode=rule.window_mode, opens=plan.start
    )


def join_date(plan: PlanTerms, episode: Episode) -> date:
    """Return J, the day from which the checkpoint counts in the plan (§1.3)."""
    return max(episode.joined_on, plan.start)


def first_index(rule: Rule, plan: PlanTerms, episode: Episode) -> int:
    """Return the index of the episode's first period by 首巡开始规则 (§1.3, §1.4).

    A point in force before the plan began is not shifted: it starts with the plan's first period.
    """
    grid = grid_of(rule, plan)
    joined_on = join_date(plan, episode)
    index = grid.index_of(joined_on)
    if episode.joined_on < plan.start:
        return index
    if rule.first_rule is FirstRule.NEXT:
        return _next_index(rule, grid, joined_on)
    return index + 1 if _is_short_of_grace(rule, grid, joined_on) else index


def stop_date(rule: Rule, grid: Grid, left_on: date) -> date:
    """Return S, from which on nothing is to be inspected after an exit effective on ``left_on`` (§1.5)."""
    if rule.exit_rule is ExitRule.CURRENT:
        return left_on
    if rule.unit in _MONTH_UNITS:
        return add_months(first_of_month(left_on), 1)
    return grid.boundary(grid.index_of(left_on) + 1)


def horizon_index(grid: Grid, as_of: date) -> int:
    """Return the last period to be generated on ``as_of``: the next one, so that phones can prefetch (§1.10)."""
    return grid.index_of(as_of) + 1 if as_of >= grid.first_day else grid.index_of(grid.first_day)


def required_periods(rule: Rule, plan: PlanTerms, episode: Episode, as_of: date) -> tuple[Period, ...]:
    """Return the periods of one episode that need a task on ``as_of``, oldest first.

    A period that ended before plan and episode were recorded gets none; one that passed during downtime does.
    """
    grid = grid_of(rule, plan)
    recorded_on = max(plan.recorded_on, episode.recorded_on)
    first = max(first_index(rule, plan, episode), grid.index_of(recorded_on))
    stop = None if episode.left_on is None else stop_date(rule, grid, episode.left_on)
    return tuple(
        period
        for period in grid.periods(first, horizon_index(grid, as_of))
        if period.end >= recorded_on and (stop is None or period.end < stop)
    )


def required_tasks(
    rule: Rule, plan: PlanTerms, episodes: Iterable[tuple[UUID, Episode]], as_of: date
) -> Iterator[RequiredTask]:
    """Yield the tasks that the plan's episodes need on ``as_of``, each episode's oldest first.

    Episodes of equal terms share one computation, so a bank's whole portfolio costs a few grids.
    """
    known: dict[Episode, tuple[Period, ...]] = {}
    for episode_id, episode in episodes:
        if episode not in known:
            known[episode] = required_periods(rule, plan, episode, as_of)
        for period in known[episode]:
            yield RequiredTask(
                episode_id=episode_id,
                period=period,
                due_on=period.end,
                window_end_on=period.end,
                is_first=period is known[episode][0],
            )


def history_credit(rule: Rule, first_period: Period) -> Period | None:
    """Return the days on which an earlier visit exempts the episode's first task; None without credit (§1.7)."""
    if rule.history_valid == 0:
        return None
    start = add_units(first_period.start, rule.history_unit, -rule.history_valid)
    return Period(start=start, end=first_period.start - _ONE_DAY)


def _next_index(rule: Rule, grid: Grid, joined_on: date) -> int:
    """Return the block that holds the next month's first day; of other windows the next one."""
    if rule.unit in _MONTH_UNITS and rule.window_mode is WindowMode.CALENDAR:
        return grid.index_of(add_months(first_of_month(joined_on), 1))
    return grid.index_of(joined_on) + 1


def _is_short_of_grace(rule: Rule, grid: Grid, joined_on: date) -> bool:
    """Tell whether fewer than ``first_grace_days`` days of the running period are left from ``joined_on`` on."""
    period = grid.period(grid.index_of(joined_on))
    return period is not None and (period.end - joined_on).days + 1 < rule.first_grace_days
