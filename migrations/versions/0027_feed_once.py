"""Write every change of the feed once, already numbered, and tell the version of what was deleted (sync.md §5).

A statement used to insert its changes without a number and the end of the transaction updated them all, which wrote
each row and its index entries twice. Now the statement leaves one row of arrays in ``feed_tick``, and that row's
deferred trigger takes the numbers and inserts the changes. The functions run in the schema that they were made in
(``SET search_path FROM CURRENT``), so that their statements are planned once for each connection.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger()
_XID = sa.text("(pg_current_xact_id()::text)::bigint")
_UNSTAMPED = "ix_sync_change_unstamped"

# Statement trigger of a synced table: arguments are the entity's name and its audience ('shared' or 'granted').
_CHANGED = """
CREATE OR REPLACE FUNCTION feed_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    ids uuid[];
    versions bigint[];
    holders uuid[];
    change text := CASE TG_OP WHEN 'DELETE' THEN 'del' ELSE 'put' END;
BEGIN
    SELECT array_agg(id), array_agg(version + 1) INTO ids, versions FROM changed;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_ARGV[1] = 'granted' THEN
        SELECT array_agg(g.user_id), array_agg(g.entity_id), array_agg(c.version) INTO holders, ids, versions
        FROM access_grant g JOIN unnest(ids, versions) AS c (id, version) ON c.id = g.entity_id
        WHERE g.entity = TG_ARGV[0] AND g.entity_id = ANY (ids);
    ELSE
        holders := array_fill(NULL::uuid, ARRAY[cardinality(ids)]);
    END IF;
    IF ids IS NOT NULL THEN
        INSERT INTO feed_tick (change, entities, audiences, ids, versions)
        VALUES (change, array_fill(TG_ARGV[0], ARRAY[cardinality(ids)]), holders, ids,
                CASE change WHEN 'del' THEN versions END);
    END IF;
    RETURN NULL;
END $$
"""

# Statement trigger of access_grant: who gains access receives the row, who loses it drops it. Whoever revokes may say
# why in the setting `xunji.reason`, for this statement only.
_GRANTED = """
CREATE OR REPLACE FUNCTION feed_granted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    why text := CASE TG_OP WHEN 'DELETE' THEN nullif(current_setting('xunji.reason', true), '') END;
BEGIN
    PERFORM set_config('xunji.reason', '', true);
    INSERT INTO feed_tick (change, entities, audiences, ids, reason)
    SELECT CASE TG_OP WHEN 'DELETE' THEN 'drop' ELSE 'put' END, array_agg(entity), array_agg(user_id),
           array_agg(entity_id), why
    FROM changed HAVING count(*) > 0;
    RETURN NULL;
END $$
"""

# Statement trigger of event: events are numbered in the same line as changes.
_RECORDED = """
CREATE OR REPLACE FUNCTION feed_recorded() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO feed_tick (ids) SELECT array_agg(id ORDER BY id) FROM changed HAVING count(*) > 0;
    RETURN NULL;
END $$
"""

# The last act of every transaction: numbers from the bank's only counter. Commit order is number order.
_STAMP = """
CREATE OR REPLACE FUNCTION feed_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    base bigint;
BEGIN
    UPDATE feed_counter SET value = value + cardinality(NEW.ids) RETURNING value - cardinality(NEW.ids) INTO base;
    IF NEW.change IS NULL THEN
        UPDATE event e SET number = base + f.n FROM unnest(NEW.ids) WITH ORDINALITY AS f (id, n) WHERE e.id = f.id;
    ELSE
        INSERT INTO sync_change (seq, change, reason, entity, audience, entity_id, version)
        SELECT base + f.n, NEW.change, NEW.reason, f.entity, f.audience, f.id, f.version
        FROM unnest(NEW.entities, NEW.audiences, NEW.ids, NEW.versions)
             WITH ORDINALITY AS f (entity, audience, id, version, n);
    END IF;
    RETURN NULL;
END $$
"""

_APPEND = """
CREATE FUNCTION feed_append(entity text, change text, holders uuid[], ids uuid[])
RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO feed_tick (change, entities, audiences, ids)
    SELECT change, array_fill(entity, ARRAY[cardinality(ids)]), holders, ids WHERE cardinality(ids) > 0;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in (("ids", sa.Uuid()), ("entities", sa.Text()), ("audiences", sa.Uuid()), ("versions", _BIG)):
        op.add_column("feed_tick", sa.Column(name, postgresql.ARRAY(kind)))
    op.add_column("feed_tick", sa.Column("change", sa.Text()))
    op.add_column("feed_tick", sa.Column("reason", sa.Text()))
    op.execute("DELETE FROM feed_tick")
    op.alter_column("feed_tick", "ids", nullable=False)
    op.execute("ALTER TABLE feed_tick SET (toast_tuple_target = 8160)")
    op.execute("DROP FUNCTION feed_append(text, text, text, uuid[], uuid[])")
    for function in (_APPEND, _CHANGED, _GRANTED, _RECORDED, _STAMP):
        op.execute(function)
    _number_events(" REFERENCING NEW TABLE AS changed")
    op.add_column("sync_change", sa.Column("version", sa.BigInteger()))
    op.alter_column("sync_change", "seq", nullable=False)
    op.drop_index("ix_sync_change_unstamped", "sync_change")
    op.drop_column("sync_change", "txid")
    op.drop_index("ix_event_unnumbered", "event")
    op.drop_column("event", "txid")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, index, number in (("event", "ix_event_unnumbered", "number"), ("sync_change", _UNSTAMPED, "seq")):
        op.add_column(table, sa.Column("txid", sa.BigInteger(), nullable=False, server_default=_XID))
        op.create_index(index, table, ["txid"], postgresql_where=sa.text(f"{number} IS NULL"))
    op.alter_column("sync_change", "seq", nullable=True)
    op.drop_column("sync_change", "version")
    op.execute("DROP FUNCTION feed_append(text, text, uuid[], uuid[])")
    for function in _former_functions():
        op.execute(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    _number_events()
    op.execute("ALTER TABLE feed_tick RESET (toast_tuple_target)")
    for column in ("reason", "change", "versions", "audiences", "entities", "ids"):
        op.drop_column("feed_tick", column)


def _number_events(transition: str = "") -> None:
    op.execute("DROP TRIGGER feed_recorded ON event")
    op.execute(
        f"CREATE TRIGGER feed_recorded AFTER INSERT ON event{transition}"
        " FOR EACH STATEMENT EXECUTE FUNCTION feed_recorded()"
    )


def _former_functions() -> list[str]:
    """Return the functions as the migrations before this one left them."""
    script = ScriptDirectory.from_config(context.config)
    first, upkeep = (vars(script.get_revision(number).module) for number in ("0001", "0021"))
    return [*(first[name] for name in ("_APPEND", "_CHANGED", "_TICK", "_STAMP")), upkeep["_GRANTED"]]
