"""Tables of the templates slice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Template(Identified, Versioned, Base):
    """A form with a history; visits of one ``family`` stand in for one another (domain.md §1.7)."""

    __tablename__ = "template"
    __table_args__ = (CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,39}$'", name="code_form"),)

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    family: Mapped[str]


class TemplateVersion(Identified, Versioned, Base):
    """One edition of a template; a trigger keeps a published one from ever changing.

    ``authors`` are all who wrote it or proposed it: another person publishes it.
    """

    __tablename__ = "template_version"
    __table_args__ = (
        UniqueConstraint("template_id", "number"),
        CheckConstraint("status IN ('draft', 'proposed', 'published')", name="status_known"),
        CheckConstraint("(status = 'published') = (published_at IS NOT NULL)", name="published_at_set"),
        CheckConstraint("NOT published_by = ANY (authors)", name="authors_never_publish"),
        Index("uq_template_version_draft", "template_id", unique=True, postgresql_where=text("status <> 'published'")),
    )

    template_id: Mapped[UUID] = mapped_column(ForeignKey("template.id"))
    number: Mapped[int]
    status: Mapped[str]
    definition: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    authors: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default="{}")
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    published_at: Mapped[datetime | None]
