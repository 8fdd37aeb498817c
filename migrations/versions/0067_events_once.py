"""Write every event once, already numbered: its row comes into being with its number (sync.md §5).

The end of the transaction used to update all its events, which wrote each row and its index entries twice while the
feed's counter was held. Now they wait in ``feed_tick``, and the deferred trigger that takes the numbers inserts them,
and after them the deliveries that name them. Events that somebody inserts by hand are numbered as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

_STAMP = """
CREATE OR REPLACE FUNCTION feed_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    base bigint;
BEGIN
    UPDATE feed_counter SET value = value + cardinality(NEW.ids) RETURNING value - cardinality(NEW.ids) INTO base;
    IF NEW.events IS NOT NULL THEN
        INSERT INTO event (id, kind, actor_id, at, data, number)
        SELECT f.id, f.kind, f.actor_id, f.at, f.data, base + f.n
        FROM ROWS FROM (jsonb_to_recordset(NEW.events)
                        AS (id uuid, kind text, actor_id uuid, at timestamptz, data jsonb))
             WITH ORDINALITY AS f (id, kind, actor_id, at, data, n);
        INSERT INTO event_delivery (event_id, handler, next_attempt_at)
        SELECT d.event_id, d.handler, d.next_attempt_at
        FROM jsonb_to_recordset(NEW.deliveries) AS d (event_id uuid, handler text, next_attempt_at timestamptz);
    ELSIF NEW.change IS NULL THEN
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

_RECORDED = """
CREATE OR REPLACE FUNCTION feed_recorded() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO feed_tick (ids) SELECT array_agg(id ORDER BY id) FROM changed WHERE number IS NULL HAVING count(*) > 0;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("events", "deliveries"):
        op.add_column("feed_tick", sa.Column(column, postgresql.JSONB()))
    op.execute(_STAMP)
    op.execute(_RECORDED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in _former_functions():
        op.execute(function)
    for column in ("deliveries", "events"):
        op.drop_column("feed_tick", column)


def _former_functions() -> list[str]:
    """Return the functions as migration 0027 left them."""
    former = vars(ScriptDirectory.from_config(context.config).get_revision("0027").module)
    return [former["_STAMP"], former["_RECORDED"]]
