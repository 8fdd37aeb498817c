"""Everything that waits for a superior's decision, on one page: the kinds of the queue, in the order of its counts.

A further kind is one row here: a statement, a few sentences, and the endpoints that decide (`todos/queries/kind.py`).
It stands above the slices because some kinds are theirs: the queue imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.todos.queries import alerting, field, office, papers
from sync.service.desk import waiting as desk

if TYPE_CHECKING:
    from inspection_api.todos.queries.kind import Kind

KINDS: tuple[Kind, ...] = (
    papers.UNLOCKS,
    papers.VOIDS,
    papers.OPINIONS,
    *alerting.ALERTS,
    desk.QUARANTINE,
    desk.AMENDMENTS,
    desk.CONFLICTS,
    field.BINDINGS,
    field.EXITS,
    field.PROPOSALS,
    field.DEVICES,
    office.RECOMPUTES,
    office.TEMPLATES,
)
