"""Create the tables of meters, readings and daily facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "reading",
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counter_kwh", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.PrimaryKeyConstraint("meter_id", "at", name=op.f("pk_reading")),
    )
    op.create_table(
        "daily_fact",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("energy_kwh", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("completeness", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("completeness BETWEEN 0 AND 1", name=op.f("ck_daily_fact_completeness_share")),
        sa.CheckConstraint("energy_kwh >= 0", name=op.f("ck_daily_fact_energy_not_negative")),
        sa.CheckConstraint("known = (energy_kwh IS NOT NULL)", name=op.f("ck_daily_fact_known_with_energy")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_daily_fact_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "day", name=op.f("pk_daily_fact")),
    )
    op.create_index(op.f("ix_daily_fact_day"), "daily_fact", ["day"], unique=False)
    op.create_table(
        "meter",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'electricity'"), nullable=False),
        sa.Column("unit", sa.Text(), server_default=sa.text("'kWh'"), nullable=False),
        sa.Column("interval_min", sa.Integer(), server_default=sa.text("15"), nullable=False),
        sa.Column("rollover_kwh", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('electricity')", name=op.f("ck_meter_kind_known")),
        sa.CheckConstraint("unit IN ('kWh')", name=op.f("ck_meter_unit_known")),
        sa.CheckConstraint("interval_min > 0 AND 1440 % interval_min = 0", name=op.f("ck_meter_interval_divides_day")),
        sa.CheckConstraint("rollover_kwh > 0", name=op.f("ck_meter_rollover_positive")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_meter_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_meter_device_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_meter_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter")),
        sa.UniqueConstraint("code", name=op.f("uq_meter_code")),
    )
    op.create_index(op.f("ix_meter_customer_id"), "meter", ["customer_id"], unique=False)
    op.create_index(op.f("ix_meter_device_id"), "meter", ["device_id"], unique=False)
    op.create_index(op.f("ix_meter_organisation_id"), "meter", ["organisation_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("meter")
    op.drop_table("daily_fact")
    op.drop_table("reading")
