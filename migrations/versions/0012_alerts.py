"""Create the tables of alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "alert",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("subject_date", sa.Date(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("handling", sa.Text(), nullable=False),
        sa.Column("numbers", postgresql.JSONB(), nullable=False),
        sa.Column("first_seen_on", sa.Date(), nullable=False),
        sa.Column("last_seen_on", sa.Date(), nullable=False),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(condition = 'cleared') = (cleared_on IS NOT NULL)", name=op.f("ck_alert_cleared_on_set")),
        sa.CheckConstraint("condition IN ('active', 'cleared')", name=op.f("ck_alert_condition_known")),
        sa.CheckConstraint("handling = 'new' OR handled_by IS NOT NULL", name=op.f("ck_alert_handled_by_somebody")),
        sa.CheckConstraint(
            "handling IN ('new', 'confirmed', 'false_alarm_proposed', 'false_alarm')",
            name=op.f("ck_alert_handling_known"),
        ),
        sa.CheckConstraint("first_seen_on <= last_seen_on", name=op.f("ck_alert_seen_in_order")),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name=op.f("ck_alert_level_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_alert_customer_id")),
        sa.ForeignKeyConstraint(["handled_by"], ["user_account.id"], name=op.f("fk_alert_handled_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_alert_organisation_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name=op.f("fk_alert_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("customer_id", "rule", "episode", name="uq_alert_customer_id_rule_episode"),
    )
    op.create_index("ix_alert_organisation_id", "alert", ["organisation_id"], unique=False)
    op.create_index(
        "uq_alert_active",
        "alert",
        ["customer_id", "rule"],
        unique=True,
        postgresql_where=sa.text("condition = 'active'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("alert")
