"""Let each organisation say which radius its new checkpoints get."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "organisation_radius",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.CheckConstraint("radius_m BETWEEN 30 AND 2000", name=op.f("ck_organisation_radius_radius_range")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_radius_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation_radius")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("organisation_radius")
