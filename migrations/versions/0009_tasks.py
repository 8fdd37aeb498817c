"""Create the tables of tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import sync_triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "task",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("window_end_on", sa.Date(), nullable=False),
        sa.Column("credit_from", sa.Date(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("template_version_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("performed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("kind IN ('regular', 'exit', 'initial')", name=op.f("ck_task_kind_known")),
        sa.CheckConstraint(
            "state IN ('pending', 'in_progress', 'done', 'done_late', 'missed', 'cancelled', 'exempt')",
            name=op.f("ck_task_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('done', 'done_late') OR (closed_by IS NOT NULL AND performed_on IS NOT NULL)",
            name=op.f("ck_task_done_by_a_visit"),
        ),
        sa.CheckConstraint(
            "period_start <= period_end AND period_end <= window_end_on", name=op.f("ck_task_days_in_order")
        ),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_task_checkpoint_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_task_customer_id")),
        sa.ForeignKeyConstraint(["episode_id"], ["plan_membership.id"], name=op.f("fk_task_episode_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_task_loan_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_task_officer_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_task_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_task_plan_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["inspection_rule.id"], name=op.f("fk_task_rule_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["template_version.id"], name=op.f("fk_task_template_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "episode_id",
            "kind",
            "loan_id",
            "period_start",
            name="uq_task_episode_period",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_task_checkpoint_id_period_start", "task", ["checkpoint_id", "period_start"], unique=False)
    op.create_index("ix_task_closed_by", "task", ["closed_by"], unique=False)
    op.create_index("ix_task_due_on_id", "task", ["due_on", "id"], unique=False)
    op.create_index(
        "ix_task_open_window_end_on",
        "task",
        ["window_end_on"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'in_progress')"),
    )
    op.create_index("ix_task_organisation_id_due_on", "task", ["organisation_id", "due_on"], unique=False)
    op.create_index(
        "uq_task_open_period",
        "task",
        ["rule_id", "checkpoint_id", "kind", "loan_id", "period_start"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending', 'in_progress')"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "visit",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("template_family", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channel IN ('onsite', 'remote', 'self')", name=op.f("ck_visit_channel_known")),
        sa.CheckConstraint("NOT counted OR task_id IS NOT NULL", name=op.f("ck_visit_counted_for_a_task")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_visit_checkpoint_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_visit_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_visit_inspection_id")),
    )
    op.create_index("ix_visit_checkpoint_id_performed_on", "visit", ["checkpoint_id", "performed_on"], unique=False)
    op.create_index("ix_visit_task_id", "visit", ["task_id"], unique=False)
    for statement in sync_triggers("task", "task"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("visit")
    op.drop_table("task")
