"""Let checkpoints leave and come back (domain.md §0, §1.5), and name who handles what is abnormal there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TYPES = (
    ("exited", "已退出"),
    ("written_off", "已核销"),
    ("settled", "已结清"),
    ("discount_only", "纯贴现用户"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("checkpoint", sa.Column("exception_handler_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_checkpoint_exception_handler_id"), "checkpoint", "user_account", ["exception_handler_id"], ["id"]
    )
    types = op.create_table(
        "exit_type",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,39}$'", name=op.f("ck_exit_type_code_form")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_exit_type")),
    )
    op.bulk_insert(types, [{"code": code, "label": label} for code, label in _TYPES])
    _create_exits()


def _create_exits() -> None:
    op.create_table(
        "checkpoint_exit",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("exit_type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused', 'withdrawn', 'called_off', 'reactivated')",
            name=op.f("ck_checkpoint_exit_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_checkpoint_exit_proposer_never_decides")
        ),
        sa.CheckConstraint(
            "status <> 'reactivated' OR ended_by <> proposed_by",
            name=op.f("ck_checkpoint_exit_proposer_never_reactivates"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (status IN ('proposed', 'withdrawn'))",
            name=op.f("ck_checkpoint_exit_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_checkpoint_exit_decision_whole")
        ),
        sa.CheckConstraint(
            "(ended_by IS NOT NULL) = (status IN ('withdrawn', 'called_off', 'reactivated'))",
            name=op.f("ck_checkpoint_exit_ended_by_somebody"),
        ),
        sa.CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name=op.f("ck_checkpoint_exit_end_whole")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_exit_checkpoint_id")),
        sa.ForeignKeyConstraint(["exit_type"], ["exit_type.code"], name=op.f("fk_checkpoint_exit_exit_type")),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name=op.f("fk_checkpoint_exit_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_checkpoint_exit_decided_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["user_account.id"], name=op.f("fk_checkpoint_exit_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint_exit")),
    )
    op.create_index("ix_checkpoint_exit_checkpoint_id", "checkpoint_exit", ["checkpoint_id"])
    op.create_index(
        "uq_checkpoint_exit_open",
        "checkpoint_exit",
        ["checkpoint_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('proposed', 'approved')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("checkpoint_exit")
    op.drop_table("exit_type")
    op.drop_column("checkpoint", "exception_handler_id")
