"""Check the references of the tables that batches fill once per statement, and drop an index that nothing reads."""

from __future__ import annotations

from alembic import op

from inspection_api.core.references import PARENTS, REFUSE_DELETE, keep_rows, reference_triggers

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

CHECKED = {
    "media": {"owner_user_id": "user_account", "organisation_id": "organisation", "device_id": "device"},
    "inspection": {"officer_id": "user_account", "organisation_id": "organisation", "device_id": "device"},
    "sync_receipt": {"device_id": "device"},
    "access_grant": {"user_id": "user_account"},
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(REFUSE_DELETE)
    for parent in PARENTS:
        op.execute(keep_rows(parent))
    for table, parents in CHECKED.items():
        for column in parents:
            op.drop_constraint(op.f(f"fk_{table}_{column}"), table)
        for statement in reference_triggers(table, parents):
            op.execute(statement)
    op.drop_index("ix_media_organisation_id", "media")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_media_organisation_id", "media", ["organisation_id"])
    for table, parents in CHECKED.items():
        op.execute(f"DROP FUNCTION {table}_references CASCADE")
        for column, parent in parents.items():
            op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, parent, [column], ["id"])
    op.execute("DROP FUNCTION refuse_delete CASCADE")
