"""Create the tables of loans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import sync_triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "loan",
        sa.Column("contract_no", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=False),
        sa.Column("matures_on", sa.Date(), nullable=False),
        sa.Column("five_class", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("repayment_method", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "five_class IN ('normal', 'watch', 'substandard', 'doubtful', 'loss')",
            name=op.f("ck_loan_five_class_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_loan_amount_positive")),
        sa.CheckConstraint("matures_on >= disbursed_on", name=op.f("ck_loan_days_in_order")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_loan_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan")),
        sa.UniqueConstraint("contract_no", name=op.f("uq_loan_contract_no")),
    )
    op.create_index(op.f("ix_loan_customer_id"), "loan", ["customer_id"], unique=False)
    for statement in sync_triggers("loan", "loan"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("loan")
