"""Which organisations a report is about: a row for each below the chosen one, and one for what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, literal, select

from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import Period
from inspection_api.reports import queries, rules

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from datetime import date
    from uuid import UUID

    from sqlalchemy import CTE, ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.context import Context
    from inspection_api.core.permissions import Permission


class Place(NamedTuple):
    """An organisation that has a row, or its own part of one."""

    organisation: Organisation
    own: bool

    @property
    def path(self) -> str:
        """Return the path by which `rows_of` names this row."""
        return self.organisation.path


def about(
    ctx: Context, organisation_id: UUID, start: date, end: date, permission: Permission = queries.READ
) -> tuple[Organisation, Period]:
    """Return the organisation and the window that a report or a list is about.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins, or nobody has figures of it.
    """
    window = Period(start=start, end=end)
    rules.ensure_window(window)
    return queries.get_readable(ctx, organisation_id, permission), window


def places(ctx: Context, parent: Organisation, found: Container[str | None]) -> Iterator[Place]:
    """Yield the rows of a report: the parent's own if its path is in ``found``, then its children."""
    if parent.path in found:
        yield Place(parent, own=True)
    yield from (Place(child, own=False) for child in queries.children_of(ctx, parent))


def rows_of(parent: Organisation) -> CTE:
    """Return the organisations at or below ``parent`` (``id``), each with the path of the row in which it counts.

    ``place`` is that of the child above it, or the parent's own. It is computed once for each organisation, not for
    each of a million visits.
    """
    below = func.substring(Organisation.path, len(parent.path) + 1)
    place = func.concat(literal(parent.path), func.substring(below, "^[^/]+/")).label("place")
    rows = select(Organisation.id, place).where(Organisation.path.startswith(parent.path))
    return rows.cte("row_of").prefix_with("MATERIALIZED")


def held_by(column: InstrumentedAttribute[UUID], parent: Organisation, *, own: bool) -> ColumnElement[bool]:
    """Return the condition that ``column`` (an organisation's id) is ``parent``, or lies below it unless ``own``."""
    if own:
        return column == parent.id
    return column.in_(select(Organisation.id).where(Organisation.path.startswith(parent.path)))
