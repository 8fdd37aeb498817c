"""Let devices hold the alerts of the enterprises that their officer serves (sync.md §5, Scope)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import dropped_triggers, sync_triggers

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# Whoever holds an enterprise now holds its open alerts too.
_GRANT = """
INSERT INTO access_grant (user_id, entity, entity_id)
SELECT g.user_id, 'alert', a.id
FROM alert a JOIN access_grant g ON g.entity = 'customer' AND g.entity_id = a.customer_id
WHERE a.condition = 'active' OR a.handling NOT IN ('confirmed', 'false_alarm')
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("alert", sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    for statement in sync_triggers("alert", "alert"):
        op.execute(statement)
    op.execute(_GRANT)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table of the feed may be altered behind this


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM access_grant WHERE entity = 'alert'")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # likewise
    for statement in dropped_triggers("alert"):
        op.execute(statement)
    op.drop_column("alert", "version")
