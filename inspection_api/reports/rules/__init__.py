"""How figures are counted and add up, by which periods, and how months are closed."""

from __future__ import annotations

from inspection_api.reports.rules.closing import (
    ADJUSTED,
    FROZEN,
    Change,
    adjusted,
    ensure_over,
    ensure_reviewable,
)
from inspection_api.reports.rules.figures import (
    DUE_MEASURES,
    Counts,
    Coverage,
    Granularity,
    Measure,
    Rate,
    S,
    Sums,
    added_up,
    completion_of,
    ensure_distinct,
    ensure_window,
    first_day_of,
    label_of,
    months_of,
    split,
    subtree_total,
    total,
)

__all__ = [
    "ADJUSTED",
    "DUE_MEASURES",
    "FROZEN",
    "Change",
    "Counts",
    "Coverage",
    "Granularity",
    "Measure",
    "Rate",
    "S",
    "Sums",
    "added_up",
    "adjusted",
    "completion_of",
    "ensure_distinct",
    "ensure_over",
    "ensure_reviewable",
    "ensure_window",
    "first_day_of",
    "label_of",
    "months_of",
    "split",
    "subtree_total",
    "total",
]
