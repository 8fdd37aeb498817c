"""Keep proposed recomputations, and which episodes are to be looked at back to a day (domain.md §1.10.3)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_CHECKS = {
    "status_known": "status IN ('proposed', 'approved', 'refused')",
    "decided_whole": "(status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
    "proposer_never_decides": "decided_by <> proposed_by",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("plan_membership", sa.Column("recompute_from", sa.Date(), nullable=True))
    op.create_table(
        "rule_recompute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("difference", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_rule_recompute_{name}")) for name, condition in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["rule_id", "rule_version"],
            ["inspection_rule_version.rule_id", "inspection_rule_version.number"],
            name="fk_rule_recompute_rule_version",
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name=op.f("fk_rule_recompute_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_rule_recompute_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_recompute")),
    )
    op.create_index("ix_rule_recompute_rule_id", "rule_recompute", ["rule_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("rule_recompute")
    op.drop_column("plan_membership", "recompute_from")
