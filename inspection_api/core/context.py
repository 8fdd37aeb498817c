"""Who acts, where and when: the one value that every service takes first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from inspection_api.core.events import Recorded
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Permission, Reach, Role, reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from inspection_api.core.banks import Bank
    from inspection_api.core.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role held today in an organisation; ``path`` is that organisation's path (``/61/6101/``)."""

    role: Role
    organisation_id: UUID
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever is behind a request: a user (``user_id``), a device with a token of its own, or the system (neither).

    ``installation_id`` is the browser or program in which a user logged in, where it said so.
    """

    user_id: UUID | None = None
    device_id: UUID | None = None
    session_id: UUID | None = None
    installation_id: UUID | None = None
    assignments: tuple[Assignment, ...] = ()

    @property
    def is_system(self) -> bool:
        """Tell whether nobody acts: a job, a command line, a seed."""
        return self.user_id is None and self.device_id is None

    def may(self, permission: Permission) -> bool:
        """Tell whether any of the actor's roles reaches ``permission`` at all (the object is judged later)."""
        return any(reach(held.role, permission) is not Reach.NONE for held in self.assignments)

    def may_own(self, permission: Permission) -> bool:
        """Tell whether one of the actor's roles reaches ``permission`` for what is his own (granted, or his work)."""
        return any(reach(held.role, permission) is Reach.OWN for held in self.assignments)

    def paths(self, permission: Permission) -> tuple[str, ...]:
        """Return the organisation paths whose whole subtree the actor reaches with ``permission``."""
        return tuple(held.path for held in self.assignments if reach(held.role, permission) is Reach.SUBTREE)

    def roles_over(self, path: str) -> frozenset[Role]:
        """Return the roles that the actor holds at ``path`` or above it."""
        return frozenset(held.role for held in self.assignments if path.startswith(held.path))


SYSTEM = Actor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One use case in one bank: an open session, the actor, the instant, and the events recorded so far.

    Long work for a device calls ``stand_aside`` between its steps, which waits while a person is answered.
    """

    session: Session
    bank: Bank
    now: datetime
    actor: Actor = SYSTEM
    pending: list[Recorded] = field(default_factory=list)
    blobs: Storage | None = None
    stand_aside: Callable[[], object] = bool

    def acting_as(self, actor: Actor) -> Self:
        """Return the same transaction on behalf of ``actor``."""
        return replace(self, actor=actor)

    def record(self, kind: str, /, **data: object) -> None:
        """Record one event, named in the past (``print.unlocked``); ``data`` holds ids and codes, never names."""
        self.pending.append(Recorded(id=new_id(), kind=kind, actor_id=self.actor.user_id, at=self.now, data=data))

    @property
    def storage(self) -> Storage:
        """Return the store of bytes; only for programs that were started with one."""
        if self.blobs is None:
            raise AssertionError("this program was started without a blob store")
        return self.blobs

    @property
    def user_id(self) -> UUID:
        """Return the acting user's id; only for use cases whose permission no device and no job holds."""
        if self.actor.user_id is None:
            raise AssertionError("this use case needs a user")
        return self.actor.user_id
