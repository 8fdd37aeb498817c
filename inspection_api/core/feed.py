"""The change feed's tables and how a synced table joins it (sync.md §5).

A row of ``sync_change`` says that an entity changed for somebody (``audience`` is a user, NULL the whole bank).
Statement triggers leave what changed in ``feed_tick``; its deferred trigger takes numbers from the bank's single
counter as the last act of the transaction and writes the changes, so no reader with a cursor can ever skip a row that
commits late. A row of ``feed_tick`` without ``change`` numbers events: those that it brings (``events``, with their
``deliveries``), or those that somebody inserted by hand. ``version`` is told of deletions only.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from inspection_api.core.tables import Base

_XID = text("(pg_current_xact_id()::text)::bigint")

sync_change = Table(
    "sync_change",
    Base.metadata,
    Column("seq", BigInteger, nullable=False),
    Column("audience", Uuid),
    Column("entity", Text, nullable=False),
    Column("entity_id", Uuid, nullable=False),
    Column("change", Text, nullable=False),
    Column("version", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("reason", Text),
    CheckConstraint("change IN ('put', 'del', 'drop')", name="change_known"),
    Index("ix_sync_change_audience_seq", "audience", "seq"),
)

feed_tick = Table(
    "feed_tick",
    Base.metadata,
    Column("txid", BigInteger, nullable=False, server_default=_XID),
    Column("change", Text),
    Column("entities", ARRAY(Text)),
    Column("audiences", ARRAY(Uuid)),
    Column("ids", ARRAY(Uuid), nullable=False),
    Column("versions", ARRAY(BigInteger)),
    Column("reason", Text),
    Column("events", JSONB),
    Column("deliveries", JSONB),
)

feed_counter = Table(
    "feed_counter",
    Base.metadata,
    Column("one", Boolean, primary_key=True),
    Column("value", BigInteger, nullable=False),
    CheckConstraint("one", name="only_row"),
)


def version_trigger(table: str) -> str:
    """Return the statement that makes ``version`` of ``table`` rise with every update."""
    return f"CREATE TRIGGER {table}_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION bump_version()"


def sync_triggers(table: str, entity: str, *, shared: bool = False) -> list[str]:
    """Return the statements that put ``table`` (columns ``id`` and ``version``) into the feed as ``entity``.

    ``shared`` rows go to the whole bank; the others to whoever holds an ``access_grant`` on them. Used by migrations.
    """
    audience = "shared" if shared else "granted"
    return [version_trigger(table), *statement_triggers(table, f"feed_changed('{entity}', '{audience}')")]


def statement_triggers(table: str, function: str) -> list[str]:
    """Return the three statement triggers (a trigger with a transition table serves one kind of statement only)."""
    return [
        f"CREATE TRIGGER {table}_feed_{verb.lower()} AFTER {verb} ON {table}"
        f" REFERENCING {side} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        for verb, side in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    ]


def dropped_triggers(table: str) -> list[str]:
    """Return the statements that undo :func:`sync_triggers`; used by migrations that are taken back."""
    names = ("version", "feed_insert", "feed_update", "feed_delete")
    return [f"DROP TRIGGER {table}_{name} ON {table}" for name in names]


def truncate_trigger(table: str) -> str:
    """Return the statement that refuses TRUNCATE of ``table``, which no device would ever hear of."""
    return (
        f"CREATE TRIGGER {table}_feed_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION feed_untruncated()"
    )
