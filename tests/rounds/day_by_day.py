"""The rounds of a rule, found by walking through all days one by one: slow, and so plain that it must be right.

Written from domain.md §1.1-§1.6 and §1.10 alone. It shares no code with ``plans/rules`` or ``core/periods``: months and
weeks are counted here by hand. A *stretch* is a run of days that belong to one block of one version of the rule.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Form:
    """A rule's form as far as rounds depend on it, from ``since`` on (None: from the beginning)."""

    start: date
    unit: str
    interval: int
    anchored: bool
    first_rule: str
    grace_days: int
    exit_rule: str
    exit_interval: int
    exit_unit: str
    exit_count: int
    since: date | None = None


@dataclass(frozen=True)
class Stay:
    """A point's stay in a plan; ``exit_on`` with ``approved_on`` is an exit, ``moved_on`` a transfer away."""

    joined_on: date
    recorded_on: date
    exit_on: date | None = None
    approved_on: date | None = None
    moved_on: date | None = None


@dataclass(frozen=True)
class Plan:
    """A plan's days, and when it was recorded."""

    start: date
    end: date | None
    recorded_on: date


@dataclass(frozen=True)
class Stretch:
    """Days of one block of one version, both ends inclusive."""

    version: int
    start: date
    end: date


def months_later(day: date, months: int) -> date:
    """Return the day so many months later, or the last of that month."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def block_of(form: Form, day: date) -> int:
    """Return the number of the block of ``form``'s grid that holds ``day``, counted from its start."""
    if form.unit == "day":
        return (day - form.start).days // form.interval
    if form.anchored:
        return _anchored_block(form, day)
    if form.unit == "week":
        monday = form.start - timedelta(days=form.start.isoweekday() - 1)
        return (day - monday).days // (7 * form.interval)
    if form.unit == "year":
        return (day.year - form.start.year) // form.interval
    return ((day.year * 12 + day.month) - (form.start.year * 12 + form.start.month)) // form.interval


def _anchored_block(form: Form, day: date) -> int:
    if form.unit == "week":
        return (day - form.start).days // (7 * form.interval)
    months = form.interval * (12 if form.unit == "year" else 1)
    number = 0
    while months_later(form.start, (number + 1) * months) <= day:
        number += 1
    return number


def version_on(forms: list[Form], day: date) -> int:
    """Return the position of the form that is in force on ``day``."""
    return max(number for number, form in enumerate(forms) if form.since is None or form.since <= day)


def stretches(forms: list[Form], plan: Plan, last: date) -> list[Stretch]:
    """Return the plan's periods that begin by ``last``, walking day by day; the last one is whole."""
    day, found = max(plan.start, forms[0].start), []
    while plan.end is None or day <= plan.end:
        number = version_on(forms, day)
        key = (number, block_of(forms[number], day))
        if day > last and (not found or found[-1][0] != key):
            break
        found.append((key, day))
        day += DAY
    groups = [(key, [each for _, each in days]) for key, days in groupby(found, key=lambda item: item[0])]
    return [Stretch(version=number + 1, start=days[0], end=days[-1]) for (number, _), days in groups]


def look_ahead(forms: list[Form], plan: Plan, as_of: date) -> date:
    """Return the first day after ``as_of`` on which a period begins, as if the plan never ended."""
    open_plan = Plan(start=plan.start, end=None, recorded_on=plan.recorded_on)
    first = max(plan.start, forms[0].start)
    day = max(as_of + DAY, first)
    if day == first:
        return first
    while _key(forms, day) == _key(forms, day - DAY):
        day += DAY
    assert open_plan.end is None
    return day


def _key(forms: list[Form], day: date) -> tuple[int, int]:
    number = version_on(forms, day)
    return number, block_of(forms[number], day)


def first_day(forms: list[Form], plan: Plan, stay: Stay) -> date:
    """Return a day of the first period by 首巡开始规则 (§1.3, §1.4)."""
    opens = max(plan.start, forms[0].start)
    if stay.joined_on < plan.start:
        return opens
    joined_on = max(stay.joined_on, opens)
    form = forms[version_on(forms, joined_on)]
    in_months = form.unit in {"month", "year"} and not form.anchored
    if form.first_rule == "current" and days_left(forms, plan, joined_on) >= form.grace_days:
        return joined_on
    if form.first_rule == "next" and in_months:
        return months_later(joined_on.replace(day=1), 1)
    day = joined_on
    while block_of(form, day) == block_of(form, joined_on):
        day += DAY
    return day


def days_left(forms: list[Form], plan: Plan, day: date) -> int:
    """Return how many days of its period are left from ``day`` on, that day included; the plan's end cuts the last."""
    count, later = 0, day
    while _key(forms, later) == _key(forms, day) and (plan.end is None or later <= plan.end):
        count, later = count + 1, later + DAY
    return count


def stop_day(form: Form, exit_on: date) -> date:
    """Return S of §1.5."""
    if form.exit_rule == "current":
        return exit_on
    if form.unit in {"month", "year"}:
        return months_later(exit_on.replace(day=1), 1)
    day = exit_on
    while block_of(form, day) == block_of(form, exit_on):
        day += DAY
    return day


def rounds(forms: list[Form], plan: Plan, stay: Stay, as_of: date) -> set[tuple[str, int, date, date]]:
    """Return (kind, version, first day, last day) of every task that must exist on ``as_of``."""
    last = look_ahead(forms, plan, as_of)
    begin = first_day(forms, plan, stay)
    recorded_on = max(plan.recorded_on, stay.recorded_on)
    wanted = {
        ("regular", each.version, each.start, each.end)
        for each in stretches(forms, plan, last)
        if each.start <= last and each.end >= begin and each.end >= recorded_on and is_kept(forms, stay, each)
    }
    return wanted | set(exit_rounds(forms, plan, stay, last))


def is_kept(forms: list[Form], stay: Stay, stretch: Stretch) -> bool:
    """Tell whether a period is due although the point left: the table of §1.5, without rolled due days."""
    if stay.moved_on is not None:
        return stretch.end < stay.moved_on
    if stay.exit_on is None or stay.approved_on is None:
        return True
    form = forms[version_on(forms, max(stay.exit_on, forms[0].start))]
    overdue_before_exit = stretch.end < stay.exit_on
    due_before_approval = stretch.end < stay.approved_on
    return overdue_before_exit or due_before_approval or stretch.end < stop_day(form, stay.exit_on)


def exit_rounds(forms: list[Form], plan: Plan, stay: Stay, last: date) -> list[tuple[str, int, date, date]]:
    """Return the checks after an exit (§1.6) that begin by ``last`` and were not over when it was approved.

    Who left before the plan began owes it nothing.
    """
    if stay.exit_on is None or stay.approved_on is None or stay.exit_on < plan.start:
        return []
    number = version_on(forms, max(stay.exit_on, forms[0].start))
    form = forms[number]
    anchor = stay.exit_on if form.exit_rule == "current" else stop_day(form, stay.exit_on) - DAY
    found = []
    for each in range(1, form.exit_count + 1):
        start = _later(anchor, form, each - 1) + DAY
        end = _later(anchor, form, each)
        is_in_plan = plan.end is None or start <= plan.end
        if start <= last and end >= stay.approved_on and is_in_plan:
            found.append(("exit", number + 1, start, end))
    return found


def _later(anchor: date, form: Form, times: int) -> date:
    if form.exit_unit == "day":
        return anchor + timedelta(days=times * form.exit_interval)
    return months_later(anchor, times * form.exit_interval)
