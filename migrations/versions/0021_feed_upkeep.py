"""Let the feed forget: how far it reaches back, and why somebody lost a thing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Statement trigger of access_grant. Whoever revokes may say why in the setting `xunji.reason`, for this statement only.
_GRANTED = """
CREATE OR REPLACE FUNCTION feed_granted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change text := CASE TG_OP WHEN 'DELETE' THEN 'drop' ELSE 'put' END;
    why text := CASE TG_OP WHEN 'DELETE' THEN nullif(current_setting('xunji.reason', true), '') END;
    entities text[];
    holders uuid[];
    ids uuid[];
BEGIN
    PERFORM set_config('xunji.reason', '', true);
    SELECT array_agg(entity), array_agg(user_id), array_agg(entity_id) INTO entities, holders, ids FROM changed;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'INSERT INTO %I.sync_change (entity, audience, entity_id, change, reason)'
        ' SELECT *, $4, $5 FROM unnest($1, $2, $3)',
        TG_TABLE_SCHEMA) USING entities, holders, ids, change, why;
    EXECUTE format('INSERT INTO %I.feed_tick DEFAULT VALUES', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$
"""

_GRANTED_BEFORE = """
CREATE OR REPLACE FUNCTION feed_granted() RETURNS trigger LANGUAGE plpgsql AS $$
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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sync_epoch", sa.Column("horizon", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("sync_change", sa.Column("reason", sa.Text(), nullable=True))
    op.execute(_GRANTED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_GRANTED_BEFORE)
    op.drop_column("sync_change", "reason")
    op.drop_column("sync_epoch", "horizon")
