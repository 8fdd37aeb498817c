"""Create the tables of checkpoints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from inspection_api.core.feed import sync_triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "checkpoint",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'premises'"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("backup_officer_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("registered_lon", sa.Double(), nullable=True),
        sa.Column("registered_lat", sa.Double(), nullable=True),
        sa.Column("registered_raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("radius_m", sa.Integer(), server_default=sa.text("200"), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'unbound'"), nullable=False),
        sa.Column("plate_generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("location_generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("location_lon", sa.Double(), nullable=True),
        sa.Column("location_lat", sa.Double(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('premises', 'warehouse', 'collateral', 'site')", name=op.f("ck_checkpoint_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('unbound', 'pending_confirm', 'active', 'exit_proposed', 'exited')",
            name=op.f("ck_checkpoint_state_known"),
        ),
        sa.CheckConstraint(
            "(location_lon IS NULL) = (location_lat IS NULL)", name=op.f("ck_checkpoint_location_whole")
        ),
        sa.CheckConstraint(
            "(registered_lon IS NULL) = (registered_lat IS NULL)", name=op.f("ck_checkpoint_registered_whole")
        ),
        sa.CheckConstraint("radius_m BETWEEN 30 AND 2000", name=op.f("ck_checkpoint_radius_range")),
        sa.ForeignKeyConstraint(
            ["backup_officer_id"], ["user_account.id"], name=op.f("fk_checkpoint_backup_officer_id")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_checkpoint_customer_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_checkpoint_officer_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_checkpoint_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
        sa.UniqueConstraint("code", name=op.f("uq_checkpoint_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_checkpoint_public_id")),
    )
    op.create_index(op.f("ix_checkpoint_customer_id"), "checkpoint", ["customer_id"], unique=False)
    op.create_index("ix_checkpoint_location", "checkpoint", ["location_lat", "location_lon"], unique=False)
    op.create_index(op.f("ix_checkpoint_officer_id"), "checkpoint", ["officer_id"], unique=False)
    op.create_index(op.f("ix_checkpoint_organisation_id"), "checkpoint", ["organisation_id"], unique=False)
    op.create_table(
        "checkpoint_assignment",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_assignment_checkpoint_id")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["user_account.id"], name=op.f("fk_checkpoint_assignment_officer_id")),
        sa.PrimaryKeyConstraint("checkpoint_id", "officer_id", "valid_from", name=op.f("pk_checkpoint_assignment")),
    )
    op.create_table(
        "checkpoint_loan",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_loan_checkpoint_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_checkpoint_loan_loan_id")),
        sa.PrimaryKeyConstraint("checkpoint_id", "loan_id", name=op.f("pk_checkpoint_loan")),
    )
    op.create_table(
        "checkpoint_location",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("bound_by", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("photo_media_id", sa.Uuid(), nullable=True),
        sa.Column("fixes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('confirmed', 'provisional', 'superseded', 'rejected')",
            name=op.f("ck_checkpoint_location_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> bound_by", name=op.f("ck_checkpoint_location_binder_never_decides")
        ),
        sa.ForeignKeyConstraint(["bound_by"], ["user_account.id"], name=op.f("fk_checkpoint_location_bound_by")),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_location_checkpoint_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_checkpoint_location_decided_by")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_checkpoint_location_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint_location")),
        sa.UniqueConstraint(
            "checkpoint_id",
            "generation",
            "device_id",
            "bound_at",
            name=op.f("uq_checkpoint_location_checkpoint_id_generation_device_id_bound_at"),
        ),
    )
    op.create_index(
        "uq_checkpoint_location_standing",
        "checkpoint_location",
        ["checkpoint_id"],
        unique=True,
        postgresql_where=sa.text("status = 'confirmed' AND valid_to IS NULL"),
    )
    op.create_table(
        "checkpoint_plate",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_plate_checkpoint_id")),
        sa.PrimaryKeyConstraint("checkpoint_id", "generation", name=op.f("pk_checkpoint_plate")),
    )
    op.create_table(
        "checkpoint_reset",
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reset_by", sa.Uuid(), nullable=False),
        sa.Column("reset_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=op.f("fk_checkpoint_reset_checkpoint_id")),
        sa.ForeignKeyConstraint(["reset_by"], ["user_account.id"], name=op.f("fk_checkpoint_reset_reset_by")),
        sa.PrimaryKeyConstraint("checkpoint_id", "generation", name=op.f("pk_checkpoint_reset")),
    )
    for statement in sync_triggers("checkpoint", "checkpoint"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("checkpoint_reset")
    op.drop_table("checkpoint_plate")
    op.drop_table("checkpoint_location")
    op.drop_table("checkpoint_loan")
    op.drop_table("checkpoint_assignment")
    op.drop_table("checkpoint")
