"""Create the tables of media: declarations, running uploads, what was made from originals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("inspection_id", sa.Uuid(), nullable=True),
        sa.Column("item_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'declared'"), nullable=False),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.Column("captured", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'stored') = (stored_at IS NOT NULL)", name=op.f("ck_media_stored_at_set")),
        sa.CheckConstraint("kind IN ('photo', 'audio', 'video')", name=op.f("ck_media_kind_known")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_media_sha256_form")),
        sa.CheckConstraint(
            "status <> 'refused' OR refused_reason IS NOT NULL", name=op.f("ck_media_refused_with_reason")
        ),
        sa.CheckConstraint("status IN ('declared', 'stored', 'refused')", name=op.f("ck_media_status_known")),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_media_bytes_positive")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_media_device_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_media_organisation_id")),
        sa.ForeignKeyConstraint(["owner_user_id"], ["user_account.id"], name=op.f("fk_media_owner_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
    )
    op.create_index("ix_media_inspection_id", "media", ["inspection_id"], unique=False)
    op.create_index(
        "ix_media_open", "media", ["device_id"], unique=False, postgresql_where=sa.text("status = 'declared'")
    )
    op.create_index(op.f("ix_media_organisation_id"), "media", ["organisation_id"], unique=False)
    op.create_index("ix_media_sha256", "media", ["sha256"], unique=False)
    op.create_table(
        "media_derivative",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_media_derivative_media_id")),
        sa.PrimaryKeyConstraint("media_id", "kind", name=op.f("pk_media_derivative")),
    )
    op.create_table(
        "media_upload",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("received_bytes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name=op.f("ck_media_upload_lease_whole")),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_media_upload_media_id")),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_media_upload")),
    )
    op.create_index(op.f("ix_media_upload_expires_at"), "media_upload", ["expires_at"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("media_upload")
    op.drop_table("media_derivative")
    op.drop_table("media")
