"""Freeze a month's figures, and note each change that comes afterwards with its day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_COUNTS = ("due", "completed", "on_time", "overdue", "special", "special_completed")
_COVERED = ("checkpoints", "covered_checkpoints", "customers", "covered_customers")
_AMOUNTS = ("balance", "covered_balance")

_SIDE = """
        SELECT id, organisation_id, checkpoint_id, date_trunc('month', due_on)::date AS month,
               inspection_type = 'special' AS special,
               CASE WHEN state IN ('done', 'done_late') THEN state ELSE 'overdue' END AS outcome
        FROM {table} WHERE NOT backfilled AND state NOT IN ('cancelled', 'exempt')"""
_NOTHING = """
        SELECT NULL::uuid AS id, NULL::uuid AS organisation_id, NULL::uuid AS checkpoint_id, NULL::date AS month,
               NULL::boolean AS special, NULL::text AS outcome WHERE false"""
_NOTE_TASKS = """
    INSERT INTO month_adjustment (organisation_id, month, task_id, checkpoint_id, special, was, became)
    SELECT f.organisation_id, f.month, coalesce(a.id, b.id), coalesce(a.checkpoint_id, b.checkpoint_id),
           coalesce(a.special, b.special), b.outcome, a.outcome
    FROM ({before}) b
    FULL JOIN ({after}) a
      ON (a.id, a.organisation_id, a.month, a.special) = (b.id, b.organisation_id, b.month, b.special)
    JOIN month_figure f
      ON f.organisation_id = coalesce(a.organisation_id, b.organisation_id) AND f.month = coalesce(a.month, b.month)
    WHERE a.outcome IS DISTINCT FROM b.outcome;
"""
_NOTE_VISITS = """
    INSERT INTO month_adjustment (organisation_id, month, checkpoint_id, became)
    SELECT f.organisation_id, f.month, v.checkpoint_id, 'seen'
    FROM (SELECT DISTINCT checkpoint_id, date_trunc('month', performed_on)::date AS month FROM came) v
    JOIN checkpoint c ON c.id = v.checkpoint_id
    JOIN month_figure f ON f.organisation_id = c.organisation_id AND f.month = v.month
    WHERE NOT EXISTS (SELECT 1 FROM visit o WHERE o.checkpoint_id = v.checkpoint_id
                      AND o.performed_on >= v.month AND o.performed_on < v.month + interval '1 month'
                      AND o.id NOT IN (SELECT id FROM came));
"""
_TASK_EVENTS = {
    "insert": ("NEW TABLE AS came", _NOTHING, _SIDE.format(table="came")),
    "update": ("OLD TABLE AS gone NEW TABLE AS came", _SIDE.format(table="gone"), _SIDE.format(table="came")),
    "delete": ("OLD TABLE AS gone", _SIDE.format(table="gone"), _NOTHING),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for event, (tables, before, after) in _TASK_EVENTS.items():
        _watch("task", event, tables, _NOTE_TASKS.format(before=before, after=after))
    _watch("visit", "insert", "NEW TABLE AS came", _NOTE_VISITS)


def _watch(table: str, event: str, tables: str, note: str) -> None:
    name = f"{table}_adjust_{event}"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN{note}    RETURN NULL;\nEND $$")
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _create_tables() -> None:
    op.create_table(
        "month_closing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Uuid()),
        sa.Column("reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("review_note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_closing")),
        sa.UniqueConstraint("organisation_id", "month", name=op.f("uq_month_closing_organisation_id_month")),
        *_foreign_keys(
            "month_closing", organisation_id="organisation", closed_by="user_account", reviewed_by="user_account"
        ),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_month_closing_month_by_its_first_day")),
        sa.CheckConstraint("(reviewed_by IS NULL) = (reviewed_at IS NULL)", name=op.f("ck_month_closing_review_whole")),
        sa.CheckConstraint("reviewed_by <> closed_by", name=op.f("ck_month_closing_closer_never_reviews")),
    )
    op.create_table(
        "month_figure",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closing_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*_COUNTS, *_COVERED)),
        *(sa.Column(name, sa.Numeric(20, 2), nullable=False) for name in _AMOUNTS),
        sa.PrimaryKeyConstraint("organisation_id", "month", name=op.f("pk_month_figure")),
        *_foreign_keys("month_figure", organisation_id="organisation", closing_id="month_closing"),
    )
    op.create_index("ix_month_figure_closing_id", "month_figure", ["closing_id"])
    op.create_table(
        "month_adjustment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("special", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("was", sa.Text()),
        sa.Column("became", sa.Text()),
        sa.Column("adjusted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_adjustment")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "month"],
            ["month_figure.organisation_id", "month_figure.month"],
            name="fk_month_adjustment_figure",
        ),
        sa.CheckConstraint("was IS DISTINCT FROM became", name=op.f("ck_month_adjustment_changed")),
    )
    op.create_index("ix_month_adjustment_organisation_id_month", "month_adjustment", ["organisation_id", "month"])


def _foreign_keys(table: str, **parents: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, parent in parents.items()
    ]


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in (*(f"task_adjust_{event}" for event in _TASK_EVENTS), "visit_adjust_insert"):
        op.execute(f"DROP FUNCTION {name} CASCADE")
    for table in ("month_adjustment", "month_figure", "month_closing"):
        op.drop_table(table)
