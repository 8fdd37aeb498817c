"""What the bank knows already of that which a table names, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An organisation in which the actor may take things in."""

    id: UUID
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can log in, with the roles that he holds today."""

    id: UUID
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A customer, a loan or a checkpoint that the bank has; ``is_mine`` tells whether the actor may change it.

    ``values`` are named like the table's columns; a customer's also has ``first_disbursed_on`` of its loans.
    """

    id: UUID
    is_mine: bool
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the rows name, by the word by which they name it; ``today`` is the day of the import.

    ``approving`` are the paths below which the actor approves exits, and so back-dated first days. ``families`` are the
    templates' by their codes; ``visits`` are what earlier imports brought: checkpoint's code, day, family.
    """

    today: date
    approving: tuple[str, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    customers: dict[str, Known] = field(default_factory=dict)
    loans: dict[str, Known] = field(default_factory=dict)
    checkpoints: dict[str, Known] = field(default_factory=dict)
    families: dict[str, str] = field(default_factory=dict)
    visits: frozenset[tuple[str, date, str]] = frozenset()
