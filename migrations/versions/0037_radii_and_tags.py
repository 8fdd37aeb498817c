"""Keep the radii that checkpoints had, and find checkpoints by tag."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "checkpoint_radius",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.CheckConstraint("radius_m BETWEEN 30 AND 2000", name=op.f("ck_checkpoint_radius_radius_range")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_radius_checkpoint_id")),
        sa.PrimaryKeyConstraint("checkpoint_id", "valid_to", name=op.f("pk_checkpoint_radius")),
    )
    op.create_index("ix_checkpoint_tags", "checkpoint", ["tags"], postgresql_using="gin")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_checkpoint_tags", "checkpoint")
    op.drop_table("checkpoint_radius")
