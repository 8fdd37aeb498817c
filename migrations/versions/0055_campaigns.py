"""Keep campaigns (专项检查), and let a task come from one instead of from a rule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_RULE = ("plan_id", "rule_id", "rule_version", "episode_id")
_CHECKS = {
    "status_known": "status IN ('filling', 'open', 'cancelling', 'cancelled')",
    "days_in_order": "start_on <= due_on",
    "cancelled_whole": "(status IN ('filling', 'open')) = (cancelled_by IS NULL)"
    " AND num_nulls(cancelled_by, cancelled_at, cancel_reason) IN (0, 3)",
}
_TASK_CHECKS = {
    "kind_known": "kind IN ('regular', 'exit', 'initial', 'campaign')",
    "campaign_named": "(kind = 'campaign') = (campaign_id IS NOT NULL)",
    "rule_or_campaign": "num_nonnulls(plan_id, rule_id, rule_version, episode_id)"
    " = CASE WHEN kind = 'campaign' THEN 0 ELSE 4 END",
}
_PERIOD = ["episode_id", "kind", "loan_id", "period_start"]
_OPEN_PERIOD = ["rule_id", "checkpoint_id", "kind", "loan_id", "period_start"]
_OPEN = "state IN ('pending', 'in_progress')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_campaigns()
    op.add_column("task", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_task_campaign_id"), "task", "campaign", ["campaign_id"], ["id"])
    for column in _RULE:
        op.alter_column("task", column, nullable=True)
    op.drop_constraint(op.f("ck_task_kind_known"), "task")
    for name, condition in _TASK_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_task_{name}"), "task", condition)
    op.drop_constraint("uq_task_episode_period", "task")
    op.drop_index("uq_task_open_period", "task")
    _index("uq_task_episode_period", _PERIOD, "episode_id IS NOT NULL", nulls_not_distinct=True)
    _index("uq_task_open_period", _OPEN_PERIOD, f"rule_id IS NOT NULL AND {_OPEN}", nulls_not_distinct=True)
    _index("uq_task_campaign_id_checkpoint_id", ["campaign_id", "checkpoint_id"], "campaign_id IS NOT NULL")


def _index(name: str, columns: list[str], where: str, *, nulls_not_distinct: bool = False) -> None:
    op.create_index(
        name,
        "task",
        columns,
        unique=True,
        postgresql_where=sa.text(where),
        postgresql_nulls_not_distinct=nulls_not_distinct,
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'filling'"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_campaign_{name}")) for name, condition in _CHECKS.items()),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_campaign_organisation_id")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_campaign_template_id")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_campaign_created_by")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["user_account.id"], name=op.f("fk_campaign_cancelled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("organisation_id", "name", name="uq_campaign_name"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM task WHERE kind = 'campaign'")
    for name in ("uq_task_campaign_id_checkpoint_id", "uq_task_open_period", "uq_task_episode_period"):
        op.drop_index(name, "task")
    op.create_unique_constraint("uq_task_episode_period", "task", _PERIOD, postgresql_nulls_not_distinct=True)
    _index("uq_task_open_period", _OPEN_PERIOD, _OPEN, nulls_not_distinct=True)
    for name in _TASK_CHECKS:
        op.drop_constraint(op.f(f"ck_task_{name}"), "task")
    op.create_check_constraint(op.f("ck_task_kind_known"), "task", "kind IN ('regular', 'exit', 'initial')")
    op.drop_column("task", "campaign_id")
    for column in _RULE:
        op.alter_column("task", column, nullable=False)
    op.drop_table("campaign")
