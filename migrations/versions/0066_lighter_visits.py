"""Check once per statement what visits and receipts name, where the parents are never deleted (ADR 0013)."""

from __future__ import annotations

from alembic import op

from inspection_api.core.references import keep_rows, reference_function

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

FORMER = {
    "inspection": {"officer_id": "user_account", "organisation_id": "organisation", "device_id": "device"},
    "sync_receipt": {"device_id": "device"},
}
ADDED = {
    "inspection": {"checkpoint_id": "checkpoint", "customer_id": "customer"},
    "sync_receipt": {"batch_id": "sync_batch"},
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(keep_rows("sync_batch"))
    for table, parents in ADDED.items():
        op.execute(reference_function(table, FORMER[table] | parents))
        for column in parents:
            op.drop_constraint(op.f(f"fk_{table}_{column}"), table)


def downgrade() -> None:
    """Take it back; the foreign keys look through the whole tables while these take no writes."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, parents in ADDED.items():
        for column, parent in parents.items():
            op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, parent, [column], ["id"])
        op.execute(reference_function(table, FORMER[table]))
    op.execute("DROP TRIGGER sync_batch_kept ON sync_batch")
