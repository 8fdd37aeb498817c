"""Remember of an episode that its checkpoint came back: no check after the exit is made from then on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_FROM_EXITS = """
    UPDATE plan_membership m SET returned_on = (x.ended_at AT TIME ZONE 'Asia/Shanghai')::date
    FROM checkpoint_exit x
    WHERE m.left_reason = 'exit' AND x.checkpoint_id = m.checkpoint_id AND x.status = 'reactivated'
      AND x.effective_on = m.left_on
"""
_CHECK = "ck_plan_membership_returned_from_exit"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("plan_membership", sa.Column("returned_on", sa.Date()))
    op.execute(_FROM_EXITS)
    op.create_check_constraint(op.f(_CHECK), "plan_membership", "returned_on IS NULL OR exit_type IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f(_CHECK), "plan_membership")
    op.drop_column("plan_membership", "returned_on")
