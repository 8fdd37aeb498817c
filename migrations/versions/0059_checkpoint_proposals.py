"""Let officers propose checkpoints and changes of them (domain.md §6)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_CHECKS = {
    "kind_known": "kind IN ('create', 'edit')",
    "status_known": "status IN ('proposed', 'accepted', 'refused', 'withdrawn')",
    "proposer_never_decides": "decided_by <> proposed_by",
    "decided_by_somebody": "(decided_by IS NOT NULL) = (status IN ('accepted', 'refused'))",
    "ended_whole": "(status = 'proposed') = (ended_at IS NULL)",
    "refused_with_reason": "status <> 'refused' OR decision_note IS NOT NULL",
    "edit_has_version": "(kind = 'edit') = (base_version IS NOT NULL)",
    "checkpoint_named": "checkpoint_id IS NOT NULL OR (kind = 'create' AND status <> 'accepted')",
    "customer_named": "num_nonnulls(customer_id, new_customer) > 0",
}
_NAMES = {
    "organisation_id": "organisation.id",
    "checkpoint_id": "checkpoint.id",
    "customer_id": "customer.id",
    "proposed_by": "user_account.id",
    "decided_by": "user_account.id",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "checkpoint_proposal",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("proposed", postgresql.JSONB(), nullable=False),
        sa.Column("new_customer", postgresql.JSONB(), nullable=True),
        sa.Column("base_version", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_checkpoint_proposal_{name}"))
            for name, condition in _CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_checkpoint_proposal_{column}"))
            for column, target in _NAMES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint_proposal")),
    )
    for column in ("organisation_id", "proposed_by"):
        op.create_index(f"ix_checkpoint_proposal_{column}", "checkpoint_proposal", [column])
    op.create_index(
        "uq_checkpoint_proposal_open_edit",
        "checkpoint_proposal",
        ["checkpoint_id"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_index(
        "uq_checkpoint_proposal_open_code",
        "checkpoint_proposal",
        [sa.text("(proposed ->> 'code')")],
        unique=True,
        postgresql_where=sa.text("status = 'proposed' AND kind = 'create'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("checkpoint_proposal")
