"""What a file comes to while its rows are decided: new things, changes, and faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspection_api.imports.rules.tables import Faults, Row, Table

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.imports.rules.known import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A customer that rows name, known or new in the same file."""

    id: UUID
    is_mine: bool
    organisation: str
    officer: str | None
    first_disbursed_on: date | None
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A checkpoint that rows name, known or new in the same file; ``since`` is when its customer came in."""

    id: UUID
    path: str
    since: date


@dataclass(slots=True)
class Decided:
    """What the rows of one table come to; ``updates`` are (id, all columns that a table may change)."""

    creates: list[dict[str, Any]] = field(default_factory=list)
    updates: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows are new, change something, or change nothing."""
        return {"created": len(self.creates), "updated": len(self.updates), "unchanged": self.unchanged}


@dataclass(slots=True)
class Decisions:
    """What a whole file comes to, and all that is wrong with it: ``faults`` is the caller's list of them."""

    facts: Facts
    faults: Faults
    by_table: dict[Table, Decided] = field(default_factory=lambda: {table: Decided() for table in Table})
    owners: dict[str, Owner | None] = field(default_factory=dict)
    loans: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    points: dict[str, Point | None] = field(default_factory=dict)
    visits: set[tuple[str, date, str]] = field(default_factory=set)

    def refuse(self, row: Row, name: str, code: str, message: str) -> None:
        """Note what is wrong with a value of a row."""
        self.faults.add(row.fault(name, code, message))
