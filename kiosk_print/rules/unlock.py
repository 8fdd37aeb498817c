"""Who may ask for an unlock, who decides, and for how long the paper opens again (domain.md §2.2).

The first unlock is decided at the 支行, the second at the 分行, every further one at the 省行. If nobody at a level may
decide, the next level does at once; a request that waits two workdays climbs a level, two more and it climbs again,
and whoever could decide before still can.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from inspection_api.core.periods import day_start, local_day
from inspection_api.core.permissions import Role
from kiosk_print.errors import (
    NotLocked,
    OpinionAfterPrint,
    OpinionGiven,
    OwnAffair,
    SameDevice,
    UnlockNotYours,
    UnlockReasonInvalid,
    UnlockRequested,
    UnlockTermsInvalid,
)
from kiosk_print.rules.window import PaperState, ensure_exists

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from inspection_api.calendars.rules import Calendar

MINIMUM_REASON_LENGTH = 10
DEFAULT_UNLOCK_DAYS = 3
UNLOCK_DAYS = range(1, 8)
EXPIRES_AFTER_WORKDAYS = 10
CLIMBS_AFTER_WORKDAYS = 2
MOST_CLIMBS = 2


class Reason(StrEnum):
    """Why the window was missed; the words are in :data:`REASON_WORDS`."""

    MISSED = "missed"
    LOST = "lost"
    CORRECTION = "correction"
    EQUIPMENT = "equipment"
    OTHER = "other"


REASON_WORDS = {
    Reason.MISSED: "逾期未打印",
    Reason.LOST: "原件遗失或损坏",
    Reason.CORRECTION: "内容有误需更正",
    Reason.EQUIPMENT: "打印设备或网络故障",
    Reason.OTHER: "其他",
}


class RequestStatus(StrEnum):
    """A request is open until somebody decides, its requester withdraws it, or ten workdays have passed."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Level(IntEnum):
    """支行, 分行, 省行."""

    SUB_BRANCH = 1
    BRANCH = 2
    PROVINCE = 3


MANAGER_LEVELS = {
    Role.SUB_BRANCH_MANAGER: Level.SUB_BRANCH,
    Role.BRANCH_MANAGER: Level.BRANCH,
    Role.PROVINCE_MANAGER: Level.PROVINCE,
}
APPROVER_LEVELS = {
    "outlet": Level.SUB_BRANCH,
    "sub_branch": Level.SUB_BRANCH,
    "branch": Level.BRANCH,
    "province": Level.PROVINCE,
}


class UnlockAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for: another print window of one record. The same ``id`` again means the same request."""

    id: UUID
    inspection_id: UUID
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who holds ``unlock.approve`` over the record's organisation, and at which level."""

    user_id: UUID
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was decided: for how many days the paper opens, or (0) that it stays locked."""

    approved: bool
    days: int
    reason: str


def candidate_level(role: Role, organisation_kind: str) -> Level | None:
    """Return the level at which ``role``, held in an organisation of this kind, decides unlocks; None: it does not."""
    if role is Role.APPROVER:
        return APPROVER_LEVELS[organisation_kind]
    return MANAGER_LEVELS.get(role)


def expires_at(requested_at: datetime, calendar: Calendar) -> datetime:
    """Return the end (00:00 +08:00) of the tenth workday after the request."""
    last = calendar.add_workdays(local_day(requested_at), EXPIRES_AFTER_WORKDAYS)
    return day_start(last + timedelta(days=1))


def is_open(status: str, expires_at: datetime, now: datetime) -> bool:
    """Tell whether a request still waits for somebody: an expired one does not, though no sweep has come by yet."""
    return status == RequestStatus.PENDING and now < expires_at


def first_level(unlocks_granted: int) -> Level:
    """Return where the next unlock is decided, after so many granted ones."""
    return Level(min(unlocks_granted + 1, Level.PROVINCE))


def climbed(requested_at: datetime, now: datetime, calendar: Calendar) -> int:
    """Return how many levels an undecided request has climbed: one for every two workdays that it waited."""
    levels = 0
    while levels < MOST_CLIMBS and now >= _climbs_at(requested_at, levels, calendar):
        levels += 1
    return levels


def next_climb(requested_at: datetime, climbs: int, calendar: Calendar) -> datetime | None:
    """Return when a request that has climbed so often climbs again, undecided; None: nobody is above."""
    return _climbs_at(requested_at, climbs, calendar) if climbs < MOST_CLIMBS else None


def _climbs_at(requested_at: datetime, climbs: int, calendar: Calendar) -> datetime:
    """Return the end (00:00 +08:00) of the last workday that the level reached by so many climbs has."""
    last = calendar.add_workdays(local_day(requested_at), CLIMBS_AFTER_WORKDAYS * (climbs + 1))
    return day_start(last + timedelta(days=1))


def decide_deciders(
    candidates: Iterable[Candidate], *, barred: Collection[UUID | None], first: Level, climbs: int = 0
) -> tuple[Candidate, ...]:
    """Return who may decide: everybody not barred at the first level that has somebody, and one more for every climb.

    A level where nobody is eligible is none: neither the request nor a climb ever waits there.
    """
    able = [each for each in candidates if each.user_id not in barred and each.level >= first]
    levels = sorted({each.level for each in able})[: 1 + climbs]
    return tuple(each for each in able if each.level in levels)


def ensure_may_decide(actor_id: UUID, deciders: Iterable[Candidate], *, barred: Collection[UUID | None]) -> None:
    """Raise OwnAffair for requester, inspector and author of the opinion, UnlockNotYours for another level."""
    if actor_id in barred:
        raise OwnAffair
    ids = [each.user_id for each in deciders]
    if actor_id not in ids:
        raise UnlockNotYours(deciders=[str(user_id) for user_id in ids])


def ensure_other_device(decides_from: UUID | None, acted_from: Collection[UUID | None]) -> None:
    """Raise SameDevice if the decision comes from a device of those about whom it is; what none has told is none."""
    if decides_from is not None and decides_from in acted_from:
        raise SameDevice


def ensure_requestable(state: PaperState, *, open_request_id: UUID | None) -> None:
    """Raise unless an unlock may be asked for: the paper is locked and no request is open."""
    ensure_exists(state)
    if state is PaperState.OPEN:
        raise NotLocked
    if state is PaperState.UNLOCK_REQUESTED:
        raise UnlockRequested(existing_id=str(open_request_id))


def ensure_reason(code: str, text: str) -> Reason:
    """Return the reason if the code is known and the text says something.

    Raises:
        UnlockReasonInvalid: an unknown code, or fewer than ten characters.
    """
    if code not in list(Reason):
        raise UnlockReasonInvalid(fields={"reason_code": f"须为 {'、'.join(Reason)} 之一"})
    if len("".join(text.split())) < MINIMUM_REASON_LENGTH:
        raise UnlockReasonInvalid(fields={"reason": f"至少 {MINIMUM_REASON_LENGTH} 个字"})
    return Reason(code)


def decide_terms(*, approved: bool, days: int | None, reason: str) -> Terms:
    """Return the terms of a decision; an approval without ``days`` opens three.

    Raises:
        UnlockTermsInvalid: days outside 1–7, or a rejection without a reason.
    """
    if not approved:
        if not reason.strip():
            raise UnlockTermsInvalid(fields={"reason": "驳回须说明理由"})
        return Terms(approved=False, days=0, reason=reason.strip())
    chosen = DEFAULT_UNLOCK_DAYS if days is None else days
    if chosen not in UNLOCK_DAYS:
        raise UnlockTermsInvalid(fields={"days": "须为 1–7 天"})
    return Terms(approved=True, days=chosen, reason=reason.strip())


def ensure_may_give_opinion(
    state: PaperState, *, author_id: UUID, inspector_ids: Collection[UUID], given_by: str | None, printed: bool
) -> None:
    """Raise unless a superior's opinion may be written: by another person than the inspector, once, before the print.

    ``inspector_ids`` are all accounts of his; ``given_by`` is the name of whoever was faster.
    """
    if author_id in inspector_ids:
        raise OwnAffair
    if given_by is not None:
        raise OpinionGiven(f"该记录已由{given_by}签署上级意见", decided_by_name=given_by)
    if printed:
        raise OpinionAfterPrint
    ensure_exists(state)
