"""What people do about alerts: who may decide what, and when feedback says enough (domain.md §5.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.alerts.errors import AlertHandled, AlertLevelTooHigh, SecondReviewerNeeded
from inspection_api.alerts.rules.judging import Level
from inspection_api.core.errors import Forbidden
from inspection_api.core.permissions import Action, Permission, Reach, Role, reach

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from inspection_api.core.context import Actor


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


def ensure_undecided(handling: Handling, *, decided_by_name: str | None = None) -> None:
    """Raise AlertHandled, which names whoever did it, once an alert is confirmed or a false alarm."""
    if handling in DECIDED:
        sentence = f"该预警已由{decided_by_name}处理" if decided_by_name else ""
        raise AlertHandled(sentence, handling=handling, decided_by_name=decided_by_name)


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
