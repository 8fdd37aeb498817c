"""Keep who voided a record, when and why; what a voided visit no longer covers is an adjustment of a closed month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

_COLUMNS = {"voided_by": sa.Uuid(), "voided_at": sa.DateTime(timezone=True), "void_reason": sa.Text()}
_CHECKS = {
    "voided_whole": "num_nulls(voided_by, voided_at, void_reason) = CASE state WHEN 'voided' THEN 0 ELSE 3 END",
    "officer_never_voids": "voided_by <> officer_id",
}
_NOTE_GONE = """
    CREATE FUNCTION visit_adjust_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO month_adjustment (organisation_id, month, checkpoint_id, was)
        SELECT f.organisation_id, f.month, v.checkpoint_id, 'seen'
        FROM (SELECT DISTINCT checkpoint_id, date_trunc('month', performed_on)::date AS month FROM gone) v
        JOIN checkpoint c ON c.id = v.checkpoint_id
        JOIN month_figure f ON f.organisation_id = c.organisation_id AND f.month = v.month
        WHERE NOT EXISTS (SELECT 1 FROM visit o WHERE o.checkpoint_id = v.checkpoint_id
                          AND o.performed_on >= v.month AND o.performed_on < v.month + interval '1 month');
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in _COLUMNS.items():
        op.add_column("inspection", sa.Column(name, kind))
    op.create_foreign_key(
        op.f("fk_inspection_voided_by_user_account"), "inspection", "user_account", ["voided_by"], ["id"]
    )
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_inspection_{name}"), "inspection", condition)
    op.execute(_NOTE_GONE)
    op.execute(
        "CREATE TRIGGER visit_adjust_delete AFTER DELETE ON visit REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION visit_adjust_delete()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION visit_adjust_delete CASCADE")
    for name in reversed(_CHECKS):
        op.drop_constraint(op.f(f"ck_inspection_{name}"), "inspection", type_="check")
    op.drop_constraint(op.f("fk_inspection_voided_by_user_account"), "inspection", type_="foreignkey")
    for name in reversed(_COLUMNS):
        op.drop_column("inspection", name)
