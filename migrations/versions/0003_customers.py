"""Create the tables of customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import sync_triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "customer",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'", name=op.f("ck_customer_uscc_form")),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_customer_officer_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_customer_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("uscc", name=op.f("uq_customer_uscc")),
    )
    op.create_index("ix_customer_name", "customer", ["name"], unique=False)
    op.create_index(op.f("ix_customer_officer_id"), "customer", ["officer_id"], unique=False)
    op.create_index(op.f("ix_customer_organisation_id"), "customer", ["organisation_id"], unique=False)
    for statement in sync_triggers("customer", "customer"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("customer")
