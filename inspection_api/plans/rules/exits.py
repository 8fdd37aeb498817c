"""What an exit does to tasks, and the checks after it (domain.md §1.5, §1.6)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from inspection_api.core.periods import Period, add_months, add_units, first_of_month
from inspection_api.plans.rules.terms import MONTH_UNITS, ExitRule, Rule

_ONE_DAY = timedelta(days=1)


class Outcome(StrEnum):
    """What becomes of an open task when its checkpoint leaves."""

    STAYS = "stays"
    CANCELLED = "cancelled"


def stop_date(rule: Rule, left_on: date, next_start: date) -> date:
    """Return S, from which on nothing is to be inspected after an exit effective on ``left_on`` (§1.5).

    ``next_start`` is the first day of the plan's first period after it.
    """
    if rule.exit_rule is ExitRule.CURRENT:
        return left_on
    return add_months(first_of_month(left_on), 1) if rule.unit in MONTH_UNITS else next_start


def decide_outcome(*, period_end: date, due_on: date, left_on: date, stops_on: date, approved_on: date) -> Outcome:
    """Decide on one open task by the table of §1.5.

    What was overdue before D stays overdue; a back-dated D never erases a task whose due day lies before the approval.
    """
    was_overdue = due_on < left_on or due_on < approved_on
    return Outcome.STAYS if was_overdue or period_end < stops_on else Outcome.CANCELLED


def exit_periods(rule: Rule, left_on: date, stops_on: date, exit_type: str) -> list[Period]:
    """Return the periods of the checks after an exit: the i-th ends i intervals after B (§1.6).

    B is D for 当月停止 and the day before S for 次月停止; months are counted from B itself, so clamping never drifts.
    """
    check = rule.exit_checks.get(exit_type, rule.exit_check)
    anchor = left_on if rule.exit_rule is ExitRule.CURRENT else stops_on - _ONE_DAY
    ends = [add_units(anchor, check.unit, check.interval * i) for i in range(check.count + 1)]
    return [Period(start=before + _ONE_DAY, end=end) for before, end in pairwise(ends)]
