"""Let a job say more than its file does, and let the same key be the same job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

_KEY = "uq_job_requested_by_idempotency_key"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", sa.Column("result", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("job", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f(_KEY), "job", ["requested_by", "idempotency_key"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f(_KEY), "job", type_="unique")
    op.drop_column("job", "idempotency_key")
    op.drop_column("job", "result")
