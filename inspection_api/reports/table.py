"""The typed table that every report returns: JSON, drill-down, Excel and PDF come from it (architecture.md §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from inspection_api.reports.queries import READ
from inspection_api.reports.rules import S, subtree_total, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from marshmallow import Schema
    from sqlalchemy import Select
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.periods import Period
    from inspection_api.core.permissions import Permission
    from inspection_api.reports.rules import Rate

    Cell = Rate | Decimal | int | str | date | None


class Kind(StrEnum):
    """What stands in the cells of a column; an empty cell is shown as "—"."""

    RATE = "rate"
    COUNT = "count"
    AMOUNT = "amount"
    TEXT = "text"
    DATE = "date"


class Shape(StrEnum):
    """How a chart shows its columns: a bar per row, or a line through the rows."""

    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; ``numerator`` and ``denominator`` are the measures behind a rate, ``numerator`` alone that of a count.

    ``listing`` is the path of the list that is asked for a measure, with the table's ``drill``, then the row's, then
    the column's: that list is as long as the number in the cell.
    """

    key: str
    title: str
    kind: Kind = Kind.RATE
    numerator: str | None = None
    denominator: str | None = None
    listing: str | None = None
    drill: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row's cells by column key; its ``label`` is for people, ``key`` tells it from the other rows.

    ``drill`` is what the lists behind its numbers are asked. A row of an organisation has it; ``own`` is what it
    answers for itself, without the organisations below it.
    """

    label: str
    key: str
    cells: Mapping[str, Cell]
    organisation: Organisation | None = None
    own: bool = False
    drill: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, organisation: Organisation, cells: Mapping[str, Cell], *, own: bool = False, **drill: str) -> Row:
        """Return the row of an organisation, or of what it answers for itself; ``drill`` narrows it further."""
        asked = {"organisation_id": str(organisation.id), "own": str(own).lower(), **drill}
        label = f"{organisation.name}（本级）" if own else organisation.name
        key = "/".join(asked.values())
        return cls(label=label, key=key, cells=cells, organisation=organisation, own=own, drill=asked)


def days_of(window: Period) -> dict[str, str]:
    """Return what the lists behind numbers of ``window`` are asked."""
    return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def rows_by_place(
    parent: Organisation,
    children: Iterable[Organisation],
    parts: Mapping[str, S],
    cells: Callable[[S], Mapping[str, Cell]],
    nothing: S,
) -> tuple[tuple[Row, ...], Row]:
    """Return the rows of a parent's own part, if any, and of its children with all below them; and their sum.

    ``parts`` are the numbers of single organisations by path, ``nothing`` is what an organisation without any has.
    """
    own = [Row.of(parent, cells(parts[parent.path]), own=True)] if parent.path in parts else []
    below = [Row.of(child, cells(subtree_total(parts, child.path, nothing))) for child in children]
    return (*own, *below), Row.of(parent, cells(total(parts.values(), nothing)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The columns of numbers or rates that the printed report draws over its rows."""

    shape: Shape
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A report for ``window`` as of ``as_of``; ``headline`` is the key of the column that is shown first.

    ``heading`` is the title of the column of labels; ``notes`` say in Chinese what a reader must know.
    """

    code: str
    title: str
    window: Period
    as_of: datetime
    headline: str
    heading: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None
    chart: Chart | None = None
    notes: tuple[str, ...] = ()
    drill: Mapping[str, str] = field(default_factory=dict)


class Titled(NamedTuple):
    """A column of a list that people read."""

    key: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list behind the numbers of a report; ``path`` follows the report's own, ``by`` orders its pages.

    ``summed`` are the columns that hold amounts: a number that is a sum of money is the sum of one of them.
    """

    path: str
    summary: str
    query: type[Schema]
    out: type[Schema]
    by: tuple[InstrumentedAttribute[Any], ...]
    rows: Callable[..., Select[*tuple[Any, ...]]]
    summed: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Titled, ...]:
        """Return the columns that people read, in their order."""
        fields = self.out().fields
        return tuple(Titled(name, each.metadata["title"]) for name, each in fields.items() if "title" in each.metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A row of the catalogue: ``table`` takes the Context and what ``query`` reads, by keyword.

    Whoever has ``permission`` reads it and its lists, as far as his role reaches.
    """

    code: str
    title: str
    summary: str
    query: type[Schema]
    table: Callable[..., Table]
    lists: tuple[Listing, ...] = field(default=())
    permission: Permission = READ

    @property
    def path(self) -> str:
        """Return its endpoint below ``/api/v1``."""
        return f"/reports/{self.code}"
