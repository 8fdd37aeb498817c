"""Write down who hears when of an alert that nobody reviews or answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "alert_escalation",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("wait", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("alert_id", "wait", "number", name=op.f("pk_alert_escalation")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_escalation_alert_id")),
        sa.CheckConstraint("wait IN ('review', 'feedback')", name=op.f("ck_alert_escalation_wait_known")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_alert_escalation_number_counts")),
    )
    op.create_index(
        "ix_alert_escalation_due", "alert_escalation", ["due_at"], postgresql_where=sa.text("done_at IS NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("alert_escalation")
