"""Alert rules over daily facts: one pure function and one row in ``RULES`` for each (domain.md §5.2).

Below them: what one evaluation does to an enterprise's episode (§5.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

from inspection_api.core.periods import local_day

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
