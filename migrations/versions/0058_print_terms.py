"""Let organisations set for how long and how often their papers may be printed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_CHECKS = {
    "window_days_range": "window_days BETWEEN 1 AND 60",
    "prints_per_window_range": "prints_per_window BETWEEN 1 AND 50",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "print_terms",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("prints_per_window", sa.Integer(), nullable=False),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_print_terms_{name}")) for name, condition in _CHECKS.items()),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_print_terms_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_print_terms")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("print_terms")
