"""Let a rule say in which role its visits are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_KNOWN = (
    "performing_role IN ('province_manager', 'branch_manager', 'sub_branch_manager', 'loan_officer',"
    " 'exception_handler', 'risk_manager')"
)
_TABLES = ("inspection_rule", "inspection_rule_version")

# Whose a task is: the officer of its checkpoint, its exception handler, or of the managers and others in the rule's
# role who cover its organisation the nearest one, of these who has the role for longest.
_PERFORMER = """
CREATE FUNCTION performer_of(checkpoint_id uuid, role text, on_day date) RETURNS uuid
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT CASE coalesce($2, 'loan_officer')
           WHEN 'loan_officer' THEN c.officer_id
           WHEN 'exception_handler' THEN c.exception_handler_id
           ELSE (SELECT h.user_id
                 FROM organisation o
                 JOIN organisation above ON starts_with(o.path, above.path)
                 JOIN role_assignment h ON h.organisation_id = above.id AND h.role = $2
                      AND h.valid_from <= $3 AND (h.valid_to IS NULL OR h.valid_to >= $3)
                 JOIN user_account u ON u.id = h.user_id AND u.disabled_at IS NULL
                 WHERE o.id = c.organisation_id
                 ORDER BY length(above.path) DESC, h.valid_from, h.user_id LIMIT 1)
           END
    FROM checkpoint c WHERE c.id = $1
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _TABLES:
        op.add_column(table, sa.Column("performing_role", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_inspection_rule_performing_role_known"), "inspection_rule", _KNOWN)
    op.execute(_PERFORMER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION performer_of(uuid, text, date)")
    op.drop_constraint(op.f("ck_inspection_rule_performing_role_known"), "inspection_rule")
    for table in _TABLES:
        op.drop_column(table, "performing_role")
