"""Create the tables of sync."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "sync_epoch",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_sync_epoch_only_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_sync_epoch")),
    )
    op.create_table(
        "sync_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_batch_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_batch")),
    )
    op.create_index(op.f("ix_sync_batch_device_id"), "sync_batch", ["device_id"], unique=False)
    op.create_table(
        "sync_device",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("next_seq", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("gaps", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("app", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_device_device_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_sync_device")),
    )
    op.create_table(
        "sync_sample",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("server_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=True),
        sa.Column("mono_ms", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_sample_device_id")),
        sa.PrimaryKeyConstraint("device_id", "server_time", name=op.f("pk_sync_sample")),
    )
    op.create_index("ix_sync_sample_device_id_server_time", "sync_sample", ["device_id", "server_time"], unique=False)
    op.create_table(
        "sync_receipt",
        sa.Column("op_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('held', 'parked')) = (raw IS NOT NULL)", name=op.f("ck_sync_receipt_unsettled_keeps_bytes")
        ),
        sa.CheckConstraint(
            "status IN ('applied', 'merged', 'conflict', 'extra', 'superseded', 'quarantined', 'rejected', 'held',"
            " 'parked')",
            name=op.f("ck_sync_receipt_status_known"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["sync_batch.id"], name=op.f("fk_sync_receipt_batch_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_receipt_device_id")),
        sa.PrimaryKeyConstraint("op_id", name=op.f("pk_sync_receipt")),
        sa.UniqueConstraint("device_id", "seq", name=op.f("uq_sync_receipt_device_id_seq")),
    )
    op.create_index(
        "ix_sync_receipt_unsettled",
        "sync_receipt",
        ["device_id"],
        unique=False,
        postgresql_where=sa.text("raw IS NOT NULL"),
    )
    op.create_table(
        "sync_conflict",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("op_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("server", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("device", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_sync_conflict_state_known")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_sync_conflict_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_conflict")),
    )
    op.create_index(op.f("ix_sync_conflict_inspection_id"), "sync_conflict", ["inspection_id"], unique=False)
    op.execute("INSERT INTO sync_epoch (one, epoch) VALUES (true, gen_random_uuid())")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("sync_conflict")
    op.drop_table("sync_receipt")
    op.drop_table("sync_sample")
    op.drop_table("sync_device")
    op.drop_table("sync_batch")
    op.drop_table("sync_epoch")
