"""The typed table that every report returns: JSON, drill-down and exports come from it (architecture.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.periods import Period
    from inspection_api.reports.rules import Measure, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A rate; the two measures are the names of the lists behind its numerator and denominator."""

    key: str
    title: str
    numerator: Measure
    denominator: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One organisation's rates; ``own`` is what it answers for itself, without the organisations below it."""

    organisation: Organisation
    own: bool
    cells: Mapping[str, Rate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A report for ``window`` as of ``as_of``; ``headline`` is the key of the column that is shown first."""

    code: str
    title: str
    window: Period
    as_of: datetime
    headline: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row
