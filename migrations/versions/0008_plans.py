"""Create the tables of plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "inspection_rule",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("org_type", sa.Text(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("window_mode", sa.Text(), nullable=False),
        sa.Column("auto_join", sa.Boolean(), nullable=False),
        sa.Column("auto_create_plan", sa.Boolean(), nullable=False),
        sa.Column("first_rule", sa.Text(), nullable=False),
        sa.Column("first_grace_days", sa.Integer(), nullable=False),
        sa.Column("exit_rule", sa.Text(), nullable=False),
        sa.Column("history_valid", sa.Integer(), nullable=False),
        sa.Column("history_unit", sa.Text(), nullable=False),
        sa.Column("min_gap_days", sa.Integer(), nullable=False),
        sa.Column("late_sync_hours", sa.Integer(), nullable=False),
        sa.Column("channels", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "org_type IN ('province', 'branch', 'sub_branch', 'outlet')", name=op.f("ck_inspection_rule_org_type_known")
        ),
        sa.CheckConstraint("unit IN ('year', 'month', 'week', 'day')", name=op.f("ck_inspection_rule_unit_known")),
        sa.CheckConstraint("end_on >= start_on", name=op.f("ck_inspection_rule_dates_in_order")),
        sa.CheckConstraint("history_valid >= 0", name=op.f("ck_inspection_rule_history_valid_not_negative")),
        sa.CheckConstraint("interval BETWEEN 1 AND 366", name=op.f("ck_inspection_rule_interval_in_range")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_inspection_rule_organisation_id")
        ),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_inspection_rule_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_rule")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_inspection_rule_organisation_id_name")),
    )
    op.create_table(
        "plan",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("end_on >= start_on", name=op.f("ck_plan_dates_in_order")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_plan_organisation_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["inspection_rule.id"], name=op.f("fk_plan_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("rule_id", "organisation_id", name=op.f("uq_plan_rule_id_organisation_id")),
    )
    op.create_index("ix_plan_organisation_id", "plan", ["organisation_id"], unique=False)
    op.create_table(
        "plan_membership",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("source IN ('auto', 'manual')", name=op.f("ck_plan_membership_source_known")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_plan_membership_checkpoint_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_membership_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_membership")),
    )
    op.create_index("ix_plan_membership_checkpoint_id", "plan_membership", ["checkpoint_id"], unique=False)
    op.create_index(
        "uq_plan_membership_open",
        "plan_membership",
        ["plan_id", "checkpoint_id"],
        unique=True,
        postgresql_where=sa.text("left_on IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("plan_membership")
    op.drop_table("plan")
    op.drop_table("inspection_rule")
