"""Keep what waits for a print station, and count wrong codes of a person at a station."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_CHECKS = {
    "kind_known": "kind IN ('paper', 'labels', 'plate')",
    "state_known": "state IN ('queued', 'released', 'printing', 'printed', 'failed', 'expired')",
    "paper_is_a_print": "(kind = 'paper') = (print_id IS NOT NULL)",
    "station_from_release_on": "state = 'expired' OR (state = 'queued') = (station_id IS NULL)",
    "release_whole": "(station_id IS NULL) = (released_at IS NULL)",
    "lease_while_printing": "(state = 'printing') = (lease_until IS NOT NULL)",
    "finished_at_set": "(state IN ('printed', 'failed', 'expired')) = (finished_at IS NOT NULL)",
    "failed_with_problem": "(state = 'failed') = (problem IS NOT NULL)",
    "attempts_count": "attempts >= 0",
}
_SCOPE = "ck_login_failure_scope_known"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "print_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("print_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_print_job_{name}")) for name, condition in _CHECKS.items()),
        sa.ForeignKeyConstraint(["print_id"], ["paper_print.id"], name=op.f("fk_print_job_print_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_print_job_requested_by")),
        sa.ForeignKeyConstraint(["station_id"], ["device.id"], name=op.f("fk_print_job_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_job")),
        sa.UniqueConstraint("requested_by", "idempotency_key", name=op.f("uq_print_job_requested_by_idempotency_key")),
    )
    _index("uq_print_job_print_once", ["print_id"], "state NOT IN ('failed', 'expired')", unique=True)
    op.create_index("ix_print_job_requested_by_id", "print_job", ["requested_by", "id"])
    _index("ix_print_job_station_open", ["station_id", "released_at"], "state IN ('released', 'printing')")
    _index("ix_print_job_expiring", ["expires_at"], "state IN ('queued', 'released', 'printing')")
    op.drop_constraint(op.f(_SCOPE), "login_failure")
    op.create_check_constraint(op.f(_SCOPE), "login_failure", "scope IN ('account', 'address', 'station')")


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, "print_job", columns, unique=unique, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM login_failure WHERE scope = 'station'")
    op.drop_constraint(op.f(_SCOPE), "login_failure")
    op.create_check_constraint(op.f(_SCOPE), "login_failure", "scope IN ('account', 'address')")
    op.drop_table("print_job")
