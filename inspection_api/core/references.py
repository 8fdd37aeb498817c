"""References that are checked once per statement, for tables that take hundreds of rows at a time.

A foreign key looks up and locks its parent once per row. In a batch of 50 visits that was a third of the time of the
media's insert, and batches of one organisation queued for the same parent's row lock. Here one trigger per statement
looks for the distinct parents, without locks. That is sound because these parents are never deleted: they refuse it.
"""

from __future__ import annotations

_CHECK_ROW = """
    IF NEW.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = NEW.{column}) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'fk_{table}_{column}', TABLE = '{table}',
            MESSAGE = '{table}.{column} names no {parent}';
    END IF;"""

_ROW_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_references_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{checks}
    RETURN NULL;
END $$
"""

PARENTS = ("device", "organisation", "user_account")
"""Tables whose rows are disabled, revoked or closed, but never deleted."""

REFUSE_DELETE = """
CREATE FUNCTION refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = TG_TABLE_NAME || ' rows are never deleted', TABLE = TG_TABLE_NAME;
END $$
"""

_CHECK = """
    SELECT array_agg(DISTINCT n.{column}) INTO ids FROM changed n WHERE n.{column} IS NOT NULL;
    IF (SELECT count(*) FROM {parent} p WHERE p.id = ANY (ids)) < cardinality(ids) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'fk_{table}_{column}', TABLE = '{table}',
            MESSAGE = '{table}.{column} names no {parent}';
    END IF;"""

_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_references() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN{checks}
    RETURN NULL;
END $$
"""

_TRIGGER = (
    "CREATE TRIGGER {table}_references_{event} AFTER {event} ON {table} REFERENCING NEW TABLE AS changed"
    " FOR EACH STATEMENT EXECUTE FUNCTION {table}_references()"
)


def keep_rows(parent: str) -> str:
    """Return the statement that makes ``parent`` refuse DELETE."""
    return f"CREATE TRIGGER {parent}_kept BEFORE DELETE ON {parent} FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete()"


def reference_triggers(table: str, parents: dict[str, str]) -> list[str]:
    """Return the statements that check ``parents`` (column to table, both UUIDs) after every insert and update."""
    triggers = [_TRIGGER.format(table=table, event=event) for event in ("insert", "update")]
    return [reference_function(table, parents), *triggers]


def reference_function(table: str, parents: dict[str, str]) -> str:
    """Return the statement that makes, or changes, the function of these triggers."""
    checks = "".join(_CHECK.format(table=table, column=column, parent=parent) for column, parent in parents.items())
    return _FUNCTION.format(table=table, checks=checks)


def rare_update_triggers(table: str, parents: dict[str, str]) -> list[str]:
    """Return the same for a table that is often updated, but seldom in these columns: only then a row is checked."""
    insert = reference_triggers(table, parents)[:2]
    checks = "".join(_CHECK_ROW.format(table=table, column=column, parent=parent) for column, parent in parents.items())
    columns = ", ".join(parents)
    update = (
        f"CREATE TRIGGER {table}_references_update AFTER UPDATE OF {columns} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_references_row()"
    )
    return [*insert, _ROW_FUNCTION.format(table=table, checks=checks), update]
