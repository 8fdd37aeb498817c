"""Let officers ask that a print be voided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

_FOREIGN = {
    "inspection_id": "inspection",
    "organisation_id": "organisation",
    "print_id": "paper_print",
    "requested_by": "user_account",
    "decided_by": "user_account",
}
_CHECKS = {
    "status_known": "status IN ('pending', 'approved', 'rejected', 'withdrawn', 'overtaken')",
    "decided_by_set": "(status IN ('approved', 'rejected')) = (decided_by IS NOT NULL)",
    "decided_at_set": "(status = 'pending') = (decided_at IS NULL)",
    "requester_never_decides": "decided_by <> requested_by",
    "rejected_with_reason": "status <> 'rejected' OR decision_reason IS NOT NULL",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "void_request",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("print_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("installation_id", sa.Uuid()),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("escalates_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decision_reason", sa.Text()),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_void_request_{name}")) for name, rule in _CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_void_request_{column}"))
            for column, table in _FOREIGN.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_void_request")),
        sa.UniqueConstraint(
            "requested_by", "idempotency_key", name=op.f("uq_void_request_requested_by_idempotency_key")
        ),
    )
    pending = sa.text("status = 'pending'")
    op.create_index("uq_void_request_pending", "void_request", ["number"], unique=True, postgresql_where=pending)
    op.create_index("ix_void_request_inspection_id", "void_request", ["inspection_id"])
    op.create_index("ix_void_request_open", "void_request", ["organisation_id"], postgresql_where=pending)
    op.create_index(
        "ix_void_request_escalating",
        "void_request",
        ["escalates_at"],
        postgresql_where=sa.text("status = 'pending' AND escalated_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("void_request")
