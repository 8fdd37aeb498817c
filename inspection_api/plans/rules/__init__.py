"""From a rule to the tasks that must exist (domain.md §1.1-§1.8, §1.10), in pure functions.

A rule's versions, a plan, an episode of membership and a day go in; the required tasks come out. The same input gives
the same set, so generating once, five times a day or after ten days of downtime makes the same tasks.
"""

from __future__ import annotations

from inspection_api.plans.rules.edits import ensure_dates, ensure_exit_checks, ensure_org_type, switch_day
from inspection_api.plans.rules.exits import decide_outcome, exit_periods
from inspection_api.plans.rules.recomputing import Difference, Existing, difference
from inspection_api.plans.rules.required import (
    RequiredTask,
    history_credit,
    horizon,
    period_start,
    required_tasks,
    stop_of,
)
from inspection_api.plans.rules.terms import (
    Channel,
    DueRoll,
    Episode,
    Exit,
    ExitCheck,
    ExitRule,
    FirstRule,
    InspectionType,
    Kind,
    PlanTerms,
    Rule,
    Version,
)

__all__ = [
    "Channel",
    "Difference",
    "DueRoll",
    "Episode",
    "Existing",
    "Exit",
    "ExitCheck",
    "ExitRule",
    "FirstRule",
    "InspectionType",
    "Kind",
    "PlanTerms",
    "RequiredTask",
    "Rule",
    "Version",
    "decide_outcome",
    "difference",
    "ensure_dates",
    "ensure_exit_checks",
    "ensure_org_type",
    "exit_periods",
    "history_credit",
    "horizon",
    "period_start",
    "required_tasks",
    "stop_of",
    "switch_day",
]
