"""Know by which installation somebody acts, and which accounts are one person's: four eyes are of two people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

_ACTED_FROM = ("session_token", "device", "unlock_request")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _ACTED_FROM:
        op.add_column(table, sa.Column("installation_id", sa.Uuid()))
    op.add_column("user_account", sa.Column("staff_number", sa.Text()))
    op.create_index(
        "ix_user_account_staff_number",
        "user_account",
        ["staff_number"],
        postgresql_where=sa.text("staff_number IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_user_account_staff_number", table_name="user_account")
    op.drop_column("user_account", "staff_number")
    for table in reversed(_ACTED_FROM):
        op.drop_column(table, "installation_id")
