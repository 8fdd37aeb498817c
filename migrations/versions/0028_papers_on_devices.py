"""Let devices hold the papers of their officer's records, and what was asked about them (sync.md §5, Scope)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import dropped_triggers, sync_triggers

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = {"paper_print": "paper", "unlock_request": "unlock_request"}

# Whoever holds his record on his devices now holds its paper too.
_GRANT = """
INSERT INTO access_grant (user_id, entity, entity_id)
SELECT g.user_id, p.entity, p.id
FROM (SELECT 'paper' AS entity, id, inspection_id FROM paper_print
      UNION ALL SELECT 'unlock_request', id, inspection_id FROM unlock_request) p
JOIN inspection i ON i.id = p.inspection_id
JOIN access_grant g ON g.entity = 'inspection' AND g.entity_id = i.id AND g.user_id = i.officer_id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, entity in TABLES.items():
        op.add_column(table, sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
        for statement in sync_triggers(table, entity):
            op.execute(statement)
    op.execute(_GRANT)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table of the feed may be altered behind this


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM access_grant WHERE entity IN ('paper', 'unlock_request')")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # likewise
    for table in TABLES:
        for statement in dropped_triggers(table):
            op.execute(statement)
        op.drop_column(table, "version")
