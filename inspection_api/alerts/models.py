"""The table of the alerts slice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Alert(Identified, Versioned, Base):
    """One episode of one rule at one enterprise; ``subject_date`` is the day at whose close it fired first.

    Two axes (domain.md §5.5): ``condition`` is what the data say, ``handling`` what people decided.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 3", name="level_known"),
        CheckConstraint("condition IN ('active', 'cleared')", name="condition_known"),
        CheckConstraint(
            "handling IN ('new', 'confirmed', 'false_alarm_proposed', 'false_alarm')", name="handling_known"
        ),
        CheckConstraint("(condition = 'cleared') = (cleared_on IS NOT NULL)", name="cleared_on_set"),
        CheckConstraint("first_seen_on <= last_seen_on", name="seen_in_order"),
        CheckConstraint("handling = 'new' OR handled_by IS NOT NULL", name="handled_by_somebody"),
        UniqueConstraint("customer_id", "rule", "episode", name="uq_alert_customer_id_rule_episode"),
        Index(
            "uq_alert_active",
            "customer_id",
            "rule",
            unique=True,
            postgresql_where=text("condition = 'active'"),
        ),
        Index("ix_alert_organisation_id", "organisation_id"),
    )

    rule: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    level: Mapped[int]
    subject_date: Mapped[date]
    episode: Mapped[int]
    condition: Mapped[str]
    handling: Mapped[str]
    numbers: Mapped[dict[str, Any]]
    first_seen_on: Mapped[date]
    last_seen_on: Mapped[date]
    cleared_on: Mapped[date | None]
    count: Mapped[int]
    corrected: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    handled_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    handled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class AlertEscalation(Base):
    """A time at which somebody higher hears of an alert that nobody has reviewed, or answered; told once."""

    __tablename__ = "alert_escalation"
    __table_args__ = (
        CheckConstraint("wait IN ('review', 'feedback')", name="wait_known"),
        CheckConstraint("number >= 1", name="number_counts"),
        Index("ix_alert_escalation_due", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    wait: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class AlertFeedback(Identified, Base):
    """What somebody found behind an alert; it stays beside what others find later."""

    __tablename__ = "alert_feedback"
    __table_args__ = (
        CheckConstraint("verdict IN ('normal', 'watch', 'major_risk')", name="verdict_known"),
        Index("ix_alert_feedback_alert_id", "alert_id"),
    )

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    verdict: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
