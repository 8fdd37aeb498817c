"""Tables of the accounts slice."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Organisation(Identified, Versioned, Base):
    """A node of the bank's tree; ``path`` holds the codes from the root (``/61/6101/``)."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("kind IN ('province', 'branch', 'sub_branch', 'outlet')", name="kind_known"),
        CheckConstraint("code ~ '^[A-Za-z0-9]{1,20}$'", name="code_form"),
        Index("uq_organisation_code_lower", text("lower(code)"), unique=True),
        Index("ix_organisation_path", "path", unique=True, postgresql_ops={"path": "text_pattern_ops"}),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    path: Mapped[str]
    closed_on: Mapped[date | None]


class UserAccount(Identified, Versioned, Base):
    """A person who may log in; ``organisation_id`` is where he belongs.

    ``staff_number`` is the bank's own (工号): accounts that share it are one person's.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        Index("ix_user_account_staff_number", "staff_number", postgresql_where=text("staff_number IS NOT NULL")),
    )

    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    password_hash: Mapped[str]
    staff_number: Mapped[str | None]
    disabled_at: Mapped[datetime | None]


class RoleAssignment(Identified, Base):
    """A role in an organisation's subtree, from ``valid_from`` to ``valid_to`` inclusive (None: open)."""

    __tablename__ = "role_assignment"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    role: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Device(Identified, Versioned, Base):
    """A phone of one user for ever, or a machine of an organisation (print station, board, gateway).

    ``installation_id`` is the browser or program that enrolled it, as its session knew it.
    """

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("kind IN ('officer', 'print_station', 'board', 'gateway')", name="kind_known"),
        CheckConstraint("status IN ('pending', 'approved', 'revoked')", name="status_known"),
        CheckConstraint("(kind = 'officer') = (user_id IS NOT NULL)", name="owner_by_kind"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    installation_id: Mapped[UUID | None]
    created_at: Mapped[datetime]


class SessionToken(Identified, Base):
    """A login, or a machine's token; only the hash of its secret is stored.

    ``installation_id`` says where somebody logged in: the browser or the program, whoever uses it. It proves
    nothing. ``agent`` is what that program calls itself.
    """

    __tablename__ = "session_token"
    __table_args__ = (CheckConstraint("(user_id IS NULL) <> (device_id IS NULL)", name="one_holder"),)

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"), index=True)
    agent: Mapped[str | None]
    installation_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginFailure(Base):
    """Failed logins of an account or an address, codes of a person at a station; by MAC, so that none is named."""

    __tablename__ = "login_failure"
    __table_args__ = (CheckConstraint("scope IN ('account', 'address', 'station')", name="scope_known"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


class AccessGrant(Base):
    """One thing that one user holds: the union of these rows is his devices' working set (sync.md §5)."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_entity_id", "entity_id", "entity"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
