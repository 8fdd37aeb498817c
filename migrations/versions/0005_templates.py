"""Create the tables of templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from inspection_api.core.feed import sync_triggers

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A used form is evidence: what was published stays as it was.
_FROZEN = """
CREATE FUNCTION template_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published template version never changes' USING ERRCODE = 'restrict_violation';
END $$
"""
_FROZEN_TRIGGER = """
CREATE TRIGGER template_version_frozen BEFORE UPDATE OR DELETE ON template_version
FOR EACH ROW WHEN (OLD.status = 'published') EXECUTE FUNCTION template_version_frozen()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "template",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,39}$'", name=op.f("ck_template_code_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("code", name=op.f("uq_template_code")),
    )
    op.create_table(
        "template_version",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)", name=op.f("ck_template_version_published_at_set")
        ),
        sa.CheckConstraint("status IN ('draft', 'published')", name=op.f("ck_template_version_status_known")),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_template_version_created_by")),
        sa.ForeignKeyConstraint(["published_by"], ["user_account.id"], name=op.f("fk_template_version_published_by")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_template_version_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_version")),
        sa.UniqueConstraint("template_id", "number", name=op.f("uq_template_version_template_id_number")),
    )
    op.create_index(
        "uq_template_version_draft",
        "template_version",
        ["template_id"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )
    op.execute(_FROZEN)
    op.execute(_FROZEN_TRIGGER)
    for statement in sync_triggers("template_version", "template_version", shared=True):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("template_version")
    op.drop_table("template")
    op.execute("DROP FUNCTION template_version_frozen()")
