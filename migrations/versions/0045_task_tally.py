"""Keep the numbers of tasks by place, period and due day, so that completion reads thousands of rows, not millions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0042"
branch_labels = None
depends_on = None

_PLACE = "organisation_id, inspection_type, period_start, period_end, due_on"
_STATES = {
    "open": "state IN ('pending', 'in_progress')",
    "done": "state = 'done'",
    "done_late": "state = 'done_late'",
    "missed": "state = 'missed'",
}
_IN_PLACE = "NOT backfilled AND state NOT IN ('cancelled', 'exempt')"
_SUMS = {name: f"coalesce(sum(sign) FILTER (WHERE {state}), 0)" for name, state in _STATES.items()}

_TALLY = f"""
    INSERT INTO task_tally ({_PLACE}, {", ".join(_STATES)})
    SELECT {_PLACE}, {", ".join(_SUMS.values())} FROM ({{changed}}) changed
    WHERE {_IN_PLACE} GROUP BY {_PLACE} HAVING {" OR ".join(f"{total} <> 0" for total in _SUMS.values())};
"""  # noqa: S608 - constants of this file
_COLUMNS = f"{_PLACE}, state, backfilled"
_CAME = f"SELECT {_COLUMNS}, 1 AS sign FROM came"  # noqa: S608 - constants of this file
_GONE = f"SELECT {_COLUMNS}, -1 AS sign FROM gone"  # noqa: S608 - constants of this file
_EVENTS = {
    "insert": ("NEW TABLE AS came", _CAME),
    "update": ("OLD TABLE AS gone NEW TABLE AS came", f"{_CAME} UNION ALL {_GONE}"),
    "delete": ("OLD TABLE AS gone", _GONE),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "task_tally",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("inspection_type", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("period_start", "period_end", "due_on")),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in _STATES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_tally")),
    )
    op.create_index("ix_task_tally_organisation_id_due_on", "task_tally", ["organisation_id", "due_on"])
    op.create_index("ix_task_tally_organisation_id_period_end", "task_tally", ["organisation_id", "period_end"])
    for event, (tables, changed) in _EVENTS.items():
        op.execute(
            f"CREATE FUNCTION tally_task_{event}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            f"BEGIN{_TALLY.format(changed=changed)}    RETURN NULL;\nEND $$"
        )
        op.execute(
            f"CREATE TRIGGER task_tally_{event} AFTER {event} ON task REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION tally_task_{event}()"
        )
    op.execute(_TALLY.format(changed=f"SELECT {_COLUMNS}, 1 AS sign FROM task"))  # noqa: S608 - constants of this file


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for event in _EVENTS:
        op.execute(f"DROP FUNCTION tally_task_{event} CASCADE")
    op.drop_table("task_tally")
