"""Keep of unlock requests which climbs to a higher level were told, and when the next is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

# The timetable works out from the calendar when what waits already is due.
_DUE = "UPDATE unlock_request SET climbs_at = requested_at WHERE status = 'pending'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("unlock_request", sa.Column("climbs", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("unlock_request", sa.Column("climbs_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_unlock_request_climbs_range"), "unlock_request", "climbs BETWEEN 0 AND 2")
    op.create_index(
        "ix_unlock_request_climbing", "unlock_request", ["climbs_at"], postgresql_where=sa.text("status = 'pending'")
    )
    op.execute(_DUE)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the rows have gone into the feed


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_unlock_request_climbing", "unlock_request")
    op.drop_constraint(op.f("ck_unlock_request_climbs_range"), "unlock_request")
    op.drop_column("unlock_request", "climbs_at")
    op.drop_column("unlock_request", "climbs")
