"""Date the gaps of devices, record numbers without a receipt, and let a bank say what a bad signature means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    instants = postgresql.ARRAY(sa.DateTime(timezone=True))
    op.add_column("sync_device", sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sync_device", sa.Column("gaps_since", instants, server_default=sa.text("'{}'"), nullable=False))
    op.execute("UPDATE sync_device SET gaps_since = array_fill(last_seen_at, ARRAY[cardinality(gaps)])")
    op.create_check_constraint(
        op.f("ck_sync_device_gaps_since_each"), "sync_device", "cardinality(gaps) = cardinality(gaps_since)"
    )
    op.create_table(
        "sync_number",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("op_id", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_number_device_id")),
        sa.ForeignKeyConstraint(["op_id"], ["sync_receipt.op_id"], name=op.f("fk_sync_number_op_id")),
        sa.PrimaryKeyConstraint("device_id", "seq", name=op.f("pk_sync_number")),
    )
    op.create_table(
        "sync_setting",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("bad_signature", sa.Text(), server_default=sa.text("'refuse'"), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_sync_setting_only_row")),
        sa.CheckConstraint("bad_signature IN ('refuse', 'flag')", name=op.f("ck_sync_setting_bad_signature_known")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_sync_setting")),
    )
    op.execute("INSERT INTO sync_setting (one) VALUES (true)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("sync_setting")
    op.drop_table("sync_number")
    op.drop_constraint(op.f("ck_sync_device_gaps_since_each"), "sync_device")
    op.drop_column("sync_device", "gaps_since")
    op.drop_column("sync_device", "reviewed_at")
