"""Remember who voided a print, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_WHOLE = "num_nulls(voided_by, void_reason) IN (0, 2) AND (voided_by IS NULL OR status = 'voided')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("paper_print", sa.Column("voided_by", sa.Uuid(), nullable=True))
    op.add_column("paper_print", sa.Column("void_reason", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_paper_print_voided_by"), "paper_print", "user_account", ["voided_by"], ["id"])
    op.create_check_constraint(op.f("ck_paper_print_void_told_whole"), "paper_print", _WHOLE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_paper_print_void_told_whole"), "paper_print")
    op.drop_column("paper_print", "void_reason")
    op.drop_column("paper_print", "voided_by")
