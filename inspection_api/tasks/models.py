"""Tables of the tasks slice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from inspection_api.core.tables import Base, Identified, Versioned

_OPEN = text("state IN ('pending', 'in_progress')")


class Task(Identified, Versioned, Base):
    """One checkpoint to be visited in one period; ``period_start`` to ``window_end_on`` is when a visit closes it.

    ``organisation_id`` is the plan's, which answers for it. ``closed_by`` is the inspection that completed or exempted
    it, ``credit_from`` the first day whose earlier visit exempts it, ``makeup_until`` the last day of an allowed 补检.
    A ``backfilled`` task was made by a retroactive recompute and counts in no rate. ``overdue`` is never stored.
    A task comes from a rule, by its plan and episode, or from a campaign; of a campaign's the checkpoint's own
    organisation answers.
    What it names is checked per statement (core/references.py, migration 0065), but for its campaign.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index(
            "uq_task_episode_period",
            "episode_id",
            "kind",
            "loan_id",
            "period_start",
            unique=True,
            postgresql_where=text("episode_id IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_task_open_period",
            "rule_id",
            "checkpoint_id",
            "kind",
            "loan_id",
            "period_start",
            unique=True,
            postgresql_where=text("rule_id IS NOT NULL AND state IN ('pending', 'in_progress')"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_task_campaign_id_checkpoint_id",
            "campaign_id",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('regular', 'exit', 'initial', 'campaign')", name="kind_known"),
        CheckConstraint("(kind = 'campaign') = (campaign_id IS NOT NULL)", name="campaign_named"),
        CheckConstraint(
            "num_nonnulls(plan_id, rule_id, rule_version, episode_id) = CASE WHEN kind = 'campaign' THEN 0 ELSE 4 END",
            name="rule_or_campaign",
        ),
        CheckConstraint(
            "state IN ('pending', 'in_progress', 'done', 'done_late', 'missed', 'cancelled', 'exempt')",
            name="state_known",
        ),
        CheckConstraint("inspection_type IN ('existing', 'new', 'exit', 'special')", name="inspection_type_known"),
        CheckConstraint("makeup_until > window_end_on", name="makeup_after_window"),
        CheckConstraint("period_start <= period_end AND period_end <= window_end_on", name="days_in_order"),
        CheckConstraint(
            "state NOT IN ('done', 'done_late') OR (closed_by IS NOT NULL AND performed_on IS NOT NULL)",
            name="done_by_a_visit",
        ),
        Index("ix_task_checkpoint_id_period_start", "checkpoint_id", "period_start"),
        Index("ix_task_organisation_id_due_on", "organisation_id", "due_on"),
        Index("ix_task_open_window_end_on", "window_end_on", postgresql_where=_OPEN),
        Index("ix_task_closed_by", "closed_by", postgresql_where=text("closed_by IS NOT NULL")),
        Index("ix_task_due_on_id", "due_on", "id"),
    )

    plan_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    episode_id: Mapped[UUID | None]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    checkpoint_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    loan_id: Mapped[UUID | None]
    kind: Mapped[str]
    inspection_type: Mapped[str] = mapped_column(server_default=text("'existing'"))
    backfilled: Mapped[bool] = mapped_column(server_default=text("false"))
    period_start: Mapped[date]
    period_end: Mapped[date]
    due_on: Mapped[date]
    window_end_on: Mapped[date]
    makeup_until: Mapped[date | None]
    credit_from: Mapped[date | None]
    organisation_id: Mapped[UUID]
    officer_id: Mapped[UUID | None]
    template_version_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason: Mapped[str | None]
    closed_by: Mapped[UUID | None]
    performed_on: Mapped[date | None]
    overdue: Mapped[bool | None] = query_expression()
    checkpoint_name: Mapped[str | None] = query_expression()
    customer_name: Mapped[str | None] = query_expression()
    officer_name: Mapped[str | None] = query_expression()


class Campaign(Identified, Base):
    """专项检查: one visit to every checkpoint that its filter finds when it is made, from ``start_on`` to ``due_on``.

    ``filling`` and ``cancelling`` campaigns are worked off in portions; then they are ``open`` and ``cancelled``.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name", name="uq_campaign_name"),
        CheckConstraint("status IN ('filling', 'open', 'cancelling', 'cancelled')", name="status_known"),
        CheckConstraint("start_on <= due_on", name="days_in_order"),
        CheckConstraint(
            "(status IN ('filling', 'open')) = (cancelled_by IS NULL)"
            " AND num_nulls(cancelled_by, cancelled_at, cancel_reason) IN (0, 3)",
            name="cancelled_whole",
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    template_id: Mapped[UUID] = mapped_column(ForeignKey("template.id"))
    start_on: Mapped[date]
    due_on: Mapped[date]
    filters: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default=text("'filling'"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    cancelled_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class RuleRecompute(Identified, Base):
    """A retroactive edit: a rule's terms of now from a day of the past on, by two persons (domain.md §1.10.3).

    ``difference`` is what the proposer was shown: the counts of ``create``, ``cancel`` and ``keep``, and the first few
    of the tasks concerned as ``items``.
    """

    __tablename__ = "rule_recompute"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'approved', 'refused')", name="status_known"),
        CheckConstraint(
            "(status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided_whole",
        ),
        CheckConstraint("decided_by <> proposed_by", name="proposer_never_decides"),
        ForeignKeyConstraint(
            ["rule_id", "rule_version"],
            ["inspection_rule_version.rule_id", "inspection_rule_version.number"],
            name="fk_rule_recompute_rule_version",
        ),
        Index("ix_rule_recompute_rule_id", "rule_id"),
    )

    rule_id: Mapped[UUID]
    rule_version: Mapped[int]
    since: Mapped[date]
    reason: Mapped[str]
    difference: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]


class Visit(Identified, Base):
    """One accepted inspection, as tasks and figures need it; ``counted`` when it completed or exempted ``task_id``.

    ``officer_id`` is its inspection's, and checked there.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("channel IN ('onsite', 'remote', 'self')", name="channel_known"),
        CheckConstraint("NOT counted OR task_id IS NOT NULL", name="counted_for_a_task"),
        Index("ix_visit_checkpoint_id_performed_on", "checkpoint_id", "performed_on"),
        Index("ix_visit_task_id", "task_id"),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    template_family: Mapped[str]
    channel: Mapped[str]
    performed_on: Mapped[date]
    inspection_id: Mapped[UUID] = mapped_column(unique=True)
    officer_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"))
    counted: Mapped[bool]
    accepted_at: Mapped[datetime]


class VisitAttempt(Identified, Versioned, Base):
    """An officer stood at the door in vain: nobody was there, or he was not let in. It never closes a task."""

    __tablename__ = "visit_attempt"
    __table_args__ = (
        CheckConstraint("reason IN ('unmet', 'refused')", name="reason_known"),
        Index("ix_visit_attempt_task_id", "task_id"),
        Index("ix_visit_attempt_checkpoint_id_performed_at", "checkpoint_id", "performed_at"),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    reason: Mapped[str]
    note: Mapped[str | None]
    judgement: Mapped[dict[str, Any]]
    performed_at: Mapped[datetime]
    received_at: Mapped[datetime]
