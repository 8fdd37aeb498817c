"""Tables of the reports slice."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base


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
