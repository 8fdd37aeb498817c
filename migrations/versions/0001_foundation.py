"""Create the events, the outbox and the commit-safe change feed (sync.md §5)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_XID = sa.text("(pg_current_xact_id()::text)::bigint")

# A row's version rises with every update, whoever writes it.
_BUMP = """
CREATE FUNCTION bump_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$
"""

# Statement trigger of a synced table: arguments are the entity's name and its audience ('shared' or 'granted').
# Ids go through arrays and the schema comes from the trigger, so that the same text runs in a distributed schema.
_CHANGED = """
CREATE FUNCTION feed_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
    holders uuid[];
    change text := CASE TG_OP WHEN 'DELETE' THEN 'del' ELSE 'put' END;
BEGIN
    SELECT array_agg(id) INTO ids FROM changed;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_ARGV[1] = 'granted' THEN
        EXECUTE format(
            'SELECT array_agg(user_id), array_agg(entity_id) FROM %I.access_grant'
            ' WHERE entity = $1 AND entity_id = ANY ($2)',
            TG_TABLE_SCHEMA) INTO holders, ids USING TG_ARGV[0], ids;
    ELSE
        holders := array_fill(NULL::uuid, ARRAY[cardinality(ids)]);
    END IF;
    EXECUTE format('SELECT %I.feed_append($1, $2, $3, $4, $5)', TG_TABLE_SCHEMA)
        USING TG_TABLE_SCHEMA::text, TG_ARGV[0], change, holders, ids;
    RETURN NULL;
END $$
"""

# Statement trigger of access_grant: who gains access receives the row, who loses it drops it.
_GRANTED = """
CREATE FUNCTION feed_granted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change text := CASE TG_OP WHEN 'DELETE' THEN 'drop' ELSE 'put' END;
    entities text[];
    holders uuid[];
    ids uuid[];
BEGIN
    SELECT array_agg(entity), array_agg(user_id), array_agg(entity_id) INTO entities, holders, ids FROM changed;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'INSERT INTO %I.sync_change (entity, audience, entity_id, change) SELECT *, $4 FROM unnest($1, $2, $3)',
        TG_TABLE_SCHEMA) USING entities, holders, ids, change;
    EXECUTE format('INSERT INTO %I.feed_tick DEFAULT VALUES', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$
"""

_TICK = """
CREATE FUNCTION feed_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %I.feed_tick DEFAULT VALUES', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$
"""

# The last act of every transaction: one block of numbers from the bank's only counter. Commit order is number order.
_STAMP = """
CREATE FUNCTION feed_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mine bigint := (pg_current_xact_id()::text)::bigint;
    places tid[];
    event_places tid[];
    amount bigint;
    base bigint;
BEGIN
    EXECUTE format('SELECT array_agg(ctid) FROM %I.sync_change WHERE txid = $1 AND seq IS NULL', TG_TABLE_SCHEMA)
        INTO places USING mine;
    EXECUTE format(
        'SELECT array_agg(ctid ORDER BY id) FROM %I.event WHERE txid = $1 AND number IS NULL', TG_TABLE_SCHEMA)
        INTO event_places USING mine;
    amount := coalesce(cardinality(places), 0) + coalesce(cardinality(event_places), 0);
    IF amount = 0 THEN
        RETURN NULL;
    END IF;
    EXECUTE format('UPDATE %I.feed_counter SET value = value + $1 RETURNING value - $1', TG_TABLE_SCHEMA)
        INTO base USING amount;
    EXECUTE format(
        'UPDATE %I.sync_change c SET seq = $1 + f.n FROM unnest($2) WITH ORDINALITY f (place, n)'
        ' WHERE c.ctid = f.place',
        TG_TABLE_SCHEMA) USING base, places;
    EXECUTE format(
        'UPDATE %I.event e SET number = $1 + f.n FROM unnest($2) WITH ORDINALITY f (place, n) WHERE e.ctid = f.place',
        TG_TABLE_SCHEMA) USING base + coalesce(cardinality(places), 0), event_places;
    RETURN NULL;
END $$
"""

_APPEND = """
CREATE FUNCTION feed_append(bank_schema text, entity text, change text, holders uuid[], ids uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF ids IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'INSERT INTO %I.sync_change (entity, change, audience, entity_id) SELECT $1, $2, * FROM unnest($3, $4)',
        bank_schema) USING entity, change, holders, ids;
    EXECUTE format('INSERT INTO %I.feed_tick DEFAULT VALUES', bank_schema);
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_events()
    _create_feed()
    for function in (_BUMP, _APPEND, _CHANGED, _GRANTED, _TICK, _STAMP):
        op.execute(function)
    op.execute(
        "CREATE CONSTRAINT TRIGGER feed_stamp AFTER INSERT ON feed_tick"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION feed_stamp()"
    )
    op.execute("CREATE TRIGGER feed_recorded AFTER INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION feed_recorded()")


def _create_events() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("number", sa.BigInteger()),
        sa.Column("txid", sa.BigInteger(), nullable=False, server_default=_XID),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_number", "event", ["number"], unique=True)
    op.create_index("ix_event_unnumbered", "event", ["txid"], postgresql_where=sa.text("number IS NULL"))
    op.create_index("ix_event_kind_number", "event", ["kind", "number"])
    op.create_table(
        "event_delivery",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("event_id", "handler", name="pk_event_delivery"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_delivery_event_id"),
    )
    op.create_index(
        "ix_event_delivery_open", "event_delivery", ["next_attempt_at"], postgresql_where=sa.text("done_at IS NULL")
    )


def _create_feed() -> None:
    op.create_table(
        "sync_change",
        sa.Column("seq", sa.BigInteger()),
        sa.Column("audience", sa.Uuid()),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False, server_default=_XID),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("change IN ('put', 'del', 'drop')", name=op.f("ck_sync_change_change_known")),
    )
    op.create_index("ix_sync_change_unstamped", "sync_change", ["txid"], postgresql_where=sa.text("seq IS NULL"))
    op.create_index("ix_sync_change_audience_seq", "sync_change", ["audience", "seq"])
    op.create_table(
        "feed_tick",
        sa.Column("txid", sa.BigInteger(), nullable=False, server_default=_XID),
    )
    op.execute("CREATE TABLE feed_counter (one boolean NOT NULL, value bigint NOT NULL) WITH (fillfactor = 10)")
    op.create_primary_key("pk_feed_counter", "feed_counter", ["one"])
    op.create_check_constraint(op.f("ck_feed_counter_only_row"), "feed_counter", "one")
    op.execute("INSERT INTO feed_counter VALUES (true, 0)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("feed_tick", "event_delivery", "event", "sync_change", "feed_counter"):
        op.drop_table(table)
    for function in (
        "feed_append(text, text, text, uuid[], uuid[])",
        "feed_changed()",
        "feed_granted()",
        "feed_recorded()",
        "feed_stamp()",
        "bump_version()",
    ):
        op.execute(f"DROP FUNCTION {function}")
