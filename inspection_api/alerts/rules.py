"""Alert rules over daily facts: one pure function and one row in ``RULES`` for each (domain.md §5.2).

Below them: what one evaluation does to an enterprise's episode (§5.4), and who may decide on an alert (§5.5).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from inspection_api.alerts.errors import AlertHandled, AlertLevelTooHigh, FeedCursorInvalid, SecondReviewerNeeded
from inspection_api.core.errors import Forbidden
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Reach, Role, reach

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from inspection_api.core.context import Actor

KnownDays = Mapping[date, Decimal]
_ONE_DAY = timedelta(days=1)

STOPPED_BELOW_KWH = Decimal(100)
_STOPPED_DAYS = 3
_RUNNING_AGAIN_DAYS = 2


class Level(IntEnum):
    """How serious: 关注, 预警, 可疑."""

    NOTICE = 1
    WARNING = 2
    SUSPICIOUS = 3


class Outcome(StrEnum):
    """What a rule says at the close of a day; ``silent`` when neither holds, as whenever an unknown day blocks."""

    FIRES = "fires"
    CLEARS = "clears"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A rule's word about a day with the numbers it used; ``extreme`` is the worst of them."""

    outcome: Outcome
    numbers: dict[str, Any]
    extreme: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table: ``judge`` sees ``days_back`` days before the judged one; ``worst`` picks the peak."""

    code: str
    title: str
    level: Level
    days_back: int
    judge: Callable[[KnownDays, date], Judgement]
    worst: Callable[[Decimal, Decimal], Decimal]


def judge_work_stopped(energy_kwh: KnownDays, day: date) -> Judgement:
    """停工: fires when ``day`` and the two before are all known and each below 100 kWh.

    Clears when ``day`` and the one before are known and not below. Days missing from ``energy_kwh`` are unknown.
    """
    low = _known(energy_kwh, day, _STOPPED_DAYS)
    numbers = {
        "threshold_kwh": str(STOPPED_BELOW_KWH),
        "energy_kwh": {str(at): str(value) for at, value in low.items()},
    }
    if len(low) == _STOPPED_DAYS and all(value < STOPPED_BELOW_KWH for value in low.values()):
        return Judgement(outcome=Outcome.FIRES, numbers=numbers, extreme=min(low.values()))
    running = _known(energy_kwh, day, _RUNNING_AGAIN_DAYS)
    if len(running) == _RUNNING_AGAIN_DAYS and all(value >= STOPPED_BELOW_KWH for value in running.values()):
        return Judgement(outcome=Outcome.CLEARS, numbers=numbers)
    return Judgement(outcome=Outcome.SILENT, numbers=numbers)


def _known(energy_kwh: KnownDays, day: date, count: int) -> dict[date, Decimal]:
    """Return the known ones of the ``count`` calendar days up to ``day``, oldest first."""
    days = (day - back * _ONE_DAY for back in reversed(range(count)))
    return {at: energy_kwh[at] for at in days if at in energy_kwh}


RULES: tuple[Rule, ...] = (
    Rule(
        code="work_stopped",
        title="停工预警",
        level=Level.SUSPICIOUS,
        days_back=_STOPPED_DAYS - 1,
        judge=judge_work_stopped,
        worst=min,
    ),
)
RULE_OF_CODE = {rule.code: rule for rule in RULES}
LATENESS = timedelta(hours=2)
RE_EVALUATED_DAYS = 3
DAYS_BACK = max(rule.days_back for rule in RULES)


# --- episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """The latest episode of one rule at one enterprise; ``cleared_on`` is None while the condition holds."""

    first_seen_on: date
    last_seen_on: date
    cleared_on: date | None = None


class Step(StrEnum):
    """What one evaluation does: nothing, a new alert, the same one seen again, its end, or its correction."""

    NOTHING = "nothing"
    RAISE = "raise"
    HOLD = "hold"
    CLEAR = "clear"
    CORRECT = "correct"


def decide_step(latest: Episode | None, outcome: Outcome, day: date) -> Step:
    """Return what the judgement of ``day`` does to the latest episode (domain.md §5.4).

    While the condition holds there is no new alert; a new one needs a clear before it. Days may be judged again when
    data come late: a day that an ended episode covers raises nothing, and an alert whose only day no longer fires is
    corrected (§5.1), never deleted.
    """
    if latest is None:
        return Step.RAISE if outcome is Outcome.FIRES else Step.NOTHING
    if latest.cleared_on is not None:
        return Step.RAISE if outcome is Outcome.FIRES and day > latest.cleared_on else Step.NOTHING
    if outcome is Outcome.FIRES:
        return Step.HOLD
    if day == latest.first_seen_on == latest.last_seen_on:
        return Step.CORRECT
    return Step.CLEAR if outcome is Outcome.CLEARS and day > latest.last_seen_on else Step.NOTHING


def is_seen_anew(episode: Episode, day: date) -> bool:
    """Tell whether ``day`` lies outside what the episode already covers, so that its count rises."""
    return not episode.first_seen_on <= day <= episode.last_seen_on


def widened(episode: Episode, day: date) -> Episode:
    """Return the episode once ``day`` belongs to it too: a day judged late may lie before, within or after it."""
    return replace(episode, first_seen_on=min(episode.first_seen_on, day), last_seen_on=max(episode.last_seen_on, day))


def next_peak(rule: Rule, peak: str, judged: Judgement) -> Decimal:
    """Return the worst number of an episode once ``judged`` belongs to it too."""
    return Decimal(peak) if judged.extreme is None else rule.worst(Decimal(peak), judged.extreme)


# --- when


def last_closed_day(now: datetime) -> date:
    """Return the latest day whose readings may be taken as complete: 02:00 of the next day has passed (§5.1)."""
    return local_day(now - LATENESS) - _ONE_DAY


def days_to_judge(now: datetime) -> tuple[date, ...]:
    """Return the closed days that data up to 72 h late may still change, oldest first."""
    last = last_closed_day(now)
    return tuple(last - back * _ONE_DAY for back in reversed(range(RE_EVALUATED_DAYS)))


# --- handling


class Condition(StrEnum):
    """Whether what the rule saw still holds; people cannot change it."""

    ACTIVE = "active"
    CLEARED = "cleared"


class Handling(StrEnum):
    """What people have decided: 待复核, 已确认, 误报待第二人复核, 误报."""

    NEW = "new"
    CONFIRMED = "confirmed"
    FALSE_ALARM_PROPOSED = "false_alarm_proposed"
    FALSE_ALARM = "false_alarm"


class FalseAlarmReason(StrEnum):
    """Why an alert was none (误报原因)."""

    METER_FAULT = "meter_fault"
    PLANNED_STOP = "planned_stop"
    HOLIDAY = "holiday"
    WRONG_DATA = "wrong_data"
    OTHER = "other"


class FeedbackVerdict(StrEnum):
    """What an officer found behind an alert: 正常, 关注, 重大风险."""

    NORMAL = "normal"
    WATCH = "watch"
    MAJOR_RISK = "major_risk"


MIN_EXPLANATION = 10
FEEDBACK = Permission(Action.ALERT_FEEDBACK, "feedback")
READ_FEEDBACK = Permission(Action.ALERT_FEEDBACK, "read")
REVIEW = Permission(Action.ALERT_REVIEW, "review")
READERS = (READ_FEEDBACK, Permission(Action.ALERT_REVIEW, "read"))
DECIDED = frozenset({Handling.CONFIRMED, Handling.FALSE_ALARM})
UP_TO_WARNING = frozenset({Role.INFORMATION_OFFICER})


def is_feedback_enough(verdict: FeedbackVerdict, words: str) -> bool:
    """Tell whether feedback says enough: 正常 needs at least ten characters of explanation (domain.md §5.5)."""
    return verdict is not FeedbackVerdict.NORMAL or len(words.strip()) >= MIN_EXPLANATION


def ensure_may_read(actor: Actor) -> None:
    """Raise Forbidden unless one of the actor's roles reviews alerts or gives feedback on them (domain.md §6)."""
    if not any(actor.may(permission) for permission in READERS):
        raise Forbidden(permission=str(READERS[0]))


def ensure_may_review(level: int, roles: Iterable[Role]) -> None:
    """Refuse whoever may not review an alert with the ``roles`` that he holds over it (domain.md §6, Alert review).

    Raises:
        Forbidden: he reviews elsewhere only.
        AlertLevelTooHigh: he reviews level 1 and 2 only.
    """
    reviewing = {role for role in roles if reach(role, REVIEW) is Reach.SUBTREE}
    if not reviewing:
        raise Forbidden(permission=str(REVIEW))
    if level > Level.WARNING and reviewing <= UP_TO_WARNING:
        raise AlertLevelTooHigh


def ensure_undecided(handling: Handling) -> None:
    """Raise AlertHandled once an alert is confirmed or a false alarm."""
    if handling in DECIDED:
        raise AlertHandled(handling=handling)


def decide_false_alarm(level: int, *, proposed_by: UUID | None, reviewer: UUID) -> Handling:
    """Return how an undecided alert stands once ``reviewer`` calls it a false alarm.

    Raises:
        SecondReviewerNeeded: level 3, and he is the one who proposed it.
    """
    if level <= Level.WARNING:
        return Handling.FALSE_ALARM
    if proposed_by == reviewer:
        raise SecondReviewerNeeded
    return Handling.FALSE_ALARM_PROPOSED if proposed_by is None else Handling.FALSE_ALARM


# --- the feed's cursor

_WRONG_CURSOR = {"cursor": FeedCursorInvalid.title}


def seal_cursor(key: bytes, number: int) -> str:
    """Return an event's number as an opaque cursor, bound to the bank by ``key``."""
    plain = number.to_bytes(8)
    return base64.urlsafe_b64encode(plain + hmac.digest(key, plain, hashlib.sha256)[:16]).decode()


def open_cursor(key: bytes, cursor: str) -> int:
    """Return the number in a cursor.

    Raises:
        FeedCursorInvalid: it was not sealed with this key.
    """
    try:
        sealed = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise FeedCursorInvalid(fields=_WRONG_CURSOR) from None
    if not hmac.compare_digest(sealed[8:], hmac.digest(key, sealed[:8], hashlib.sha256)[:16]):
        raise FeedCursorInvalid(fields=_WRONG_CURSOR)
    return int.from_bytes(sealed[:8])
