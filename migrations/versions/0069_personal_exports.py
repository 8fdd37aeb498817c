"""Write down who takes people's names away, and let organisations set how much of it a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

_TERMS = {"alert_before_limit": "alert_rows BETWEEN 1 AND daily_rows", "daily_rows_range": "daily_rows <= 10000000"}
_REFERENCES = {"job_id": "job.id", "user_id": "user_account.id", "organisation_id": "organisation.id"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "personal_export",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in _REFERENCES),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_personal_export_rows_count")),
        *(
            sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_personal_export_{name}"))
            for name, target in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_personal_export")),
    )
    op.create_index("ix_personal_export_user_id_day", "personal_export", ["user_id", "day"])
    op.create_table(
        "export_terms",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("alert_rows", sa.Integer(), nullable=False),
        sa.Column("daily_rows", sa.Integer(), nullable=False),
        *(sa.CheckConstraint(check, name=op.f(f"ck_export_terms_{name}")) for name, check in _TERMS.items()),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_export_terms_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_export_terms")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("export_terms", "personal_export"):
        op.drop_table(table)
