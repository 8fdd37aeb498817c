"""Keep whose each visit was, so that a rule that names a role can credit an earlier one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("visit", sa.Column("officer_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE visit v SET officer_id = i.officer_id FROM inspection i WHERE i.id = v.inspection_id")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("visit", "officer_id")
