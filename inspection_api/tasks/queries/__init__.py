"""Reads of the tasks slice: what an actor sees, what a visit may close, what a run has to make, whom campaigns find."""

from __future__ import annotations

from inspection_api.tasks.queries.campaigns import (
    OfficerCount,
    by_officer,
    campaigns_of,
    matching,
    missing,
    progress_of,
)
from inspection_api.tasks.queries.reading import (
    READ,
    LockedTask,
    PlanToRun,
    Stay,
    active_plans,
    attempts_among,
    attempts_of,
    is_overdue,
    lock_stays,
    lock_tasks,
    named_tasks,
    recomputes_of,
    tasks_of,
    visible_tasks,
    with_tasks,
)

__all__ = [
    "READ",
    "LockedTask",
    "OfficerCount",
    "PlanToRun",
    "Stay",
    "active_plans",
    "attempts_among",
    "attempts_of",
    "by_officer",
    "campaigns_of",
    "is_overdue",
    "lock_stays",
    "lock_tasks",
    "matching",
    "missing",
    "named_tasks",
    "progress_of",
    "recomputes_of",
    "tasks_of",
    "visible_tasks",
    "with_tasks",
]
