"""Who is told of a step: persons whom it names, or the nearest superiors who may decide it (domain.md §2.2, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from inspection_api.core.permissions import PEOPLE, Permission, Reach, Role, reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

MOST_AGE = timedelta(days=30)
"""After a standstill nobody is told of what happened longer ago (domain.md §5.6)."""


@dataclass(frozen=True, slots=True)
class Named:
    """The persons whose ids the facts of the step hold under these keys."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Whoever may decide it with ``permission``, at the nearest organisation that has somebody not ``barred``.

    ``barred`` are the keys of the facts that name who never decides it: four eyes.
    """

    permission: Permission
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """Whoever holds one of ``roles``, at the nearest organisation that has somebody."""

    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Rung:
    """The managers of the level whose role the facts hold under ``key``; of the next above where there is none."""

    key: str


Audience = Named | Nearest | Holding | Rung
LADDER = (Role.SUB_BRANCH_MANAGER, Role.BRANCH_MANAGER, Role.PROVINCE_MANAGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody's role at or above the step's organisation; ``depth`` is larger the nearer to it."""

    user_id: UUID
    role: Role
    depth: int


def deciding_roles(permission: Permission) -> frozenset[Role]:
    """Return the roles that reach ``permission`` in a whole subtree; what is only his own nobody decides."""
    return frozenset(role for role in PEOPLE if reach(role, permission) is Reach.SUBTREE)


def recipients(audience: Audience, facts: Mapping[str, Any], holders: Iterable[Holder]) -> frozenset[UUID]:
    """Return whom a step is told; ``holders`` are all living roles over its organisation."""
    match audience:
        case Named(keys):
            return named(keys, facts)
        case Rung(key):
            return on_rung(Role(facts[key]), list(holders))
        case Holding(roles):
            return nearest([each for each in holders if each.role in roles], barred=())
        case _:
            roles = deciding_roles(audience.permission)
            return nearest([each for each in holders if each.role in roles], barred=named(audience.barred, facts))


def on_rung(role: Role, holders: Collection[Holder]) -> frozenset[UUID]:
    """Return who holds ``role``, or the first role above it in the line of managers that anybody holds."""
    for each in LADDER[LADDER.index(role) :]:
        found = frozenset(holder.user_id for holder in holders if holder.role is each)
        if found:
            return found
    return frozenset()


def named(keys: Iterable[str], facts: Mapping[str, Any]) -> frozenset[UUID]:
    """Return the persons under ``keys``: each holds an id, ids, or nothing."""
    found: set[UUID] = set()
    for key in keys:
        value = facts.get(key) or ()
        found |= {UUID(str(each)) for each in (value if isinstance(value, list | tuple) else (value,))}
    return frozenset(found)


def nearest(holders: Iterable[Holder], *, barred: Collection[UUID]) -> frozenset[UUID]:
    """Return all at the nearest level that has somebody who is not barred; without one, nobody."""
    able = [each for each in holders if each.user_id not in barred]
    depth = max((each.depth for each in able), default=None)
    return frozenset(each.user_id for each in able if each.depth == depth)


def is_stale(at: datetime, now: datetime) -> bool:
    """Tell whether a step is so long ago that nobody needs to hear of it any more."""
    return now - at > MOST_AGE
