"""Let the database refuse rules that no form would send, two open assignments, and codes that differ by capitals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

CHECKS = {
    "window_mode_known": "window_mode IN ('calendar', 'anchored')",
    "first_rule_known": "first_rule IN ('current', 'next')",
    "first_grace_days_in_range": "first_grace_days BETWEEN 0 AND 366",
    "exit_rule_known": "exit_rule IN ('current', 'next')",
    "history_valid_in_range": "history_valid BETWEEN 0 AND 366",
    "history_unit_known": "history_unit IN ('day', 'month', 'year')",
    "min_gap_days_in_range": "min_gap_days BETWEEN 0 AND 366",
    "late_sync_hours_in_range": "late_sync_hours BETWEEN 0 AND 8760",
    "channels_known": "cardinality(channels) > 0 AND channels <@ ARRAY['onsite', 'remote', 'self']",
    "version_counts": "version > 0",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_inspection_rule_history_valid_not_negative"), "inspection_rule")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_inspection_rule_{name}"), "inspection_rule", condition)
    op.create_index(
        "uq_checkpoint_assignment_open",
        "checkpoint_assignment",
        ["checkpoint_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index("uq_organisation_code_lower", "organisation", [sa.text("lower(code)")], unique=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("uq_organisation_code_lower", "organisation")
    op.drop_index("uq_checkpoint_assignment_open", "checkpoint_assignment")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_inspection_rule_{name}"), "inspection_rule")
    op.create_check_constraint(
        op.f("ck_inspection_rule_history_valid_not_negative"), "inspection_rule", "history_valid >= 0"
    )
