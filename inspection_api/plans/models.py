"""Tables of the plans slice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.periods import Unit, WindowMode
from inspection_api.core.tables import Base, Identified
from inspection_api.plans.rules import (
    Channel,
    DueRoll,
    ExitCheck,
    ExitRule,
    FirstRule,
    InspectionType,
    PlanTerms,
    Rule,
    Version,
)


class Terms:
    """The columns of a rule's form (domain.md §1.1); its row holds the latest, each version its own.

    ``exit_overrides`` maps a type of exit to ``{"interval", "unit", "count"}`` where its checks differ (§1.6).
    """

    template_id: Mapped[UUID] = mapped_column(ForeignKey("template.id"))
    inspection_type: Mapped[str] = mapped_column(server_default=text("'existing'"))
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
    exit_interval: Mapped[int] = mapped_column(server_default=text("0"))
    exit_unit: Mapped[str] = mapped_column(server_default=text("'month'"))
    exit_count: Mapped[int] = mapped_column(server_default=text("0"))
    exit_overrides: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    history_valid: Mapped[int]
    history_unit: Mapped[str]
    due_roll: Mapped[str] = mapped_column(server_default=text("'none'"))
    makeup_days: Mapped[int] = mapped_column(server_default=text("0"))
    min_gap_days: Mapped[int]
    late_sync_hours: Mapped[int]
    new_within_days: Mapped[int] = mapped_column(server_default=text("15"))
    per_loan: Mapped[bool] = mapped_column(server_default=text("false"))
    performing_role: Mapped[str | None]
    channels: Mapped[list[str]]

    @property
    def terms(self) -> Rule:
        """Return the terms as the value that the pure functions take."""
        return Rule(
            start=self.start_on,
            end=self.end_on,
            inspection_type=InspectionType(self.inspection_type),
            unit=Unit(self.unit),
            interval=self.interval,
            window_mode=WindowMode(self.window_mode),
            auto_join=self.auto_join,
            auto_create_plan=self.auto_create_plan,
            first_rule=FirstRule(self.first_rule),
            first_grace_days=self.first_grace_days,
            exit_rule=ExitRule(self.exit_rule),
            exit_check=ExitCheck(interval=self.exit_interval, unit=Unit(self.exit_unit), count=self.exit_count),
            exit_checks={
                exit_type: ExitCheck(interval=check["interval"], unit=Unit(check["unit"]), count=check["count"])
                for exit_type, check in self.exit_overrides.items()
            },
            history_valid=self.history_valid,
            history_unit=Unit(self.history_unit),
            due_roll=DueRoll(self.due_roll),
            makeup_days=self.makeup_days,
            min_gap_days=self.min_gap_days,
            late_sync_hours=self.late_sync_hours,
            new_within_days=self.new_within_days,
            per_loan=self.per_loan,
            performing_role=self.performing_role,
            channels=tuple(Channel(channel) for channel in self.channels),
        )


TERMS = tuple(name for name in Terms.__annotations__)
"""The names of a rule's terms, in the order of the form."""


class InspectionRule(Terms, Identified, Base):
    """A global rule (全局规则) of an owner organisation, with the terms of its latest version."""

    __tablename__ = "inspection_rule"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        CheckConstraint("org_type IN ('province', 'branch', 'sub_branch', 'outlet')", name="org_type_known"),
        CheckConstraint("inspection_type IN ('existing', 'new', 'exit', 'special')", name="inspection_type_known"),
        CheckConstraint("unit IN ('year', 'month', 'week', 'day')", name="unit_known"),
        CheckConstraint("interval BETWEEN 1 AND 366", name="interval_in_range"),
        CheckConstraint("end_on >= start_on", name="dates_in_order"),
        CheckConstraint("window_mode IN ('calendar', 'anchored')", name="window_mode_known"),
        CheckConstraint("first_rule IN ('current', 'next')", name="first_rule_known"),
        CheckConstraint("first_grace_days BETWEEN 0 AND 366", name="first_grace_days_in_range"),
        CheckConstraint("exit_rule IN ('current', 'next')", name="exit_rule_known"),
        CheckConstraint(
            "exit_count BETWEEN 0 AND 100 AND exit_interval BETWEEN 0 AND 366"
            " AND (exit_count = 0 OR exit_interval > 0)",
            name="exit_checks_whole",
        ),
        CheckConstraint("exit_unit IN ('day', 'month')", name="exit_unit_known"),
        CheckConstraint("history_valid BETWEEN 0 AND 366", name="history_valid_in_range"),
        CheckConstraint("history_unit IN ('day', 'month', 'year')", name="history_unit_known"),
        CheckConstraint("due_roll IN ('none', 'prev_workday', 'next_workday')", name="due_roll_known"),
        CheckConstraint("makeup_days BETWEEN 0 AND 366", name="makeup_days_in_range"),
        CheckConstraint("min_gap_days BETWEEN 0 AND 366", name="min_gap_days_in_range"),
        CheckConstraint("late_sync_hours BETWEEN 0 AND 8760", name="late_sync_hours_in_range"),
        CheckConstraint("new_within_days BETWEEN 0 AND 366", name="new_within_days_in_range"),
        CheckConstraint(
            "cardinality(channels) > 0 AND channels <@ ARRAY['onsite', 'remote', 'self']", name="channels_known"
        ),
        CheckConstraint(
            "performing_role IN ('province_manager', 'branch_manager', 'sub_branch_manager', 'loan_officer',"
            " 'exception_handler', 'risk_manager')",
            name="performing_role_known",
        ),
        CheckConstraint("version > 0", name="version_counts"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    org_type: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RuleVersion(Terms, Base):
    """The terms that a rule has from ``since`` on (None: from its beginning); what began before keeps its own."""

    __tablename__ = "inspection_rule_version"
    __table_args__ = (CheckConstraint("(number = 1) = (since IS NULL)", name="later_ones_switch"),)

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("inspection_rule.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[date | None]
    edited_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    edited_at: Mapped[datetime]

    @property
    def value(self) -> Version:
        """Return the version as the value that the pure functions take."""
        return Version(number=self.number, rule=self.terms, since=self.since)


class Plan(Identified, Base):
    """A rule in one organisation, which answers for its tasks.

    A ``detached`` plan has days of its own; the others follow their rule's.
    """

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
    detached: Mapped[bool] = mapped_column(server_default=text("false"))
    recorded_on: Mapped[date]

    @property
    def terms(self) -> PlanTerms:
        """Return the plan's days as the value that the pure functions take."""
        return PlanTerms(start=self.start_on, end=self.end_on, recorded_on=self.recorded_on)


class PlanMembership(Identified, Base):
    """One episode: a checkpoint's stay in a plan, from ``joined_on`` until ``left_on`` (None: still there).

    ``left_on`` of an exit is its effective date D, ``returned_on`` the day on which its re-activation was recorded.
    Every task that begins by ``generated_through`` has been made; None asks for a new look from the beginning, and
    ``recompute_from`` lets that look reach back to tasks that have begun (§1.10.3).
    """

    __tablename__ = "plan_membership"
    __table_args__ = (
        CheckConstraint("source IN ('auto', 'manual')", name="source_known"),
        CheckConstraint("left_reason IN ('exit', 'transferred', 'removed')", name="left_reason_known"),
        CheckConstraint("(left_on IS NULL) = (left_reason IS NULL)", name="left_whole"),
        CheckConstraint(
            "(left_reason IS NOT DISTINCT FROM 'exit') = (exit_type IS NOT NULL)"
            " AND (exit_type IS NULL) = (exit_approved_on IS NULL)",
            name="exit_whole",
        ),
        CheckConstraint("returned_on IS NULL OR exit_type IS NOT NULL", name="returned_from_exit"),
        Index(
            "uq_plan_membership_open",
            "plan_id",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("left_on IS NULL"),
        ),
        Index("ix_plan_membership_checkpoint_id", "checkpoint_id"),
        Index("ix_plan_membership_plan_id_generated_through", "plan_id", "generated_through"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id"))
    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    left_reason: Mapped[str | None]
    exit_type: Mapped[str | None]
    exit_approved_on: Mapped[date | None]
    returned_on: Mapped[date | None]
    source: Mapped[str]
    recorded_on: Mapped[date]
    generated_through: Mapped[date | None]
    recompute_from: Mapped[date | None]
