"""Find the events of one task, to tell its story."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_event_task_id",
        "event",
        [sa.text("(data ->> 'task_id')"), "number"],
        postgresql_where=sa.text("(data ->> 'task_id') IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_event_task_id", "event")
