"""Let every device hold the templates, so that it can say which form a version belongs to (sync.md §5, Scope)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import dropped_triggers, sync_triggers

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("template", sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    for statement in sync_triggers("template", "template", shared=True):
        op.execute(statement)
    op.execute("UPDATE template SET name = name")  # devices whose cursor lies behind their creation hear of them too
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table of the feed may be altered behind this


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in dropped_triggers("template"):
        op.execute(statement)
    op.drop_column("template", "version")
