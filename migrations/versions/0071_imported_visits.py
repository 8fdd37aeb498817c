"""Keep visits from before the system, which may spare a checkpoint its first task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "imported_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("template_family", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('onsite', 'remote')", name=op.f("ck_imported_visit_channel_known")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_imported_visit_checkpoint_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["user_account.id"], name=op.f("fk_imported_visit_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_visit")),
        sa.UniqueConstraint(
            "checkpoint_id",
            "performed_on",
            "template_family",
            name=op.f("uq_imported_visit_checkpoint_id_performed_on_template_family"),
        ),
    )
    op.create_index("ix_imported_visit_import_id", "imported_visit", ["import_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("imported_visit")
