"""Create what devices only ever add: attempts at a visit, comments on records, feedback on alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from inspection_api.core.feed import sync_triggers

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_attempts()
    _create_comments()
    op.create_table(
        "alert_feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('normal', 'watch', 'major_risk')", name=op.f("ck_alert_feedback_verdict_known")
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_feedback_alert_id")),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_alert_feedback_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_feedback")),
    )
    op.create_index("ix_alert_feedback_alert_id", "alert_feedback", ["alert_id"])
    for table, entity in (("visit_attempt", "visit_attempt"), ("inspection_comment", "comment")):
        for statement in sync_triggers(table, entity):
            op.execute(statement)


def _create_attempts() -> None:
    foreign = ("checkpoint_id", "checkpoint"), ("task_id", "task"), ("organisation_id", "organisation")
    people = ("officer_id", "user_account"), ("device_id", "device")
    op.create_table(
        "visit_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("judgement", postgresql.JSONB(), nullable=False),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('unmet', 'refused')", name=op.f("ck_visit_attempt_reason_known")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_visit_attempt_{column}"))
            for column, table in (*foreign, *people)
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_attempt")),
    )
    op.create_index("ix_visit_attempt_task_id", "visit_attempt", ["task_id"])
    op.create_index("ix_visit_attempt_checkpoint_id_performed_at", "visit_attempt", ["checkpoint_id", "performed_at"])


def _create_comments() -> None:
    op.create_table(
        "inspection_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_comment_inspection_id")),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_inspection_comment_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_comment")),
    )
    op.create_index("ix_inspection_comment_inspection_id", "inspection_comment", ["inspection_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("alert_feedback", "inspection_comment", "visit_attempt"):
        op.drop_table(table)
