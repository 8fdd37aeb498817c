"""The words of a rule, a plan and an episode, as values (domain.md §1.1, §1.3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.core.periods import Grid, Unit, WindowMode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

MONTH_UNITS = frozenset({Unit.MONTH, Unit.YEAR})
"""The units that the bank's words 当月 and 次月 are about; the others know only "this period" and "the next"."""


class InspectionType(StrEnum):
    """检查类型: 存量, 新增, 退出, 专项."""

    EXISTING = "existing"
    NEW = "new"
    EXIT = "exit"
    SPECIAL = "special"


class Kind(StrEnum):
    """Why a task exists: the rule's round, the checks after an exit, the first check of a new loan."""

    REGULAR = "regular"
    EXIT = "exit"
    INITIAL = "initial"


class FirstRule(StrEnum):
    """首巡开始规则: whether the month (or period) of joining is already inspected."""

    CURRENT = "current"
    NEXT = "next"


class ExitRule(StrEnum):
    """退出规则: whether inspection stops at the exit or with the month (or period) after it."""

    CURRENT = "current"
    NEXT = "next"


class DueRoll(StrEnum):
    """Where a due day that is no workday goes."""

    NONE = "none"
    PREVIOUS = "prev_workday"
    NEXT = "next_workday"


class Channel(StrEnum):
    """How a visit is made: 现场检查, 远程巡检, 企业自检."""

    ONSITE = "onsite"
    REMOTE = "remote"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCheck:
    """退出点检查: ``count`` checks after an exit, one in every ``interval`` ``unit``s (month or day; §1.6)."""

    interval: int = 0
    unit: Unit = Unit.MONTH
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The terms of a global rule (全局规则); the defaults are the form's bold values (domain.md §1.1).

    ``interval`` counts ``unit``s, ``history_valid`` counts ``history_unit``s (0 = no credit); ``end`` is inclusive,
    None is open. ``new_within_days`` is how long 新增 has after 放款; ``exit_checks`` override ``exit_check`` by the
    type of the exit; ``per_loan`` makes one task for each loan of the checkpoint. Only a visit in ``performing_role``
    counts (None: of anybody who may visit the checkpoint).
    """

    start: date
    end: date | None = None
    inspection_type: InspectionType = InspectionType.EXISTING
    unit: Unit = Unit.MONTH
    interval: int = 1
    window_mode: WindowMode = WindowMode.CALENDAR
    auto_join: bool = True
    auto_create_plan: bool = True
    first_rule: FirstRule = FirstRule.NEXT
    first_grace_days: int = 0
    exit_rule: ExitRule = ExitRule.CURRENT
    exit_check: ExitCheck = ExitCheck()
    exit_checks: Mapping[str, ExitCheck] = field(default_factory=dict, hash=False)
    history_valid: int = 1
    history_unit: Unit = Unit.MONTH
    due_roll: DueRoll = DueRoll.NONE
    makeup_days: int = 0
    min_gap_days: int = 0
    late_sync_hours: int = 72
    new_within_days: int = 15
    per_loan: bool = False
    performing_role: str | None = None
    channels: tuple[Channel, ...] = (Channel.ONSITE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The terms of a rule from the switch day ``since`` on (None: from its beginning), until the next version's."""

    number: int
    rule: Rule
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """The days of one plan and the day on which it was recorded."""

    start: date
    end: date | None
    recorded_on: date

    def seen_from(self, day: date | None) -> PlanTerms:
        """Return the plan as if it had been recorded by ``day``, from which its tasks are recomputed."""
        return self if day is None else replace(self, recorded_on=min(self.recorded_on, day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Why and from when an episode's checkpoint is exited; checks that were over when it was approved are not made.

    ``returned_on`` is the day on which its re-activation was recorded: checks due from then on are not made either.
    """

    exit_type: str
    approved_on: date
    returned_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One stay of a checkpoint in a plan.

    ``joined_on`` is the later of the point's effective date and its transfer; ``left_on`` is the exit's effective date
    D (then ``exit`` tells of it), or the day from which another plan, or none, holds the checkpoint. The join date J
    of §1.3 is ``joined_on``, but not before the plan's start.
    """

    joined_on: date
    recorded_on: date
    left_on: date | None = None
    exit: Exit | None = None


def grid_of(rule: Rule, plan: PlanTerms, since: date | None = None, until: date | None = None) -> Grid:
    """Return the periods of a plan under one version of its rule: the rule's grid, cut to the days of both."""
    ends = [day for day in (plan.end, until) if day is not None]
    return Grid(
        start=rule.start,
        end=min(ends) if ends else None,
        unit=rule.unit,
        interval=rule.interval,
        mode=rule.window_mode,
        opens=max(plan.start, since or plan.start),
    )
