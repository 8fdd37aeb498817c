"""Let devices that hold a checkpoint already receive its plates and places too (sync.md §5, Scope)."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _tell_again()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _tell_again()


def _tell_again() -> None:
    """Send every held checkpoint anew, with the members that the program of this migration gives it."""
    op.execute(
        "UPDATE checkpoint SET name = name WHERE id IN (SELECT entity_id FROM access_grant WHERE entity = 'checkpoint')"
    )
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table of the feed may be altered behind this
