"""Create the tables of inspections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from inspection_api.core.feed import sync_triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "inspection",
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("template_version_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), server_default=sa.text("'onsite'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("blockers", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("quarantine_codes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "field_versions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("indicators", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("judgement", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("performed_on", sa.Date(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("print_opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("print_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amendments", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('accepted', 'extra', 'voided')) = (accepted_at IS NOT NULL)",
            name=op.f("ck_inspection_accepted_at_set"),
        ),
        sa.CheckConstraint(
            "blockers <@ ARRAY['quarantine', 'conflict', 'media']", name=op.f("ck_inspection_blockers_known")
        ),
        sa.CheckConstraint("channel IN ('onsite', 'remote', 'self')", name=op.f("ck_inspection_channel_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'accepted', 'extra', 'refused', 'voided')",
            name=op.f("ck_inspection_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'refused') OR blockers = '{}'",
            name=op.f("ck_inspection_blocked_is_not_accepted"),
        ),
        sa.CheckConstraint(
            "(print_opens_at IS NULL) = (print_closes_at IS NULL)", name=op.f("ck_inspection_print_window_whole")
        ),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_inspection_checkpoint_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_inspection_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_inspection_device_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_inspection_officer_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_inspection_organisation_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_inspection_task_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["template_version.id"], name=op.f("fk_inspection_template_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
    )
    op.create_index(
        "ix_inspection_checkpoint_id_performed_on", "inspection", ["checkpoint_id", "performed_on"], unique=False
    )
    op.create_index(op.f("ix_inspection_customer_id"), "inspection", ["customer_id"], unique=False)
    op.create_index(
        "ix_inspection_device_id_blocked",
        "inspection",
        ["device_id"],
        unique=False,
        postgresql_where=sa.text("blockers <> '{}'"),
    )
    op.create_index("ix_inspection_officer_id", "inspection", ["officer_id"], unique=False)
    op.create_index(
        "ix_inspection_organisation_id_performed_on", "inspection", ["organisation_id", "performed_on"], unique=False
    )
    op.create_index(
        "uq_inspection_accepted_task",
        "inspection",
        ["task_id"],
        unique=True,
        postgresql_where=sa.text("state = 'accepted'"),
    )
    for statement in sync_triggers("inspection", "inspection"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("inspection")
