"""Create the tables of kiosk_print."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "paper_series",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_paper_series_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", "month", name=op.f("pk_paper_series")),
    )
    op.create_table(
        "paper_opinion",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_paper_opinion_author_id")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_paper_opinion_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_opinion")),
    )
    op.create_index(
        "uq_paper_opinion_valid",
        "paper_opinion",
        ["inspection_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_table(
        "paper_print",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("window_number", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("printed_by", sa.Uuid(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status <> 'valid' OR sha256 IS NOT NULL",
            name=op.f("ck_paper_print_valid_is_rendered"),
        ),
        sa.CheckConstraint(
            "status IN ('reserved', 'valid', 'superseded', 'voided')", name=op.f("ck_paper_print_status_known")
        ),
        sa.CheckConstraint("copy >= 1", name=op.f("ck_paper_print_copy_counts")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_paper_print_inspection_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_paper_print_organisation_id")),
        sa.ForeignKeyConstraint(["printed_by"], ["user_account.id"], name=op.f("fk_paper_print_printed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_print")),
        sa.UniqueConstraint("number", "copy", name=op.f("uq_paper_print_number_copy")),
        sa.UniqueConstraint("printed_by", "idempotency_key", name=op.f("uq_paper_print_printed_by_idempotency_key")),
    )
    op.create_index("ix_paper_print_inspection_id", "paper_print", ["inspection_id"], unique=False)
    op.create_index(op.f("ix_paper_print_organisation_id"), "paper_print", ["organisation_id"], unique=False)
    op.create_index(
        "ix_paper_print_reserved",
        "paper_print",
        ["printed_at"],
        unique=False,
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_index(
        "uq_paper_print_original",
        "paper_print",
        ["inspection_id"],
        unique=True,
        postgresql_where=sa.text("copy = 1 AND status IN ('reserved', 'valid')"),
    )
    op.create_table(
        "unlock_request",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("window_number", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)", name=op.f("ck_unlock_request_decided_at_set")
        ),
        sa.CheckConstraint(
            "(status IN ('approved', 'rejected')) = (decided_by IS NOT NULL)",
            name=op.f("ck_unlock_request_decided_by_set"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')",
            name=op.f("ck_unlock_request_status_known"),
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_unlock_request_decided_by")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_unlock_request_inspection_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_unlock_request_organisation_id")
        ),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_unlock_request_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unlock_request")),
    )
    op.create_index("ix_unlock_request_inspection_id", "unlock_request", ["inspection_id"], unique=False)
    op.create_index(
        "ix_unlock_request_open",
        "unlock_request",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(op.f("ix_unlock_request_organisation_id"), "unlock_request", ["organisation_id"], unique=False)
    op.create_index(
        "uq_unlock_request_pending",
        "unlock_request",
        ["inspection_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "paper_window",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unlock_request_id", sa.Uuid(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(number = 1) = (unlock_request_id IS NULL)", name=op.f("ck_paper_window_later_ones_were_unlocked")
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_paper_window_closes_after_opening")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_paper_window_number_counts")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_paper_window_inspection_id")),
        sa.ForeignKeyConstraint(
            ["unlock_request_id"], ["unlock_request.id"], name=op.f("fk_paper_window_unlock_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_window")),
        sa.UniqueConstraint("inspection_id", "number", name=op.f("uq_paper_window_inspection_id_number")),
    )
    op.create_index(
        "ix_paper_window_unlocked",
        "paper_window",
        ["closes_at"],
        unique=False,
        postgresql_where=sa.text("locked_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("paper_window")
    op.drop_table("unlock_request")
    op.drop_table("paper_print")
    op.drop_table("paper_opinion")
    op.drop_table("paper_series")
