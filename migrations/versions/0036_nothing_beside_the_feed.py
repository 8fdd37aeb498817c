"""Let nothing pass by the feed: plates and places that change alone, and tables that are emptied (sync.md §5).

A device receives its checkpoints' plates and places as members of the checkpoint, whose row must change with them.
TRUNCATE fires no trigger with a transition table, so devices would hold for ever what is gone: it is refused.
"""

from __future__ import annotations

from alembic import op

from inspection_api.core.feed import truncate_trigger

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES = (
    "access_grant",
    "alert",
    "checkpoint",
    "customer",
    "event",
    "inspection",
    "inspection_comment",
    "loan",
    "paper_print",
    "task",
    "template",
    "template_version",
    "unlock_request",
    "visit_attempt",
)
# What of a row no device receives: it changes with every first scan, and the checkpoint must not.
PARTS = {"checkpoint_plate": "{first_scanned_at,revoked_at}", "checkpoint_location": "{}"}

_UNTRUNCATED = """
CREATE FUNCTION feed_untruncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'use DELETE FROM %: devices would never hear of a TRUNCATE', TG_TABLE_NAME;
END $$
"""

# Statement trigger of a checkpoint's parts; the argument names the columns that no device receives. A checkpoint that
# this transaction has written already is in the feed anyway, and is read when all is done (one that was written inside
# a savepoint bears another number, and is told twice).
_TOUCHED = """
CREATE FUNCTION checkpoint_touched() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    unseen text[] := TG_ARGV[0];
    ids uuid[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT checkpoint_id) INTO ids FROM (
            (SELECT checkpoint_id, to_jsonb(c) - unseen FROM changed c
             EXCEPT SELECT checkpoint_id, to_jsonb(f) - unseen FROM former f)
            UNION ALL
            (SELECT checkpoint_id, to_jsonb(f) - unseen FROM former f
             EXCEPT SELECT checkpoint_id, to_jsonb(c) - unseen FROM changed c)) differing;
    ELSE
        SELECT array_agg(DISTINCT checkpoint_id) INTO ids FROM changed;
    END IF;
    IF ids IS NOT NULL THEN
        UPDATE checkpoint SET name = name WHERE id = ANY (ids) AND xmin <> pg_current_xact_id()::xid;
    END IF;
    RETURN NULL;
END $$
"""
_SIDES = {
    "insert": "NEW TABLE AS changed",
    "update": "OLD TABLE AS former NEW TABLE AS changed",
    "delete": "OLD TABLE AS changed",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_UNTRUNCATED)
    for table in TABLES:
        op.execute(truncate_trigger(table))
    op.execute(_TOUCHED)
    for table, unseen in PARTS.items():
        for verb, sides in _SIDES.items():
            op.execute(
                f"CREATE TRIGGER {table}_touch_{verb} AFTER {verb.upper()} ON {table} REFERENCING {sides}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION checkpoint_touched('{unseen}')"
            )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION checkpoint_touched() CASCADE")
    op.execute("DROP FUNCTION feed_untruncated() CASCADE")
