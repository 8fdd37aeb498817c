"""The table of the notifications slice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class InboxItem(Identified, Versioned, Base):
    """What one person is told of one step: a row of `rules/steps.py`, by its ``code``; ``key`` is that step's own.

    ``text`` names nobody, so nothing in it must ever be erased; names come from the ids when it is read. An item that
    ``asks`` wants a decision, until ``settled_at``. ``target_kind`` and ``target_id`` say what it is about.
    """

    __tablename__ = "inbox_item"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        CheckConstraint("settled_at IS NULL OR asks", name="settled_if_it_asks"),
        Index("ix_inbox_item_user_id_id", "user_id", "id"),
        Index("ix_inbox_item_unread", "user_id", "code", postgresql_where=text("read_at IS NULL")),
        Index("ix_inbox_item_asking", "target_id", postgresql_where=text("asks AND settled_at IS NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    key: Mapped[str]
    code: Mapped[str]
    asks: Mapped[bool]
    text: Mapped[str]
    target_kind: Mapped[str]
    target_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID | None]
    inspection_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
