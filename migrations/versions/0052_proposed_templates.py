"""Let drafts of templates be proposed, and keep all who wrote one from publishing it (domain.md §0 and §6)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_KNOWN, _PROPOSABLE = "status IN ('draft', 'published')", "status IN ('draft', 'proposed', 'published')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    authors = sa.Column("authors", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False)
    op.add_column("template_version", authors)
    op.create_check_constraint(
        op.f("ck_template_version_authors_never_publish"), "template_version", "NOT published_by = ANY (authors)"
    )
    _allow(_PROPOSABLE, one="status <> 'published'")
    op.execute(
        "UPDATE template_version SET authors = ARRAY[created_by] WHERE status = 'draft' AND created_by IS NOT NULL"
    )
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table of the feed may be altered behind this


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE template_version SET status = 'draft' WHERE status = 'proposed'")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _allow(_KNOWN, one="status = 'draft'")
    op.drop_constraint(op.f("ck_template_version_authors_never_publish"), "template_version")
    op.drop_column("template_version", "authors")


def _allow(statuses: str, *, one: str) -> None:
    """Let versions have these statuses, and templates one version of those that ``one`` describes."""
    name = op.f("ck_template_version_status_known")
    op.drop_constraint(name, "template_version")
    op.create_check_constraint(name, "template_version", statuses)
    op.drop_index("uq_template_version_draft", "template_version")
    op.create_index(
        "uq_template_version_draft", "template_version", ["template_id"], unique=True, postgresql_where=sa.text(one)
    )
