"""Which tasks an episode needs on a day (domain.md §1.2-§1.6, §1.10.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from inspection_api.core.periods import Grid, Period, WindowMode, add_months, add_units, first_of_month
from inspection_api.plans.rules.exits import Outcome, decide_outcome, exit_periods, stop_date
from inspection_api.plans.rules.terms import (
    MONTH_UNITS,
    DueRoll,
    Episode,
    Exit,
    FirstRule,
    InspectionType,
    Kind,
    PlanTerms,
    Rule,
    Version,
    grid_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ONE_DAY = timedelta(days=1)
_WITH_ROUNDS = frozenset({InspectionType.EXISTING, InspectionType.SPECIAL})
_WITH_EXIT_CHECKS = frozenset({InspectionType.EXISTING, InspectionType.EXIT})


class Workdays(Protocol):
    """A calendar that knows where the next workday is; the day itself, if it is one."""

    def workday_at_or_after(self, day: date) -> date:
        """Return ``day`` or the first workday after it."""

    def workday_at_or_before(self, day: date) -> date:
        """Return ``day`` or the last workday before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredTask:
    """One task that must exist; ``due_on`` is the last day in time, ``window_end_on`` the last day that closes it.

    ``is_first`` marks the first task of the episode, the only one that a visit made before it may exempt (§1.7);
    ``version`` is the one whose terms made it.
    """

    kind: Kind
    version: int
    period: Period
    due_on: date
    window_end_on: date
    is_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """One version with its grid within a plan."""

    version: Version
    grid: Grid


def required_tasks(
    versions: Sequence[Version], plan: PlanTerms, episode: Episode, as_of: date, workdays: Workdays
) -> list[RequiredTask]:
    """Return the tasks of one episode whose periods begin by the `horizon` of ``as_of``, each kind oldest first.

    ``versions`` are by number. A period that ended before plan and episode were recorded gets none; one that passed
    during downtime does.
    """
    spans, last_start = _spans(versions, plan), horizon(versions, plan, as_of)
    tasks = [*_rounds(spans, plan, episode, last_start), *_first_check(spans, plan, episode)]
    rolled = [_rolled(task, versions, workdays) for task in tasks]
    stops_on = _stop_of(spans, episode)
    kept = [task for task in rolled if stops_on is None or _outlives(task, episode, stops_on)]
    checks = [_rolled(task, versions, workdays) for task in _exit_checks(spans, plan, episode)]
    owed = [check for check in checks if _is_owed(check, episode.exit)]
    return [task for task in (*kept, *owed) if task.period.start <= last_start]


def horizon(versions: Sequence[Version], plan: PlanTerms, as_of: date) -> date:
    """Return the first day of the plan's next period after ``as_of``, so that phones can prefetch (§1.10.1).

    It goes on behind the plan's end, where nothing but exits is left to happen.
    """
    return _following(_spans(versions, plan), as_of)


def period_start(versions: Sequence[Version], plan: PlanTerms, day: date) -> date:
    """Return the first day of the plan's period that holds ``day``; before the first period, that of the first."""
    grid = _span_at(_spans(versions, plan), day).grid
    return grid.first_day if day < grid.first_day else max(grid.boundary(grid.index_of(day)), grid.first_day)


def _following(spans: Sequence[_Span], day: date) -> date:
    """Return the first day of the first period that begins after ``day``: of the terms in force, or of later ones."""
    begins = [_next_start(_span_at(spans, day).grid, day), *(span.grid.first_day for span in spans)]
    return min(begin for begin in begins if begin > day)


def _next_start(grid: Grid, day: date) -> date:
    return grid.first_day if day < grid.first_day else grid.boundary(grid.index_of(day) + 1)


def _spans(versions: Sequence[Version], plan: PlanTerms) -> list[_Span]:
    """Return the versions with their days in the plan; one that was replaced before it began has none."""
    spans = [
        _Span(version=version, grid=grid_of(version.rule, plan, version.since, until))
        for version, until in zip(versions, _untils(versions, plan), strict=True)
    ]
    return [span for span in spans if span.grid.end is None or span.grid.first_day <= span.grid.end] or spans[-1:]


def _untils(versions: Sequence[Version], plan: PlanTerms) -> Iterator[date | None]:
    """Yield the last day of each version: before any later one, and not behind an end that its plan followed then.

    A recomputation begins before versions that it replaces (§1.10.3); they end before they begin.
    """
    follows = plan.end == versions[-1].rule.end
    for number, version in enumerate(versions[:-1], start=1):
        ends = [later.since - _ONE_DAY for later in versions[number:] if later.since]
        ends += [version.rule.end] if follows and version.rule.end else []
        yield min(ends, default=None)
    yield None


def _span_at(spans: Sequence[_Span], day: date) -> _Span:
    """Return the version in force on ``day``: the last that has begun, or the first."""
    return next((span for span in reversed(spans) if span.grid.first_day <= day), spans[0])


def _rounds(spans: Sequence[_Span], plan: PlanTerms, episode: Episode, last_start: date) -> Iterator[RequiredTask]:
    """Yield the rule's own rounds from the first period by 首巡开始规则 on, as if nobody ever left."""
    begin = max(_first_start(spans, plan, episode), plan.recorded_on, episode.recorded_on)
    is_first = True
    for span in spans:
        if span.version.rule.inspection_type in _WITH_ROUNDS:
            for period in _periods(span.grid, begin, last_start):
                yield _task(Kind.REGULAR, span, period, is_first=is_first)
                is_first = False


def _outlives(task: RequiredTask, episode: Episode, stops_on: date) -> bool:
    """Tell whether a task is required although its point left: as an open task would outlive the exit (§1.5)."""
    if episode.left_on is None or episode.exit is None:
        return task.period.end < stops_on
    outcome = decide_outcome(
        period_end=task.period.end,
        due_on=task.due_on,
        left_on=episode.left_on,
        stops_on=stops_on,
        approved_on=episode.exit.approved_on,
    )
    return outcome is Outcome.STAYS


def _periods(grid: Grid, begin: date, last_start: date) -> Iterator[Period]:
    """Yield the periods of ``grid`` from the one that holds ``begin`` to the one that begins by ``last_start``."""
    begin = max(begin, grid.first_day)
    for period in grid.periods(grid.index_of(begin), grid.index_of(max(begin, last_start))):
        if begin <= period.end and period.start <= last_start:
            yield period


def _first_start(spans: Sequence[_Span], plan: PlanTerms, episode: Episode) -> date:
    """Return a day of the episode's first period: the one that 首巡开始规则 names (§1.3, §1.4).

    A point in force before the plan began is not shifted: it starts with the plan's first period. Nor is one that came
    behind a rule's end: it is due as soon as an edit lets the rule go on.
    """
    joined_on = max(episode.joined_on, plan.start)
    span = _span_at(spans, joined_on)
    rule, grid = span.version.rule, span.grid
    if episode.joined_on < plan.start:
        return grid.first_day
    if grid.end is not None and joined_on > grid.end:
        return joined_on
    if rule.first_rule is FirstRule.NEXT and rule.unit in MONTH_UNITS and rule.window_mode is WindowMode.CALENDAR:
        return max(add_months(first_of_month(joined_on), 1), grid.first_day)
    if rule.first_rule is FirstRule.NEXT or _is_short_of_grace(rule, grid, joined_on):
        return _following(spans, joined_on)
    return max(joined_on, grid.first_day)


def _is_short_of_grace(rule: Rule, grid: Grid, joined_on: date) -> bool:
    """Tell whether fewer than ``first_grace_days`` days of the running period are left from ``joined_on`` on."""
    period = grid.period(grid.index_of(joined_on))
    return period is not None and (period.end - joined_on).days + 1 < rule.first_grace_days


def stop_of(versions: Sequence[Version], plan: PlanTerms, left_on: date) -> date:
    """Return S of an exit effective on ``left_on``, by the version in force on that day (§1.5)."""
    return _stop_on(_spans(versions, plan), left_on)


def _stop_on(spans: Sequence[_Span], left_on: date) -> date:
    return stop_date(_span_at(spans, left_on).version.rule, left_on, _following(spans, left_on))


def _stop_of(spans: Sequence[_Span], episode: Episode) -> date | None:
    """Return the day on which rounds stop: S of an exit, or the day on which another plan took over."""
    if episode.left_on is None or episode.exit is None:
        return episode.left_on
    return _stop_on(spans, episode.left_on)


def _first_check(spans: Sequence[_Span], plan: PlanTerms, episode: Episode) -> Iterator[RequiredTask]:
    """Yield 新增: one check within ``new_within_days`` of 放款, for points that came after the plan began."""
    span = _span_at(spans, episode.joined_on)
    rule = span.version.rule
    if rule.inspection_type is not InspectionType.NEW or episode.joined_on < plan.start:
        return
    period = Period(start=episode.joined_on, end=episode.joined_on + timedelta(days=rule.new_within_days))
    is_over = period.end < max(plan.recorded_on, episode.recorded_on)
    has_ended = plan.end is not None and period.start > plan.end
    if not is_over and not has_ended:
        yield _task(Kind.INITIAL, span, period, is_first=True)


def _exit_checks(spans: Sequence[_Span], plan: PlanTerms, episode: Episode) -> Iterator[RequiredTask]:
    """Yield the checks after an exit within the plan's days that were not over when it was approved."""
    if episode.left_on is None or episode.exit is None or episode.left_on < plan.start:
        return
    span = _span_at(spans, episode.left_on)
    if span.version.rule.inspection_type not in _WITH_EXIT_CHECKS:
        return
    stops_on = _stop_on(spans, episode.left_on)
    for period in exit_periods(span.version.rule, episode.left_on, stops_on, episode.exit.exit_type):
        has_ended = plan.end is not None and period.start > plan.end
        if period.end >= episode.exit.approved_on and not has_ended:
            yield _task(Kind.EXIT, span, period)


def _is_owed(check: RequiredTask, left: Exit | None) -> bool:
    """Tell whether a check was due before the return, which cancels the remaining ones (§1.6)."""
    return left is None or left.returned_on is None or check.due_on < left.returned_on


def _task(kind: Kind, span: _Span, period: Period, *, is_first: bool = False) -> RequiredTask:
    return RequiredTask(
        kind=kind,
        version=span.version.number,
        period=period,
        due_on=period.end,
        window_end_on=period.end,
        is_first=is_first,
    )


def _rolled(task: RequiredTask, versions: Sequence[Version], workdays: Workdays) -> RequiredTask:
    """Return the task with its due day on a workday, if its version says so.

    The window never ends before the period, and a period without a workday is not due before it begins.
    """
    rule = next(version.rule for version in versions if version.number == task.version)
    if rule.due_roll is DueRoll.NONE:
        return task
    end = task.period.end
    due_on = workdays.workday_at_or_after(end) if rule.due_roll is DueRoll.NEXT else workdays.workday_at_or_before(end)
    return replace(task, due_on=max(due_on, task.period.start), window_end_on=max(end, due_on))


def history_credit(rule: Rule, first_period: Period) -> Period | None:
    """Return the days on which an earlier visit exempts the episode's first task; None without credit (§1.7)."""
    if rule.history_valid == 0:
        return None
    start = add_units(first_period.start, rule.history_unit, -rule.history_valid)
    return Period(start=start, end=first_period.start - _ONE_DAY)
