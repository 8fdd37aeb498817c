"""The rules of domain.md §1.2-§1.6 a second time, slowly: every day of a plan's life is looked at on its own.

Written from the text alone. It shares no code with the product, so that the two can only agree by both being right.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import groupby

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A rule's form (§1.1) in plain words and numbers."""

    start: date
    unit: str = "month"
    interval: int = 1
    anchored: bool = False
    type: str = "existing"
    first_rule: str = "next"
    grace: int = 0
    exit_rule: str = "current"
    exit_check: tuple[int, str, int] = (0, "month", 0)
    exit_checks: dict[str, tuple[int, str, int]] = field(default_factory=dict, hash=False)
    history: tuple[int, str] = (1, "month")
    due_roll: str = "none"
    new_within: int = 15
    makeup: int = 0
    late: int = 72
    gap: int = 0
    channels: tuple[str, ...] = ("onsite",)
    per_loan: bool = False


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A rule's form as it holds from a day on (None: from the beginning); ``end`` as the form said then."""

    number: int
    form: Form
    since: date | None = None
    end: date | None = None


@dataclass(frozen=True, kw_only=True)
class Stay:
    """One episode of a point in a plan; ``exit_type`` only where it left by an exit.

    ``approved`` and ``returned`` are the days on which the exit and the re-activation were written down.
    """

    joined: date
    recorded: date
    left: date | None = None
    exit_type: str | None = None
    approved: date | None = None
    returned: date | None = None


@dataclass(frozen=True, kw_only=True)
class Life:
    """One plan: its rule's editions, its days, and when it was written down."""

    editions: tuple[Edition, ...]
    start: date
    end: date | None
    recorded: date
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def form(self, number: int) -> Form:
        """Return the terms of one edition."""
        return next(each.form for each in self.editions if each.number == number)


@dataclass(frozen=True, kw_only=True, order=True)
class Round:
    """One task that must exist."""

    start: date
    kind: str
    end: date
    due: date
    window_end: date
    edition: int
    is_first: bool = False


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some days of one period, cut at the plan's days and at the switch to another edition."""

    edition: Edition
    start: date
    end: date


def shift(day: date, count: int, unit: str) -> date:
    """Return the day that many units later; at the end of a shorter month where it has no such day."""
    if unit in {"day", "week"}:
        return day + count * (7 if unit == "week" else 1) * DAY
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def first_of_next_month(day: date) -> date:
    """Return the first day after a day's month."""
    while True:
        day += DAY
        if day.day == 1:
            return day


def number_of(form: Form, day: date) -> int:
    """Tell in which of a form's periods a day lies, counted from the one of ``start`` (§1.2)."""
    if form.anchored:
        return _anchored_number(form, day)
    if form.unit == "month":
        passed = (day.year - form.start.year) * 12 + day.month - form.start.month
    elif form.unit == "year":
        passed = day.year - form.start.year
    elif form.unit == "week":
        monday = form.start - form.start.weekday() * DAY
        passed = (day - monday).days // 7
    else:
        passed = (day - form.start).days
    return passed // form.interval


def _anchored_number(form: Form, day: date) -> int:
    return bisect_right(_anchors(form.start, form.interval, form.unit), day) - 1


@cache
def _anchors(start: date, interval: int, unit: str) -> list[date]:
    anchors = [start]
    while anchors[-1].year < 2200:
        anchors.append(shift(start, len(anchors) * interval, unit))
    return anchors


def edition_on(life: Life, day: date) -> Edition:
    """Return the terms in force on a day: the newest that have begun, but for those that never had a day."""
    begun = [each for each in life.editions if each.since is None or each.since <= day]
    return [each for each in begun if each is begun[0] or _has_days(life, each)][-1]


def _is_between(life: Life, day: date) -> bool:
    """Tell whether a day lies behind the end of the newest terms that had begun, although later ones follow."""
    newest = [each for each in life.editions if each.since is None or each.since <= day][-1]
    return newest is not life.editions[-1] and newest.end is not None and day > newest.end


def _has_days(life: Life, edition: Edition) -> bool:
    """Tell whether some terms did not end, as the form said then, before they began."""
    end = life.end if edition is life.editions[-1] else edition.end
    return edition.since is None or end is None or edition.since <= end


def blocks(life: Life, until: date, *, for_ever: bool = False) -> list[Block]:
    """Walk a plan day by day, and put days of one period together; the last two begin after ``until``.

    ``for_ever`` walks on behind the plan's end.
    """
    days: list[tuple[Edition, int, date]] = []
    names: set[tuple[int, int]] = set()
    day = life.start
    while for_ever or life.end is None or day <= life.end:
        if _is_between(life, day):
            day += DAY
            continue
        edition = edition_on(life, day)
        days.append((edition, number_of(edition.form, day), day))
        if day > until:
            names.add((edition.number, days[-1][1]))
        if len(names) > 3:
            break
        day += DAY
    made = []
    for _, group in groupby(days, key=lambda each: (each[0].number, each[1])):
        together = list(group)
        made.append(Block(edition=together[0][0], start=together[0][2], end=together[-1][2]))
    return made[:-1] if len(names) > 3 else made


def is_workday(life: Life, day: date) -> bool:
    """Tell whether banks work on a day."""
    return day in life.workdays or (day.weekday() < 5 and day not in life.holidays)


def due_day(life: Life, form: Form, start: date, end: date) -> date:
    """Roll a period's end to a workday, though never before the period begins (§1.2.3)."""
    step = {"none": 0, "prev_workday": -1, "next_workday": 1}[form.due_roll]
    day = end
    while step and not is_workday(life, day):
        day += step * DAY
    return max(day, start)


def make(life: Life, kind: str, edition: Edition, start: date, end: date) -> Round:
    """Make one task of a period."""
    due = due_day(life, edition.form, start, end)
    return Round(kind=kind, start=start, end=end, due=due, window_end=max(end, due), edition=edition.number)


def first_day(life: Life, stay: Stay) -> date:
    """Return a day of the block in which a point is first due (§1.3, §1.4)."""
    if stay.joined < life.start:
        return life.start
    walked = blocks(life, first_of_next_month(stay.joined), for_ever=True)
    here = next((at for at, block in enumerate(walked) if block.start <= stay.joined <= block.end), None)
    if here is None:  # between a rule's end and the edit that let it go on
        return stay.joined
    form = walked[here].edition.form
    last = walked[here].end if life.end is None else min(life.end, walked[here].end)
    if form.first_rule == "current":
        is_short = (last - stay.joined).days + 1 < form.grace
        return walked[here + 1].start if is_short and stay.joined <= last else stay.joined
    if form.anchored or form.unit in {"day", "week"}:
        return walked[here + 1].start
    return first_of_next_month(stay.joined)


def stop_day(life: Life, left: date) -> date:
    """Return S, the first day that is not owed any more (§1.5)."""
    form = edition_on(life, left).form
    if form.exit_rule == "current":
        return left
    if form.unit in {"month", "year"}:
        return first_of_next_month(left)
    uncut = Life(editions=(Edition(number=1, form=form),), start=life.start, end=None, recorded=life.recorded)
    later = [each.since for each in life.editions if each.since is not None and each.since > left]
    return min([next_start(uncut, left), *later])


def next_start(life: Life, day: date) -> date:
    """Return the first day of the first period that begins after a day, as if the plan never ended."""
    return next(block.start for block in blocks(life, day, for_ever=True) if block.start > day)


def switch_day(life: Life, after: date) -> date:
    """Return the day on which an edit begins: after its own day and the one from which it is to count (§1.10.2).

    It is the first old period's that has not begun, of the terms that are in force; behind their end, the next day.
    An edit that has not begun itself gives way to the newer one, and so leaves no trace.
    """
    newest = life.editions[-1]
    if newest.since is not None and newest.since > after:
        return newest.since
    uncut = (Edition(number=newest.number, form=newest.form),)
    since = next_start(Life(editions=uncut, start=newest.form.start, end=None, recorded=life.recorded), after)
    return since if newest.end is None or since <= newest.end else max(after, newest.end) + DAY


def is_owed(round_: Round, stay: Stay, stop: date) -> bool:
    """Tell what the table of §1.5 leaves of a task: what nobody may erase, and what ended before S."""
    assert stay.left is not None
    if stay.exit_type is None:
        return round_.end < stay.left
    assert stay.approved is not None
    return round_.due < stay.left or round_.due < stay.approved or round_.end < stop


def required(life: Life, stay: Stay, today: date) -> list[Round]:
    """Return every task that must exist of one stay on a day, oldest first (§1.10.1)."""
    made = _rounds(life, stay, today) + _first_checks(life, stay)
    if stay.left is not None:
        stop = stop_day(life, stay.left) if stay.exit_type else stay.left
        made = [each for each in made if is_owed(each, stay, stop)] + _exit_checks(life, stay, stop)
    ahead = next_start(life, today)
    return sorted(each for each in made if each.start <= ahead)


def _rounds(life: Life, stay: Stay, today: date) -> list[Round]:
    walked = blocks(life, max(today, stay.joined))
    begin, known_since = first_day(life, stay), max(life.recorded, stay.recorded)
    made = [
        make(life, "regular", each.edition, each.start, each.end)
        for each in walked
        if each.end >= max(begin, known_since) and each.edition.form.type in {"existing", "special"}
    ]
    return [replace(each, is_first=each is made[0]) for each in made]


def _first_checks(life: Life, stay: Stay) -> list[Round]:
    """Return the one check of a newcomer, some days from the one on which it got its loan (新增)."""
    edition = edition_on(life, stay.joined)
    if edition.form.type != "new" or stay.joined < life.start or (life.end is not None and stay.joined > life.end):
        return []
    check = make(life, "initial", edition, stay.joined, stay.joined + edition.form.new_within * DAY)
    return [replace(check, is_first=True)] if check.end >= max(life.recorded, stay.recorded) else []


def _exit_checks(life: Life, stay: Stay, stop: date) -> list[Round]:
    """Return the checks after an exit that begin within the plan and were not over at the approval (§1.6)."""
    if stay.left is None or stay.exit_type is None or stay.approved is None or stay.left < life.start:
        return []
    edition = edition_on(life, stay.left)
    if edition.form.type not in {"existing", "exit"}:
        return []
    every, unit, count = edition.form.exit_checks.get(stay.exit_type, edition.form.exit_check)
    base = stay.left if edition.form.exit_rule == "current" else stop - DAY
    days = [(shift(base, (i - 1) * every, unit) + DAY, shift(base, i * every, unit)) for i in range(1, count + 1)]
    made = [
        make(life, "exit", edition, start, end)
        for start, end in days
        if end >= stay.approved and (life.end is None or start <= life.end)
    ]
    return [each for each in made if stay.returned is None or each.due < stay.returned]
