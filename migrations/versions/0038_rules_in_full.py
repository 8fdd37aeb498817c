"""Keep a rule's versions, how an episode ended, and what a task's version made of it (domain.md §1.1-§1.10)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_NEW_TERMS = {
    "inspection_type": (sa.Text(), "'existing'"),
    "exit_interval": (sa.Integer(), "0"),
    "exit_unit": (sa.Text(), "'month'"),
    "exit_count": (sa.Integer(), "0"),
    "exit_overrides": (postgresql.JSONB(astext_type=sa.Text()), "'{}'"),
    "due_roll": (sa.Text(), "'none'"),
    "makeup_days": (sa.Integer(), "0"),
    "new_within_days": (sa.Integer(), "15"),
    "per_loan": (sa.Boolean(), "false"),
}
_FORMER_TERMS = {
    "template_id": sa.Uuid(),
    "start_on": sa.Date(),
    "unit": sa.Text(),
    "interval": sa.Integer(),
    "window_mode": sa.Text(),
    "auto_join": sa.Boolean(),
    "auto_create_plan": sa.Boolean(),
    "first_rule": sa.Text(),
    "first_grace_days": sa.Integer(),
    "exit_rule": sa.Text(),
    "history_valid": sa.Integer(),
    "history_unit": sa.Text(),
    "min_gap_days": sa.Integer(),
    "late_sync_hours": sa.Integer(),
    "channels": sa.ARRAY(sa.Text()),
}
_RULE_CHECKS = {
    "inspection_type_known": "inspection_type IN ('existing', 'new', 'exit', 'special')",
    "exit_checks_whole": "exit_count BETWEEN 0 AND 100 AND exit_interval BETWEEN 0 AND 366"
    " AND (exit_count = 0 OR exit_interval > 0)",
    "exit_unit_known": "exit_unit IN ('day', 'month')",
    "due_roll_known": "due_roll IN ('none', 'prev_workday', 'next_workday')",
    "makeup_days_in_range": "makeup_days BETWEEN 0 AND 366",
    "new_within_days_in_range": "new_within_days BETWEEN 0 AND 366",
}
_STAY_CHECKS = {
    "left_reason_known": "left_reason IN ('exit', 'transferred', 'removed')",
    "left_whole": "(left_on IS NULL) = (left_reason IS NULL)",
    "exit_whole": "(left_reason IS NOT DISTINCT FROM 'exit') = (exit_type IS NOT NULL)"
    " AND (exit_type IS NULL) = (exit_approved_on IS NULL)",
}
_TASK_CHECKS = {
    "inspection_type_known": "inspection_type IN ('existing', 'new', 'exit', 'special')",
    "makeup_after_window": "makeup_until > window_end_on",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (kind, default) in _NEW_TERMS.items():
        op.add_column("inspection_rule", sa.Column(name, kind, server_default=sa.text(default), nullable=False))
    _check("inspection_rule", _RULE_CHECKS)
    _create_versions()
    op.add_column("plan", sa.Column("detached", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    _extend_memberships()
    _extend_tasks()


def _create_versions() -> None:
    op.create_table(
        "inspection_rule_version",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("edited_by", sa.Uuid(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in _FORMER_TERMS.items()),
        sa.Column("end_on", sa.Date(), nullable=True),
        *(
            sa.Column(name, kind, server_default=sa.text(default), nullable=False)
            for name, (kind, default) in _NEW_TERMS.items()
        ),
        sa.CheckConstraint("(number = 1) = (since IS NULL)", name=op.f("ck_inspection_rule_version_later_ones_switch")),
        sa.ForeignKeyConstraint(["rule_id"], ["inspection_rule.id"], name=op.f("fk_inspection_rule_version_rule_id")),
        sa.ForeignKeyConstraint(["edited_by"], ["user_account.id"], name=op.f("fk_inspection_rule_version_edited_by")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_inspection_rule_version_template_id")),
        sa.PrimaryKeyConstraint("rule_id", "number", name=op.f("pk_inspection_rule_version")),
    )
    names = ", ".join([*_FORMER_TERMS, *_NEW_TERMS, "end_on"])
    op.execute(
        f"INSERT INTO inspection_rule_version (rule_id, number, edited_at, {names})"  # noqa: S608 - our own names
        f" SELECT id, 1, now(), {names} FROM inspection_rule"
    )
    op.execute("UPDATE inspection_rule SET version = 1")


def _extend_memberships() -> None:
    for name, kind in {"left_reason": sa.Text(), "exit_type": sa.Text()}.items():
        op.add_column("plan_membership", sa.Column(name, kind, nullable=True))
    for name in ("exit_approved_on", "generated_through"):
        op.add_column("plan_membership", sa.Column(name, sa.Date(), nullable=True))
    op.execute("UPDATE plan_membership SET left_reason = 'removed' WHERE left_on IS NOT NULL")
    _check("plan_membership", _STAY_CHECKS)
    op.create_index("ix_plan_membership_plan_id_generated_through", "plan_membership", ["plan_id", "generated_through"])


def _extend_tasks() -> None:
    op.add_column("task", sa.Column("inspection_type", sa.Text(), server_default=sa.text("'existing'"), nullable=False))
    op.add_column("task", sa.Column("backfilled", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("task", sa.Column("makeup_until", sa.Date(), nullable=True))
    _check("task", _TASK_CHECKS)
    op.execute("UPDATE task SET rule_version = 1 WHERE rule_version <> 1")
    op.create_foreign_key(
        "fk_task_rule_version", "task", "inspection_rule_version", ["rule_id", "rule_version"], ["rule_id", "number"]
    )


def _check(table: str, checks: dict[str, str]) -> None:
    for name, condition in checks.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint("fk_task_rule_version", "task")
    for name in _TASK_CHECKS:
        op.drop_constraint(op.f(f"ck_task_{name}"), "task")
    for name in ("inspection_type", "backfilled", "makeup_until"):
        op.drop_column("task", name)
    op.drop_index("ix_plan_membership_plan_id_generated_through", "plan_membership")
    for name in _STAY_CHECKS:
        op.drop_constraint(op.f(f"ck_plan_membership_{name}"), "plan_membership")
    for name in ("left_reason", "exit_type", "exit_approved_on", "generated_through"):
        op.drop_column("plan_membership", name)
    op.drop_column("plan", "detached")
    op.drop_table("inspection_rule_version")
    for name in _RULE_CHECKS:
        op.drop_constraint(op.f(f"ck_inspection_rule_{name}"), "inspection_rule")
    for name in _NEW_TERMS:
        op.drop_column("inspection_rule", name)
