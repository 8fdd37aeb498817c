"""Keep quarantined operations until they are decided, and the decisions on conflicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DECISION = ("kept", "decided_by", "decided_at", "device_id")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("inspection", sa.Column("submitted_seq", sa.BigInteger(), nullable=True))
    _decide_conflicts()
    op.create_table(
        "sync_quarantine",
        sa.Column("op_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'released')", name=op.f("ck_sync_quarantine_state_known")
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_sync_quarantine_decided_at_set")),
        sa.ForeignKeyConstraint(["op_id"], ["sync_receipt.op_id"], name=op.f("fk_sync_quarantine_op_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sync_quarantine_device_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_sync_quarantine_officer_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_sync_quarantine_organisation_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_sync_quarantine_decided_by")),
        sa.PrimaryKeyConstraint("op_id", name=op.f("pk_sync_quarantine")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_sync_quarantine_open", "sync_quarantine", ["organisation_id", "op_id"], postgresql_where=is_open
    )
    op.create_index("ix_sync_quarantine_device_open", "sync_quarantine", ["device_id"], postgresql_where=is_open)
    op.create_index("ix_sync_quarantine_entity_id", "sync_quarantine", ["entity_id"])


def _decide_conflicts() -> None:
    op.add_column("sync_conflict", sa.Column("device_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE sync_conflict c SET device_id = r.device_id FROM sync_receipt r WHERE r.op_id = c.op_id")
    op.alter_column("sync_conflict", "device_id", nullable=False)
    op.add_column("sync_conflict", sa.Column("kept", sa.Text(), nullable=True))
    op.add_column("sync_conflict", sa.Column("decided_by", sa.Uuid(), nullable=True))
    op.add_column("sync_conflict", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    for column, table in (("device_id", "device"), ("decided_by", "user_account")):
        op.create_foreign_key(op.f(f"fk_sync_conflict_{column}"), "sync_conflict", table, [column], ["id"])
    op.create_check_constraint(op.f("ck_sync_conflict_kept_known"), "sync_conflict", "kept IN ('server', 'device')")
    op.create_check_constraint(
        op.f("ck_sync_conflict_resolved_whole"),
        "sync_conflict",
        "(state = 'resolved') = (kept IS NOT NULL) AND (kept IS NULL) = (decided_by IS NULL)"
        " AND (kept IS NULL) = (decided_at IS NULL)",
    )
    op.create_index(
        "uq_sync_conflict_open",
        "sync_conflict",
        ["inspection_id", "field", "device_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("sync_quarantine")
    op.drop_index("uq_sync_conflict_open", "sync_conflict")
    op.drop_constraint(op.f("ck_sync_conflict_resolved_whole"), "sync_conflict")
    for column in DECISION:
        op.drop_column("sync_conflict", column)
    op.drop_column("inspection", "submitted_seq")
