"""A bank with one rule, kept by hand: points, their stays, and the tasks that daily runs make and visits close.

The naive half of the comparison; the other half is the product, played by `driver.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from tests.rounds import simulator
from tests.rounds.simulator import DAY, Edition, Form, Life, Round, Stay

OPEN = {"pending"}
DONE = {"done", "done_late"}


@dataclass
class Task:
    """One row of the book of tasks; ``loan`` where the rule asks for a visit for each (the number of its loan)."""

    stay: int
    round: Round
    organisation: str
    loan: int | None = None
    state: str = "pending"
    credit_from: date | None = None
    visited: date | None = None
    makeup_until: date | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether a visit may still close it in time."""
        return self.state in OPEN

    def holds(self, day: date) -> bool:
        """Tell whether a visit of that day may close it, also by a 补检 that was allowed."""
        return self.round.start <= day <= (self.makeup_until or self.round.window_end)


@dataclass
class Visit:
    """A visit of a day; ``used`` once it closed or spared a task."""

    day: date
    channel: str
    used: bool = False


@dataclass
class Point:
    """A checkpoint: where it is, its stays with their organisations, what was asked and what was visited.

    ``loans`` are the days on which they were paid out.
    """

    organisation: str
    effective_from: date
    loans: tuple[date, ...] = ()
    stays: list[Stay] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    def enter(self, place: str, joined: date, today: date) -> None:
        """Begin a stay."""
        self.stays.append(Stay(joined=joined, recorded=today))
        self.places.append(place)


@dataclass
class Bank:
    """All of it; ``places`` are the organisations that have a plan of the rule."""

    life: Life
    places: tuple[str, ...]
    points: list[Point] = field(default_factory=list)

    def join(self, place: str, effective_from: date, today: date, loans: tuple[date, ...]) -> None:
        """Let a new point enter the plan of its organisation, if there is one."""
        point = Point(organisation=place, effective_from=effective_from, loans=loans)
        self.points.append(point)
        if place in self.places:
            point.enter(place, effective_from, today)

    def run(self, today: date) -> None:
        """Make what must exist, and drop what has not begun and need not."""
        for point in self.points:
            made: list[Task] = []
            for number in range(len(point.stays)):
                made += self._run_stay(point, number, today)
            for visit in point.visits:
                if not visit.used:
                    self._count(point, visit, made)

    def _run_stay(self, point: Point, number: int, today: date) -> list[Task]:
        wanted = simulator.required(self.life, point.stays[number], today)
        names, days = {_terms(each) for each in wanted}, {_days(each) for each in wanted}
        for task in point.tasks:
            if task.stay == number and task.is_open:
                is_ahead = task.round.start > today and _terms(task.round) not in names
                if is_ahead or (self._is_overtaken(task.round) and _days(task.round) not in days):
                    task.state = "cancelled"
        made = [self._make(point, number, round_, loan) for round_ in wanted for loan in self._loans(point, round_)]
        return [task for task in made if task is not None]

    def _loans(self, point: Point, round_: Round) -> list[int | None]:
        """Return for what a round needs tasks of their own: the loans paid out by its end, if the rule says so."""
        if not self.life.form(round_.edition).per_loan:
            return [None]
        return [number for number, day in enumerate(point.loans) if day <= round_.end] or [None]

    def _is_overtaken(self, round_: Round) -> bool:
        """Tell whether other terms were to hold from its first day on, whenever it was that somebody looked."""
        later = [each.since for each in self.life.editions if each.number > round_.edition and each.since is not None]
        return round_.kind == "regular" and any(since <= round_.start for since in later)

    def _make(self, point: Point, number: int, round_: Round, loan: int | None) -> Task | None:
        alike = [each for each in point.tasks if each.round.kind == round_.kind and each.loan == loan]
        if any(each.state != "cancelled" and _overlap(each.round, round_) for each in alike):
            return None
        for each in alike:
            if each.stay == number and each.round.start == round_.start:
                point.tasks.remove(each)
        made = Task(stay=number, round=round_, organisation=point.places[number], loan=loan)
        count, unit = self.form(made).history
        if count and round_.is_first and round_.kind == "regular":
            made.credit_from = simulator.shift(round_.start, -count, unit)
        point.tasks.append(made)
        return made

    def form(self, task: Task) -> Form:
        """Return the terms by which a task was made."""
        return self.life.form(task.round.edition)

    def _is_earned(self, task: Task, visit: Visit) -> bool:
        """Tell whether a visit lies in the credit of a first task (§1.7)."""
        in_time = task.credit_from is not None and task.credit_from <= visit.day < task.round.start
        return in_time and visit.channel in self.form(task).channels

    def visit(self, point: Point, day: date, channel: str) -> None:
        """Let somebody be there: the oldest task whose window holds the day, else a credit, else nothing (§1.8)."""
        visit = Visit(day=day, channel=channel)
        point.visits.append(visit)
        self._count(point, visit, point.tasks)

    def _count(self, point: Point, visit: Visit, tasks: list[Task]) -> None:
        """Let a visit do to some tasks of its point what it may, as if those made after it had been there."""
        tasks = sorted(tasks, key=lambda each: each.round.start)
        fitting = [task for task in tasks if visit.channel in self.form(task).channels]
        held = [task for task in fitting if task.state in {"pending", "missed"} and task.holds(visit.day)]
        earned = [task for task in fitting if task.is_open and self._is_earned(task, visit)]
        if held and not self._is_too_close(point, held[0], visit.day):
            held[0].state, held[0].visited = "done" if visit.day <= held[0].round.due else "done_late", visit.day
            visit.used = True
        elif earned and not held:
            earned[0].state, visit.used = "exempt", True

    def _is_too_close(self, point: Point, task: Task, day: date) -> bool:
        """Tell whether the visit that closed the task before was only some days away (§1.8)."""
        before = [each for each in point.tasks if each.state in DONE and each.round.start < task.round.start]
        if not before:
            return False
        _, last = max((each.round.start, each.visited) for each in before if each.visited)
        return abs(day - last) < self.form(task).gap * DAY

    def make_up(self, point: Point, today: date) -> tuple[str, date] | None:
        """Allow the oldest round whose window is over, and whose days for it are not, to be done late (§1.8)."""
        due = [task for task in point.tasks if self._may_be_made_up(task, today)]
        if not due:
            return None
        oldest = min(due, key=lambda each: each.round.start)
        for task in due:
            if _name(task) == _name(oldest):
                task.makeup_until = task.round.window_end + self.form(task).makeup * DAY
        return _name(oldest)

    def _may_be_made_up(self, task: Task, today: date) -> bool:
        last = task.round.window_end
        return task.state in {"pending", "missed"} and last < today <= last + self.form(task).makeup * DAY

    def sweep(self, now: datetime) -> None:
        """Miss an open task so many hours after the last midnight of its window and of the days for a 补检."""
        for point in self.points:
            for task in point.tasks:
                form = self.form(task)
                last = task.round.window_end + form.makeup * DAY
                over = datetime.combine(last + DAY, time()) + timedelta(hours=form.late)
                if task.is_open and now >= over:
                    task.state = "missed"

    def exit(self, point: Point, day: date, exit_type: str, today: date) -> None:
        """Let a point leave: what is not owed any more goes (§1.5)."""
        for number, stay in enumerate(point.stays):
            if stay.left is None:
                point.stays[number] = replace(stay, left=day, exit_type=exit_type, approved=today)
                stop = simulator.stop_day(self.life, day)
                for task in point.tasks:
                    if task.stay == number and task.is_open:
                        self._leave(task, point.stays[number], stop)

    def _leave(self, task: Task, stay: Stay, stop: date) -> None:
        if not simulator.is_owed(task.round, stay, stop):
            task.state = "cancelled"

    def call_off(self, point: Point, today: date) -> None:
        """Let a scheduled exit not take place; nothing is checked after it."""
        for number, stay in enumerate(point.stays):
            if stay.exit_type is not None and stay.left is not None and stay.left > today:
                point.stays[number] = replace(stay, left=None, exit_type=None, approved=None)
                for task in point.tasks:
                    if task.is_open and task.stay == number and task.round.kind == "exit":
                        task.state = "cancelled"

    def take_out(self, point: Point, today: date) -> None:
        """End the running stay by hand; what is not overdue goes with it."""
        number = len(point.stays) - 1
        point.stays[number] = replace(point.stays[number], left=today)
        for task in point.tasks:
            if task.stay == number and task.is_open and task.round.due >= today:
                task.state = "cancelled"

    def come_back(self, point: Point, day: date, today: date) -> None:
        """Begin a new stay; the checks after the exit that are not overdue are not needed (§1.6)."""
        for task in point.tasks:
            if task.is_open and task.round.kind == "exit" and task.round.due >= today:
                task.state = "cancelled"
        point.stays = [replace(each, returned=today) if _has_exited(each) else each for each in point.stays]
        if point.organisation in self.places:
            point.enter(point.organisation, day, today)

    def move(self, point: Point, place: str, today: date) -> None:
        """Let a point go to another organisation; open tasks follow where the rule has a plan (§1.3)."""
        before = {number for number, stay in enumerate(point.stays) if stay.left is None}
        joined = today
        for number in before:
            joined = point.stays[number].joined
            point.stays[number] = replace(point.stays[number], left=today)
        point.organisation = place
        if place in self.places:
            point.enter(place, joined, today)
        for task in point.tasks:
            if task.stay in before and task.is_open and task.round.due >= today:
                has_it = self.life.end is None or task.round.end <= self.life.end
                if place in self.places and has_it:
                    task.stay, task.organisation = len(point.stays) - 1, place
                else:
                    task.state = "cancelled"

    def edit(self, form: Form, today: date, days: int) -> None:
        """Set other terms from the first period on that has not begun, after so many days."""
        if form != self.life.editions[-1].form:
            self._switch(form, self.life.end, max(today, today + days * DAY))

    def end(self, day: date | None, today: date) -> None:
        """Let the rule end on another day; its terms are otherwise as they were."""
        if day != self.life.end:
            self._switch(self.life.editions[-1].form, day, today)

    def _switch(self, form: Form, end: date | None, after: date) -> None:
        newest = self.life.editions[-1]
        made = Edition(number=newest.number + 1, form=form, since=simulator.switch_day(self.life, after), end=end)
        self.life = replace(self.life, editions=(*self.life.editions, made), end=end)

    def figures(self, place: str, window: tuple[date, date], today: date) -> tuple[int, ...]:
        """Count (due, completed, on time, overdue, running, progressed) of one organisation (§1.9)."""
        mine = [task for point in self.points for task in point.tasks if task.organisation == place]
        mine = [task for task in mine if task.round.kind != "regular" or self.form(task).type != "special"]
        counted = [task for task in mine if task.state not in {"cancelled", "exempt"}]
        due = [task for task in counted if window[0] <= task.round.due <= window[1] and task.round.due <= today]
        running = [task for task in counted if task.round.start <= today <= task.round.end]
        if not window[0] <= today <= window[1]:
            running = []
        late = [task for task in due if task.state == "missed" or (task.is_open and task.round.due < today)]
        done = [[task for task in some if task.state in DONE] for some in (due, running)]
        in_time = [task for task in due if task.state == "done"]
        return len(due), len(done[0]), len(in_time), len(late), len(running), len(done[1])


def _has_exited(stay: Stay) -> bool:
    return stay.exit_type is not None and stay.returned is None


def _name(task: Task) -> tuple[str, date]:
    return task.round.kind, task.round.start


def _terms(round_: Round) -> tuple[object, ...]:
    return round_.kind, round_.start, round_.end, round_.due, round_.edition


def _days(round_: Round) -> tuple[object, ...]:
    return round_.kind, round_.start, round_.end, round_.due


def _overlap(one: Round, other: Round) -> bool:
    return one.start <= other.end and other.start <= one.end
