"""The simulator's words in the product's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.calendars.rules import Calendar
from inspection_api.core.periods import Unit, WindowMode
from inspection_api.plans.rules import (
    DueRoll,
    Episode,
    Exit,
    ExitCheck,
    ExitRule,
    FirstRule,
    InspectionType,
    PlanTerms,
    RequiredTask,
    Rule,
    Version,
    required_tasks,
)
from tests.rounds.simulator import Round

if TYPE_CHECKING:
    from datetime import date

    from tests.rounds.simulator import Edition, Form, Life, Stay


def product_required(life: Life, stay: Stay, today: date) -> list[Round]:
    """Ask the product what the simulator is asked in `simulator.required`."""
    years = frozenset(range(2016, 2036))
    tasks = required_tasks(
        [version(each) for each in life.editions],
        PlanTerms(start=life.start, end=life.end, recorded_on=life.recorded),
        episode(stay),
        today,
        Calendar(years=years, holidays=life.holidays, workdays=life.workdays),
    )
    return sorted(round_of(task) for task in tasks)


def round_of(task: RequiredTask) -> Round:
    """Return a task of the product as the simulator would write it."""
    return Round(
        kind=task.kind.value,
        start=task.period.start,
        end=task.period.end,
        due=task.due_on,
        window_end=task.window_end_on,
        edition=task.version,
        is_first=task.is_first,
    )


def version(edition: Edition) -> Version:
    """Return an edition as the product's version."""
    return Version(number=edition.number, rule=rule(edition.form), since=edition.since)


def rule(form: Form) -> Rule:
    """Return a form as the product's rule."""
    return Rule(
        start=form.start,
        inspection_type=InspectionType(form.type),
        unit=Unit(form.unit),
        interval=form.interval,
        window_mode=WindowMode.ANCHORED if form.anchored else WindowMode.CALENDAR,
        first_rule=FirstRule(form.first_rule),
        first_grace_days=form.grace,
        exit_rule=ExitRule(form.exit_rule),
        exit_check=check(form.exit_check),
        exit_checks={name: check(each) for name, each in form.exit_checks.items()},
        history_valid=form.history[0],
        history_unit=Unit(form.history[1]),
        due_roll=DueRoll(form.due_roll),
        new_within_days=form.new_within,
    )


def check(values: tuple[int, str, int]) -> ExitCheck:
    """Return (interval, unit, count) as the product's value."""
    return ExitCheck(interval=values[0], unit=Unit(values[1]), count=values[2])


def episode(stay: Stay) -> Episode:
    """Return a stay as the product's episode."""
    left = None
    if stay.exit_type is not None and stay.approved is not None:
        left = Exit(exit_type=stay.exit_type, approved_on=stay.approved, returned_on=stay.returned)
    return Episode(joined_on=stay.joined, recorded_on=stay.recorded, left_on=stay.left, exit=left)
