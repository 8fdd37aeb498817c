"""What a kind of waiting thing is: its rows, who decides it, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, Uuid, cast, func, null
from sqlalchemy.dialects.postgresql import array

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.context import Context
    from inspection_api.core.permissions import Role
    from inspection_api.todos.rules import Decision, Foresight

    Rows = Select[*tuple[Any, ...]]
    Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row of the table (`inspection_api/waiting.py`).

    ``rows`` is the statement of all that waits in the bank, made of :func:`columns`; the queue adds the scope: the
    subtrees where the actor holds one of ``roles``, four eyes, and that nobody nearer decides it. ``decided_by_rule``:
    its rows are what the actor may decide, already; ``own_rows`` is then the statement of what he asked for himself,
    and ``deciders`` tells who decides it, by id. ``if_nothing`` holds the sentence of each code of ``foresee``.
    """

    code: str
    title: str
    roles: frozenset[Role]
    rows: Callable[[Context], Rows]
    foresee: Foresight
    if_nothing: Mapping[str, str]
    decisions: tuple[Decision, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    decided_by_rule: bool = False
    own_rows: Callable[[Context], Rows] | None = None
    deciders: Callable[[Context, Collection[UUID]], Mapping[UUID, Sequence[UUID]]] | None = None


_PEOPLE = ARRAY(Uuid())
_TYPES: dict[str, Any] = {
    "id": Uuid(),
    "organisation_id": Uuid(),
    "since": DateTime(timezone=True),
    "due": DateTime(timezone=True),
    "until": DateTime(timezone=True),
    "checkpoint_id": Uuid(),
    "customer_id": Uuid(),
    "inspection_id": Uuid(),
    "person_id": Uuid(),
    "note": Text(),
    "version": BigInteger(),
}


def columns(
    *, barred: list[Column] | None = None, group: Column | None = None, **given: Column
) -> list[ColumnElement[Any]]:
    """Return the columns of a kind's rows, in the one order that all kinds share.

    ``id``, ``organisation_id`` and ``since`` are needed. ``due`` is about when a decision is due, for the order of the
    list; ``person_id`` who brought it about; ``customer_id`` is needed where no checkpoint tells the enterprise.
    ``barred`` and the array ``group`` never decide it (NULL: nobody).
    """
    named = [cast(given.get(name, null()), kind).label(name) for name, kind in _TYPES.items()]
    people = cast(array(barred or []), _PEOPLE)
    everybody = people if group is None else func.array_cat(people, group, type_=_PEOPLE)
    return [*named, func.array_remove(everybody, null(), type_=_PEOPLE).label("barred")]
