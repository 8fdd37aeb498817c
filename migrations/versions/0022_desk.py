"""Say where both values of a conflict came from and why it was decided, and remember which media were waived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    waived = sa.Column("media_waived", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("inspection", waived)
    op.add_column("sync_conflict", sa.Column("server_device_id", sa.Uuid(), nullable=True))
    op.add_column("sync_conflict", sa.Column("server_seq", sa.BigInteger(), nullable=True))
    op.add_column("sync_conflict", sa.Column("reason", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_sync_conflict_server_device_id"), "sync_conflict", "device", ["server_device_id"], ["id"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("reason", "server_seq", "server_device_id"):
        op.drop_column("sync_conflict", column)
    op.drop_column("inspection", "media_waived")
