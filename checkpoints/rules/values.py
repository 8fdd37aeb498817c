"""Checkpoint facts as plain values: what a visit or a binding is judged by, free of any table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from checkpoints.coordinates import Point
from checkpoints.rules.lifecycle import State


class Kind(StrEnum):
    """经营场所, 仓库, 抵押物, 项目工地."""

    PREMISES = "premises"
    WAREHOUSE = "warehouse"
    COLLATERAL = "collateral"
    SITE = "site"


class PastRadius(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A radius that held until ``valid_to``."""

    radius_m: int
    valid_to: datetime


class CheckpointFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A checkpoint as it stands now.

    ``location_generation`` is the generation that the next binding gets, or that the standing one has: 1 from the
    beginning, one more with every reset. ``generation_since`` is the reset that opened it (None: none did),
    and ``registered`` the place of the registered address, if known.
    """

    id: UUID
    code: str
    public_id: str
    customer_id: UUID
    organisation_id: UUID
    officer_id: UUID | None
    state: State
    radius_m: int
    plate_generation: int
    location_generation: int
    registered: Point | None = None
    generation_since: datetime | None = None
    past_radii: tuple[PastRadius, ...] = ()

    def radius_at(self, at: datetime) -> int:
        """Return the radius in metres that judges what was captured at ``at``: of those that held later, the first."""
        later = [past for past in self.past_radii if at < past.valid_to]
        return min(later, key=lambda past: past.valid_to).radius_m if later else self.radius_m


class AssignedSpan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who was responsible, from ``valid_from`` until ``valid_to`` (None: still)."""

    officer_id: UUID
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A bound place and whose it is."""

    customer_id: UUID
    point: Point
