"""Keyset pages: ``limit`` rows after an opaque cursor, so deep pages cost what the first one costs."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import tuple_

from inspection_api.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Label, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_INTEGER_BITS = 63


class CursorInvalid(Invalid):
    """The cursor is not one that this list gave out."""

    code = "cursor_invalid"
    title = "翻页游标无效"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """``items`` of one page; ``next_cursor`` is None on the last."""

    items: Sequence[T]
    next_cursor: str | None


def paginate(
    session: Session,
    statement: Select[T],
    *,
    by: Sequence[InstrumentedAttribute[Any] | Label[Any]],
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    newest_first: bool = False,
) -> Page[T]:
    """Return one page of ``statement``, ordered by the columns ``by`` (together unique, none null).

    A labelled expression among them is a member of what the statement gives, by the name of its label.

    ``newest_first`` turns the order of all of them.
    A statement of one entity gives its objects, one of several columns gives rows, whose names hold those of ``by``.

    Raises:
        CursorInvalid: the cursor was not made by this function for these columns.
    """
    if cursor is not None:
        here = tuple_(*_decoded(cursor, by))
        statement = statement.where(tuple_(*by) < here if newest_first else tuple_(*by) > here)
    order = [column.desc() for column in by] if newest_first else by
    rows = fetch(session, statement.order_by(*order).limit(limit + 1))
    more = len(rows) > limit
    return Page(items=rows[:limit], next_cursor=_encoded(rows[limit - 1], by) if more else None)


def fetch(session: Session, statement: Select[Any]) -> Sequence[Any]:
    """Return what a list holds: the objects of the one entity that it selects, else rows named by their columns."""
    found = session.execute(statement)
    return found.all() if len(statement.column_descriptions) > 1 else found.scalars().all()


def _encoded(row: object, by: Sequence[InstrumentedAttribute[Any] | Label[Any]]) -> str:
    values = [str(getattr(row, column.key)) for column in by]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _decoded(cursor: str, by: Sequence[InstrumentedAttribute[Any] | Label[Any]]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor))
        return [_parsed(value, column.type.python_type) for value, column in zip(values, by, strict=True)]
    except (binascii.Error, ValueError, TypeError, ArithmeticError, RecursionError):
        raise CursorInvalid(fields={"cursor": "不是本列表给出的游标"}) from None


def _parsed(value: Any, kind: type) -> Any:
    if not isinstance(value, str):
        raise TypeError
    if "\x00" in value:
        raise ValueError
    value.encode()
    parsed = kind.fromisoformat(value) if hasattr(kind, "fromisoformat") else kind(value)
    if isinstance(parsed, int) and parsed.bit_length() > _INTEGER_BITS:
        raise ValueError
    return parsed
