"""Remember which visits a supervisor let count though they were quarantined: figures show their share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0046"
branch_labels = None
depends_on = None

_FROM_DECISIONS = """
    UPDATE inspection i SET excepted = true FROM sync_quarantine q
    WHERE q.entity_id = i.id AND q.type = 'inspection.submit' AND q.state = 'accepted'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("inspection", sa.Column("excepted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(_FROM_DECISIONS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("inspection", "excepted")
