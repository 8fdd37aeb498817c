"""Keep inboxes: one item for every person and step, which his devices hold too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inspection_api.core.feed import dropped_triggers, sync_triggers, truncate_trigger

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

_OPTIONAL_IDS = ("checkpoint_id", "inspection_id", "organisation_id", "actor_id")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "inbox_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in _OPTIONAL_IDS),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("settled_at IS NULL OR asks", name=op.f("ck_inbox_item_settled_if_it_asks")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_inbox_item_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_item")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_inbox_item_user_id_key")),
    )
    op.create_index("ix_inbox_item_user_id_id", "inbox_item", ["user_id", "id"])
    op.create_index(
        "ix_inbox_item_unread", "inbox_item", ["user_id", "code"], postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_index(
        "ix_inbox_item_asking",
        "inbox_item",
        ["target_id"],
        postgresql_where=sa.text("asks AND settled_at IS NULL"),
    )
    for statement in (*sync_triggers("inbox_item", "inbox_item"), truncate_trigger("inbox_item")):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM access_grant WHERE entity = 'inbox_item'")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the feed has taken note; its tables may be altered behind this
    for statement in dropped_triggers("inbox_item"):
        op.execute(statement)
    op.drop_table("inbox_item")
