"""Let no id be both a record's and an attempt's: media are declared under it, and count for whatever it is.

No index spans two tables. Whoever inserts an id waits for who inserts the same id into the other table (a lock on the
id until the transaction ends), and only then looks; triggers of either table's statements do that, so no writer can
forget.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ONE_ID_ONE_THING = """
CREATE FUNCTION one_id_one_thing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN
    SELECT array_agg(n.id ORDER BY n.id) INTO ids FROM changed n;
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_SCHEMA || each.id, 0)) FROM unnest(ids) AS each (id);
    IF EXISTS (SELECT FROM inspection i JOIN visit_attempt a ON a.id = i.id WHERE i.id = ANY (ids)) THEN
        RAISE unique_violation USING CONSTRAINT = 'one_id_one_thing', TABLE = TG_TABLE_NAME,
            MESSAGE = 'an id is both a record and an attempt';
    END IF;
    RETURN NULL;
END $$
"""
TABLES = ("inspection", "visit_attempt")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(ONE_ID_ONE_THING)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_one_id AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION one_id_one_thing()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_one_id ON {table}")
    op.execute("DROP FUNCTION one_id_one_thing()")
