"""Find visits of a grave conclusion whose paper may still be printed: a superior's opinion may be wanting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_inspection_grave",
        "inspection",
        ["print_closes_at"],
        postgresql_where=sa.text("conclusion IN ('strong_watch', 'exit')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_inspection_grave", "inspection")
