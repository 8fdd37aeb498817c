"""Tables of the plans slice."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.periods import Unit, WindowMode
from inspection_api.core.tables import Base, Identified
from inspection_api.plans.rules import Channel, ExitRule, FirstRule, PlanTerms, Rule


class InspectionRule(Identified, Base):
    """A global rule (全局规则) of an owner organisation; the columns are the form's fields (domain.md §1.1)."""

    __tablename__ = "inspection_rule"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        CheckConstraint("org_type IN ('province', 'branch', 'sub_branch', 'outlet')", name="org_type_known"),
        CheckConstraint("unit IN ('year', 'month', 'week', 'day')", name="unit_known"),
        CheckConstraint("interval BETWEEN 1 AND 366", name="interval_in_range"),
        CheckConstraint("end_on >= start_on", name="dates_in_order"),
        CheckConstraint("window_mode IN ('calendar', 'anchored')", name="window_mode_known"),
        CheckConstraint("first_rule IN ('current', 'next')", name="first_rule_known"),
        CheckConstraint("first_grace_days BETWEEN 0 AND 366", name="first_grace_days_in_range"),
        CheckConstraint("exit_rule IN ('current', 'next')", name="exit_rule_known"),
        CheckConstraint("history_valid BETWEEN 0 AND 366", name="history_valid_in_range"),
        CheckConstraint("history_unit IN ('day', 'month', 'year')", name="history_unit_known"),
        CheckConstraint("min_gap_days BETWEEN 0 AND 366", name="min_gap_days_in_range"),
        CheckConstraint("late_sync_hours BETWEEN 0 AND 8760", name="late_sync_hours_in_range"),
        CheckConstraint(
            "cardinality(channels) > 0 AND channels <@ ARRAY['onsite', 'remote', 'self']", name="channels_known"
        ),
        CheckConstraint("version > 0", name="version_counts"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    org_type: Mapped[str]
    template_id: Mapped[UUID] = mapped_column(ForeignKey("template.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    start_on: Mapped[date]
    end_on: Mapped[date | None]
    unit: Mapped[str]
    interval: Mapped[int]
    window_mode: Mapped[str]
    auto_join: Mapped[bool]
    auto_create_plan: Mapped[bool]
    first_rule: Mapped[str]
    first_grace_days: Mapped[int]
    exit_rule: Mapped[str]
    history_valid: Mapped[int]
    history_unit: Mapped[str]
    min_gap_days: Mapped[int]
    late_sync_hours: Mapped[int]
    channels: Mapped[list[str]]

    @property
    def terms(self) -> Rule:
        """Return the rule as the value that the pure functions take."""
        return Rule(
            start=self.start_on,
            end=self.end_on,
            unit=Unit(self.unit),
            interval=self.interval,
            window_mode=WindowMode(self.window_mode),
            auto_join=self.auto_join,
            auto_create_plan=self.auto_create_plan,
            first_rule=FirstRule(self.first_rule),
            first_grace_days=self.first_grace_days,
            exit_rule=ExitRule(self.exit_rule),
            history_valid=self.history_valid,
            history_unit=Unit(self.history_unit),
            min_gap_days=self.min_gap_days,
            late_sync_hours=self.late_sync_hours,
            channels=tuple(Channel(channel) for channel in self.channels),
        )


class Plan(Identified, Base):
    """A rule in one organisation, which answers for its tasks."""

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("rule_id", "organisation_id"),
        CheckConstraint("end_on >= start_on", name="dates_in_order"),
        Index("ix_plan_organisation_id", "organisation_id"),
    )

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_rule.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    start_on: Mapped[date]
    end_on: Mapped[date | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    recorded_on: Mapped[date]

    @property
    def terms(self) -> PlanTerms:
        """Return the plan's days as the value that the pure functions take."""
        return PlanTerms(start=self.start_on, end=self.end_on, recorded_on=self.recorded_on)


class PlanMembership(Identified, Base):
    """One episode: a checkpoint's stay in a plan, from ``joined_on`` until ``left_on`` (None: still there)."""

    __tablename__ = "plan_membership"
    __table_args__ = (
        CheckConstraint("source IN ('auto', 'manual')", name="source_known"),
        Index(
            "uq_plan_membership_open",
            "plan_id",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("left_on IS NULL"),
        ),
        Index("ix_plan_membership_checkpoint_id", "checkpoint_id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id"))
    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    source: Mapped[str]
    recorded_on: Mapped[date]
