"""Tables of the reports slice."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified


class TaskTally(Base):
    """What one statement did to the numbers of tasks, below zero too: a number is the sum over all rows of its place.

    Triggers on ``task`` write the rows in the same transaction (ADR 0017). Nobody updates a row, so that two officers
    of one organisation never wait for each other; the worker folds the rows of a place into one. Cancelled, exempt and
    backfilled tasks are in no row.
    """

    __tablename__ = "task_tally"
    __table_args__ = (
        Index("ix_task_tally_organisation_id_due_on", "organisation_id", "due_on"),
        Index("ix_task_tally_organisation_id_period_end", "organisation_id", "period_end"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organisation_id: Mapped[UUID]
    inspection_type: Mapped[str]
    period_start: Mapped[date]
    period_end: Mapped[date]
    due_on: Mapped[date]
    open: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    done_late: Mapped[int] = mapped_column(server_default=text("0"))
    missed: Mapped[int] = mapped_column(server_default=text("0"))


class MonthClosing(Identified, Base):
    """月结: the figures of an organisation and of all below it, frozen for a month by one person, reviewed by another.

    ``month`` is its first day.
    """

    __tablename__ = "month_closing"
    __table_args__ = (
        UniqueConstraint("organisation_id", "month"),
        CheckConstraint("extract(day FROM month) = 1", name="month_by_its_first_day"),
        CheckConstraint("(reviewed_by IS NULL) = (reviewed_at IS NULL)", name="review_whole"),
        CheckConstraint("reviewed_by <> closed_by", name="closer_never_reviews"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    month: Mapped[date]
    closed_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    closed_at: Mapped[datetime]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str | None]


class MonthFigure(Base):
    """What stood for one organisation by itself when its month was closed; the numbers are those of the reports."""

    __tablename__ = "month_figure"
    __table_args__ = (Index("ix_month_figure_closing_id", "closing_id"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    closing_id: Mapped[UUID] = mapped_column(ForeignKey("month_closing.id"))
    due: Mapped[int]
    completed: Mapped[int]
    on_time: Mapped[int]
    overdue: Mapped[int]
    special: Mapped[int]
    special_completed: Mapped[int]
    checkpoints: Mapped[int]
    covered_checkpoints: Mapped[int]
    customers: Mapped[int]
    covered_customers: Mapped[int]
    balance: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    covered_balance: Mapped[Decimal] = mapped_column(Numeric(20, 2))


class MonthCheckpoint(Base):
    """A checkpoint that an organisation had to see in a month, and whether it was ``seen``, when that was closed."""

    __tablename__ = "month_checkpoint"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "month"],
            ["month_figure.organisation_id", "month_figure.month"],
            name="fk_month_checkpoint_figure",
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen: Mapped[bool]


class MonthCustomer(Base):
    """A customer whom an organisation had to see in a month, likewise, and what was lent to him then, in 元."""

    __tablename__ = "month_customer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "month"],
            ["month_figure.organisation_id", "month_figure.month"],
            name="fk_month_customer_figure",
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen: Mapped[bool]
    balance: Mapped[Decimal] = mapped_column(Numeric(20, 2))


class MonthAdjustment(Base):
    """A change after its month was closed; triggers on ``task`` and ``visit`` write it in the same transaction.

    ``was`` and ``became`` are ``done``, ``done_late`` or ``overdue`` (open, or missed), None: not counted. A checkpoint
    that was seen in the month after all has no task and ``became`` ``seen``.
    """

    __tablename__ = "month_adjustment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "month"],
            ["month_figure.organisation_id", "month_figure.month"],
            name="fk_month_adjustment_figure",
        ),
        CheckConstraint("was IS DISTINCT FROM became", name="changed"),
        Index("ix_month_adjustment_organisation_id_month", "organisation_id", "month"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organisation_id: Mapped[UUID]
    month: Mapped[date]
    task_id: Mapped[UUID | None]
    checkpoint_id: Mapped[UUID]
    special: Mapped[bool] = mapped_column(server_default=text("false"))
    was: Mapped[str | None]
    became: Mapped[str | None]
    adjusted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
