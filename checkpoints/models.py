"""Tables of the checkpoints slice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from inspection_api.core.tables import Base, Identified, Versioned


class Checkpoint(Identified, Versioned, Base):
    """A place to be visited.

    ``location_lon`` and ``location_lat`` are the place that judges today, in WGS-84; None while unbound.
    ``distance_m`` is no column: how far it is from the point that a search asks about, None elsewhere.
    ``location_generation`` is the generation of the standing or the next binding: 1, and one more with every reset.
    """

    __tablename__ = "checkpoint"
    __table_args__ = (
        CheckConstraint("kind IN ('premises', 'warehouse', 'collateral', 'site')", name="kind_known"),
        CheckConstraint(
            "state IN ('unbound', 'pending_confirm', 'active', 'exit_proposed', 'exited')", name="state_known"
        ),
        CheckConstraint("radius_m BETWEEN 30 AND 2000", name="radius_range"),
        CheckConstraint("(location_lon IS NULL) = (location_lat IS NULL)", name="location_whole"),
        CheckConstraint("(registered_lon IS NULL) = (registered_lat IS NULL)", name="registered_whole"),
        Index("ix_checkpoint_location", "location_lat", "location_lon"),
        Index("ix_checkpoint_tags", "tags", postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=text("'premises'"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    officer_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    backup_officer_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    exception_handler_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    address: Mapped[str | None]
    contact: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    registered_lon: Mapped[float | None] = mapped_column(Double)
    registered_lat: Mapped[float | None] = mapped_column(Double)
    registered_raw: Mapped[dict[str, Any] | None]
    radius_m: Mapped[int] = mapped_column(server_default=text("200"))
    effective_from: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=text("'unbound'"))
    plate_generation: Mapped[int] = mapped_column(server_default=text("1"))
    location_generation: Mapped[int] = mapped_column(server_default=text("1"))
    location_lon: Mapped[float | None] = mapped_column(Double)
    location_lat: Mapped[float | None] = mapped_column(Double)
    archived_at: Mapped[datetime | None]
    distance_m: Mapped[int | None] = query_expression()


class CheckpointPlate(Base):
    """One issue of a plate; the one before stays valid until this one is first scanned, 30 days at most."""

    __tablename__ = "checkpoint_plate"

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    first_scanned_at: Mapped[datetime | None]


class CheckpointLocation(Identified, Base):
    """One binding of a place; visits are judged by the location that was valid when they were performed."""

    __tablename__ = "checkpoint_location"
    __table_args__ = (
        CheckConstraint("status IN ('confirmed', 'provisional', 'superseded', 'rejected')", name="status_known"),
        CheckConstraint("decided_by IS NULL OR decided_by <> bound_by", name="binder_never_decides"),
        UniqueConstraint("checkpoint_id", "generation", "device_id", "bound_at"),
        Index(
            "uq_checkpoint_location_standing",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("status = 'confirmed' AND valid_to IS NULL"),
        ),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    generation: Mapped[int]
    lon: Mapped[float] = mapped_column(Double)
    lat: Mapped[float] = mapped_column(Double)
    status: Mapped[str]
    reasons: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    bound_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    bound_at: Mapped[datetime]
    photo_media_id: Mapped[UUID | None]
    fixes: Mapped[list[Any]]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class CheckpointReset(Base):
    """A location that was given up; ``generation`` is the one that it opened, which another person must bind."""

    __tablename__ = "checkpoint_reset"

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    reset_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    reset_at: Mapped[datetime]


class CheckpointAssignment(Base):
    """Who was responsible for a checkpoint, and when: what was captured before a change counts as his."""

    __tablename__ = "checkpoint_assignment"
    __table_args__ = (
        Index("uq_checkpoint_assignment_open", "checkpoint_id", unique=True, postgresql_where=text("valid_to IS NULL")),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"), primary_key=True)
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    successor_id: Mapped[UUID | None] = query_expression()
    current_id: Mapped[UUID | None] = query_expression()
    successor_name: Mapped[str | None] = query_expression()
    current_name: Mapped[str | None] = query_expression()
    checkpoint_code: Mapped[str | None] = query_expression()
    checkpoint_name: Mapped[str | None] = query_expression()


class CheckpointRadius(Base):
    """A radius that a checkpoint had until a moment: what was captured before is judged by it, whenever it comes."""

    __tablename__ = "checkpoint_radius"
    __table_args__ = (CheckConstraint("radius_m BETWEEN 30 AND 2000", name="radius_range"),)

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"), primary_key=True)
    valid_to: Mapped[datetime] = mapped_column(primary_key=True)
    radius_m: Mapped[int]


class OrganisationRadius(Base):
    """The radius in metres of new checkpoints of an organisation, and of those below it that say nothing else."""

    __tablename__ = "organisation_radius"
    __table_args__ = (CheckConstraint("radius_m BETWEEN 30 AND 2000", name="radius_range"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    radius_m: Mapped[int]


class CheckpointLoan(Base):
    """A loan that a checkpoint's visits are about."""

    __tablename__ = "checkpoint_loan"

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"), primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loan.id"), primary_key=True)


class ExitType(Base):
    """A word of the dictionary of exits (退出点); its code is for ever, a retired one is given to nobody any more."""

    __tablename__ = "exit_type"
    __table_args__ = (CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,39}$'", name="code_form"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class CheckpointExit(Identified, Base):
    """One exit of a checkpoint, from its proposal on; ``effective_on`` is the first day out of force (D of §1.5).

    ``proposed_by`` is whoever wants it (of a visit's conclusion: who visited), ``decided_by`` approved or refused it,
    ``ended_by`` withdrew it, called it off or re-activated the checkpoint. ``inspection_id`` names the visit,
    ``returned_on`` the day from which a re-activated checkpoint is in force again.
    """

    __tablename__ = "checkpoint_exit"
    __table_args__ = (
        CheckConstraint(
            "status IN ('proposed', 'approved', 'refused', 'withdrawn', 'called_off', 'reactivated')",
            name="status_known",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="proposer_never_decides"),
        CheckConstraint("status <> 'reactivated' OR ended_by <> proposed_by", name="proposer_never_reactivates"),
        CheckConstraint("(decided_by IS NULL) = (status IN ('proposed', 'withdrawn'))", name="decided_by_somebody"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decision_whole"),
        CheckConstraint(
            "(ended_by IS NOT NULL) = (status IN ('withdrawn', 'called_off', 'reactivated'))", name="ended_by_somebody"
        ),
        CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="end_whole"),
        CheckConstraint("(status = 'reactivated') = (returned_on IS NOT NULL)", name="returned_when_reactivated"),
        CheckConstraint("returned_on >= effective_on", name="returned_after_exit"),
        Index(
            "uq_checkpoint_exit_open",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("status IN ('proposed', 'approved')"),
        ),
        Index("ix_checkpoint_exit_checkpoint_id", "checkpoint_id"),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    exit_type: Mapped[str] = mapped_column(ForeignKey("exit_type.code"))
    reason: Mapped[str]
    effective_on: Mapped[date]
    status: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    inspection_id: Mapped[UUID | None]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    returned_on: Mapped[date | None]


class CheckpointProposal(Identified, Base):
    """An officer's wish: a new checkpoint (``create``), or other words about one of his (``edit``).

    ``proposed`` holds the columns as a manager would send them, ``new_customer`` those of a customer who comes with the
    checkpoint. ``checkpoint_id`` is what an edit is about, or what an accepted creation has made; ``base_version`` is
    the version of the checkpoint that the officer had seen.
    """

    __tablename__ = "checkpoint_proposal"
    __table_args__ = (
        CheckConstraint("kind IN ('create', 'edit')", name="kind_known"),
        CheckConstraint("status IN ('proposed', 'accepted', 'refused', 'withdrawn')", name="status_known"),
        CheckConstraint("decided_by <> proposed_by", name="proposer_never_decides"),
        CheckConstraint("(decided_by IS NOT NULL) = (status IN ('accepted', 'refused'))", name="decided_by_somebody"),
        CheckConstraint("(status = 'proposed') = (ended_at IS NULL)", name="ended_whole"),
        CheckConstraint("status <> 'refused' OR decision_note IS NOT NULL", name="refused_with_reason"),
        CheckConstraint("(kind = 'edit') = (base_version IS NOT NULL)", name="edit_has_version"),
        CheckConstraint(
            "checkpoint_id IS NOT NULL OR (kind = 'create' AND status <> 'accepted')", name="checkpoint_named"
        ),
        CheckConstraint("num_nonnulls(customer_id, new_customer) > 0", name="customer_named"),
        Index(
            "uq_checkpoint_proposal_open_edit",
            "checkpoint_id",
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
        Index(
            "uq_checkpoint_proposal_open_code",
            text("(proposed ->> 'code')"),
            unique=True,
            postgresql_where=text("status = 'proposed' AND kind = 'create'"),
        ),
        Index("ix_checkpoint_proposal_organisation_id", "organisation_id"),
        Index("ix_checkpoint_proposal_proposed_by", "proposed_by"),
    )

    kind: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    checkpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("checkpoint.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    proposed: Mapped[dict[str, Any]]
    new_customer: Mapped[dict[str, Any] | None]
    base_version: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decision_note: Mapped[str | None]
    ended_at: Mapped[datetime | None]
