"""One visit's paper, kept by hand: what domain.md §2.2 and §2.3 say, written down a second time and differently.

It knows the words of the page and nothing of the program: days are counted on Chinese calendar dates, workdays from
Monday to Friday (the bank of the tests has imported no calendar), and who decides by a table of the tests' staff.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice

EIGHT_HOURS = timedelta(hours=8)
DAY = timedelta(days=1)
SATURDAY = 5
LEVELS = {
    "manager": 1,
    "second_manager": 1,
    "branch_manager": 2,
    "approver": 2,
    "province_manager": 3,
    "second_province_manager": 3,
}
INSPECTOR = "officer"
GRAVE = {"strong_watch", "exit"}


def chinese_day(instant: datetime) -> date:
    return (instant + EIGHT_HOURS).date()


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - EIGHT_HOURS


def workday(start: date, number: int) -> date:
    """Return the ``number``-th workday after ``start``."""
    later = (start + DAY * each for each in count(1))
    return next(islice((each for each in later if each.weekday() < SATURDAY), number - 1, None))


@dataclass
class Window:
    opens: datetime
    closes: datetime
    reminded: bool = False
    locked: bool = False


@dataclass
class Request:
    by: str
    at: datetime
    status: str = "pending"
    decided_by: str | None = None

    @property
    def expires(self) -> datetime:
        return midnight(workday(chinese_day(self.at), 10) + DAY)

    def stands(self, now: datetime) -> str:
        return "expired" if self.status == "pending" and now >= self.expires else self.status


@dataclass
class Sheet:
    number: str
    copy: int
    by: str
    window: int
    status: str = "valid"


@dataclass
class Plea:
    """A request to void a number."""

    number: str
    by: str
    status: str = "pending"
    decided_by: str | None = None


@dataclass
class Ledger:
    """What is known of the paper; a method that changes something returns the refusal's code instead, or None."""

    window_days: int = 7
    limit: int = 5
    state: str = "submitted"
    conclusion: str = "normal"
    opinion_by: str | None = None
    windows: list[Window] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    keys: dict[tuple[str, str], Sheet] = field(default_factory=dict)
    pleas: list[Plea] = field(default_factory=list)

    def accept(self, now: datetime) -> None:
        self.state = "accepted"
        self.windows = [Window(now, midnight(chinese_day(now) + DAY * (self.window_days + 1)))]

    def standing(self, now: datetime) -> str:
        """Return the paper's state."""
        if self.state == "voided":
            return "voided"
        if not self.windows:
            return "not_ready"
        if now < self.windows[-1].closes:
            return "open"
        return "unlock_requested" if self.pending(now) else "locked"

    def pending(self, now: datetime) -> Request | None:
        return next((each for each in self.requests if each.stands(now) == "pending"), None)

    @property
    def unlocks(self) -> list[Request]:
        return [each for each in self.requests if each.status == "approved"]

    @property
    def living(self) -> list[Sheet]:
        return [each for each in self.sheets if each.status == "valid"]

    def no_paper(self, now: datetime) -> str | None:
        return {"voided": "paper_voided", "not_ready": "paper_not_ready"}.get(self.standing(now))

    def barred(self, now: datetime) -> set[str | None]:
        pending = self.pending(now)
        return {INSPECTOR, self.opinion_by, pending.by if pending else None}

    def deciders(self, now: datetime) -> set[str]:
        """Return who decides the open request, or would decide the next one."""
        first = min(len(self.unlocks) + 1, 3)
        able = {who: level for who, level in LEVELS.items() if level >= first and who not in self.barred(now)}
        there = sorted(set(able.values()))
        return {who for who, level in able.items() if level in there[: self.climbs(now) + 1]}

    def climbs(self, now: datetime) -> int:
        """Return how many times two workdays have passed since the open request was made."""
        pending = self.pending(now)
        if pending is None:
            return 0
        asked = chinese_day(pending.at)
        return sum(chinese_day(now) > workday(asked, each) for each in (2, 4, 6))

    def ask(self, who: str, now: datetime) -> str | None:
        if self.no_paper(now):
            return self.no_paper(now)
        if self.standing(now) != "locked":
            return {"open": "not_locked", "unlock_requested": "unlock_requested"}[self.standing(now)]
        for each in self.requests:
            each.status = each.stands(now)
        self.requests.append(Request(who, now))
        return None

    def withdraw(self, request: Request, who: str, now: datetime) -> str | None:
        if who != request.by:
            return "not_found"
        if request.stands(now) != "pending":
            return "unlock_decided"
        request.status = "withdrawn"
        return None

    def decide(self, request: Request, who: str, now: datetime, days: int | None) -> str | None:
        """Approve for ``days``, or reject (None)."""
        if request.stands(now) != "pending":
            return "unlock_decided"
        if self.state == "voided":
            return "paper_voided"
        if who in self.barred(now):
            return "four_eyes"
        if who not in self.deciders(now):
            return "unlock_not_yours"
        request.status, request.decided_by = ("approved" if days else "rejected"), who
        if days:
            self.windows.append(Window(now, midnight(chinese_day(now) + DAY * (days + 1))))
        return None

    def may_print(self, now: datetime) -> str | None:
        if self.no_paper(now):
            return self.no_paper(now)
        if self.standing(now) != "open":
            return "locked"
        if self.conclusion in GRAVE and self.opinion_by is None:
            return "opinion_required"
        used = sum(each.window == len(self.windows) for each in self.sheets)
        return "print_limit" if used >= self.limit else None

    def print(self, who: str, key: str, fresh_number: str) -> Sheet:
        """Write a sheet down; ``fresh_number`` is the one that the next original would get."""
        number = self.living[0].number if self.living else fresh_number
        copy = max((each.copy for each in self.living), default=0) + 1
        sheet = self.keys[who, key] = Sheet(number, copy, who, len(self.windows))
        self.sheets.append(sheet)
        return sheet

    def give_opinion(self, who: str, now: datetime) -> str | None:
        if self.opinion_by is not None:
            return "opinion_given"
        if self.living:
            return "opinion_after_print"
        if self.no_paper(now):
            return self.no_paper(now)
        self.opinion_by = who
        return None

    def amend(self, conclusion: str, now: datetime) -> str | None:
        if self.state == "voided":
            return "record_closed"
        if self.windows and self.standing(now) != "open":
            return "record_locked"
        if conclusion != self.conclusion:
            self.conclusion, self.opinion_by = conclusion, None
            self._end("superseded")
        return None

    def void_visit(self) -> None:
        self.state, self.opinion_by = "voided", None
        self._end("voided")

    def _end(self, status: str) -> None:
        for each in self.living:
            each.status = status
        for plea in self.pleas:
            plea.status = "overtaken" if plea.status == "pending" else plea.status

    def plead(self, sheet: Sheet, who: str) -> str | None:
        """Ask that a sheet be voided with all that share its number."""
        if sheet.status != "valid":
            return "not_voidable"
        if any(each.number == sheet.number and each.status == "pending" for each in self.pleas):
            return "void_requested"
        self.pleas.append(Plea(sheet.number, who))
        return None

    def take_plea_back(self, plea: Plea, who: str) -> str | None:
        if who != plea.by:
            return "not_found"
        if plea.status != "pending":
            return "void_decided"
        plea.status = "withdrawn"
        return None

    def answer_plea(self, plea: Plea, who: str, *, approved: bool) -> str | None:
        if plea.status != "pending":
            return "void_decided"
        same = [each for each in self.sheets if each.number == plea.number]
        if who in {INSPECTOR, plea.by, *(each.by for each in same)}:
            return "own_print"
        plea.status, plea.decided_by = ("approved" if approved else "rejected"), who
        for each in same if approved else ():
            each.status = "voided"
        return None

    def void_sheet(self, sheet: Sheet, who: str) -> str | None:
        same = [each for each in self.sheets if each.number == sheet.number]
        if who in {INSPECTOR, *(each.by for each in same)}:
            return "own_print"
        if sheet.status != "valid":
            return "not_voidable"
        for each in same:
            each.status = "voided"
        for plea in self.pleas:
            plea.status = "overtaken" if plea.status == "pending" else plea.status
        return None

    def sweep(self, now: datetime) -> list[str]:
        """Return the kinds of events that the sweep has to record now, each once for ever."""
        told = []
        for number, window in enumerate(self.windows, start=1):
            is_printed = any(each.window == number for each in self.sheets)
            if self.state == "voided":
                continue
            if now >= window.closes and not window.locked:
                window.locked = True
                told.append("paper.locked")
            if window.closes - DAY <= now < window.closes and not window.reminded and not is_printed:
                window.reminded = True
                told.append("paper.closing_soon")
        for request in self.requests:
            if request.status == "pending" and request.stands(now) == "expired":
                request.status = "expired"
                told.append("unlock.expired")
        return sorted(told)
