"""By when an alert is to be reviewed and followed up, and who hears of it where nobody does (domain.md §5.6).

The page names the first times and the levels. Where it names a further level without a time, that one follows after as
long again. A 可疑 alert is told 支行 and 异常处理人 when it is raised, so its first step is the 分行's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.alerts.rules.handling import Handling
from inspection_api.alerts.rules.judging import Level
from inspection_api.core.periods import day_start, local_day
from inspection_api.core.permissions import Role

if TYPE_CHECKING:
    from inspection_api.calendars.rules import Calendar

MOST_AGE = timedelta(days=30)
"""After a standstill or an upgrade nobody is told of a step that was due longer ago."""


class Wait(StrEnum):
    """What an alert waits for: somebody's review, or, once it is confirmed, word of what was found."""

    REVIEW = "review"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """So many workdays, to the end of the last one; or hours of any day."""

    workdays: int = 0
    hours: int = 0

    def ends(self, begun: datetime, calendar: Calendar) -> datetime:
        """Return when the term is over that began then."""
        if not self.workdays:
            return begun + timedelta(hours=self.hours)
        return day_start(calendar.add_workdays(local_day(begun), self.workdays) + timedelta(days=1))


_SUB_BRANCH, _BRANCH, _PROVINCE = Role.SUB_BRANCH_MANAGER, Role.BRANCH_MANAGER, Role.PROVINCE_MANAGER

REVIEWED_WITHIN = {
    Level.NOTICE: Term(workdays=3),
    Level.WARNING: Term(workdays=1),
    Level.SUSPICIOUS: Term(hours=2),
}
STEPS: dict[Wait, dict[Level, tuple[tuple[Term, Role], ...]]] = {
    Wait.REVIEW: {
        Level.NOTICE: ((Term(workdays=3), _SUB_BRANCH),),
        Level.WARNING: ((Term(workdays=1), _SUB_BRANCH), (Term(workdays=2), _BRANCH)),
        Level.SUSPICIOUS: ((Term(hours=4), _BRANCH), (Term(hours=24), _PROVINCE)),
    },
    Wait.FEEDBACK: {
        Level.NOTICE: ((Term(workdays=10), _SUB_BRANCH),),
        Level.WARNING: ((Term(workdays=5), _SUB_BRANCH), (Term(workdays=10), _BRANCH)),
        Level.SUSPICIOUS: ((Term(workdays=2), _BRANCH), (Term(workdays=4), _PROVINCE)),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The ``number``-th time that somebody higher hears of a wait: whose role, and when."""

    number: int
    role: Role
    due_at: datetime


def review_due_by(level: Level, begun: datetime, calendar: Calendar) -> datetime:
    """Return by when an alert of this level is to be reviewed, since ``begun``."""
    return REVIEWED_WITHIN[level].ends(begun, calendar)


def escalations(wait: Wait, level: Level, begun: datetime, calendar: Calendar) -> tuple[Escalation, ...]:
    """Return the steps of a wait that begins now, the first one first."""
    return tuple(
        Escalation(number=number, role=role, due_at=term.ends(begun, calendar))
        for number, (term, role) in enumerate(STEPS[wait][level], start=1)
    )


def is_waiting(wait: Wait, handling: Handling, *, is_answered: bool, is_over: bool) -> bool:
    """Tell whether a step still has something to tell: nobody reviewed, or nobody said what he found.

    ``is_over``: a mere notice that has cleared is closed by that (§5.5).
    """
    if is_over:
        return False
    if wait is Wait.REVIEW:
        return handling in {Handling.NEW, Handling.FALSE_ALARM_PROPOSED}
    return handling is Handling.CONFIRMED and not is_answered


def is_worth_telling(due_at: datetime, now: datetime) -> bool:
    """Tell whether a step is young enough for anybody to hear of it."""
    return now - due_at <= MOST_AGE
