"""Keep whom a closed month had to see, so that its frozen coverage has lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_list("checkpoint")
    _create_list("customer", sa.Column("balance", sa.Numeric(20, 2), nullable=False))


def _create_list(kind: str, *columns: sa.Column[object]) -> None:
    table = f"month_{kind}"
    op.create_table(
        table,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(f"{kind}_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("organisation_id", "month", f"{kind}_id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "month"],
            ["month_figure.organisation_id", "month_figure.month"],
            name=f"fk_{table}_figure",
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("month_checkpoint", "month_customer"):
        op.drop_table(table)
