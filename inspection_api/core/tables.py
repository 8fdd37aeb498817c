"""What all tables share: naming convention, column types, the version of synced rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    DateTime,
    Integer,
    MetaData,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from inspection_api.core.errors import PreconditionFailed
from inspection_api.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Cast, ColumnElement, Executable, Result
    from sqlalchemy.orm import InstrumentedAttribute, Session

V = TypeVar("V")

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base of every bank table: UTC instants, native UUIDs, JSONB objects."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        date: Date(),
        int: Integer(),
        str: Text(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text()),
    }


class Identified:
    """A primary key that the program gives (UUIDv7)."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Versioned:
    """A row that devices may hold: ``version`` rises with every update, by trigger, so nothing can forget it."""

    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), server_onupdate=text("version + 1"))


def among(column: ColumnElement[V] | InstrumentedAttribute[V], values: Iterable[V | str]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values`` (or of their texts), which travel as one array.

    The statement stays the same whatever their number, so it is compiled and prepared once; ``in_`` costs a parameter
    each (of a thousand ids: more than the rows).
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


def among_given(column: ColumnElement[V] | InstrumentedAttribute[V], name: str) -> ColumnElement[bool]:
    """Return the same condition with its values left open, as parameter ``name``, for a statement that is built once.

    Building a statement of a dozen columns costs as much as sending it.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def fetch(session: Session, statement: Executable, **values: Any) -> Result[*tuple[Any, ...]]:
    """Execute a statement that was built once, and returns columns and no mapped things, past the ORM.

    Its way costs as much again as everything else that a statement of fifty rows does in this process.
    """
    session.flush()
    return session.connection().execute(statement, values)


def as_text(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Cast[str]:
    """Return ``column`` as text, as PostgreSQL writes it."""
    return cast(column, Text)


def ensure_version(row: Versioned, version: int) -> None:
    """Refuse an edit that was based on another version; the caller holds the row's lock.

    Raises:
        PreconditionFailed: with ``current_version``.
    """
    if row.version != version:
        raise PreconditionFailed(current_version=row.version)
