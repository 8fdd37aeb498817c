"""Remember from which day a re-activated checkpoint is in force again: coverage asks for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_CHECKS = {
    "returned_when_reactivated": "(status = 'reactivated') = (returned_on IS NOT NULL)",
    "returned_after_exit": "returned_on >= effective_on",
}
_FROM_EVENTS = """
    UPDATE checkpoint_exit x SET returned_on = coalesce(
        (SELECT (e.data ->> 'effective_on')::date FROM event e
         WHERE e.kind = 'checkpoint.reactivated' AND e.data ->> 'exit_id' = x.id::text),
        greatest((x.ended_at AT TIME ZONE 'Asia/Shanghai')::date, x.effective_on))
    WHERE x.status = 'reactivated'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("checkpoint_exit", sa.Column("returned_on", sa.Date()))
    op.execute(_FROM_EVENTS)
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_checkpoint_exit_{name}"), "checkpoint_exit", condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_checkpoint_exit_{name}"), "checkpoint_exit")
    op.drop_column("checkpoint_exit", "returned_on")
