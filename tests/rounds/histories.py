"""Random rules, stays and days of 2016-2032, close enough together that borders are hit: month ends, 29 February."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.rounds import simulator
from tests.rounds.simulator import Edition, Form, Life, Stay

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

FIRST, LAST = date(2016, 1, 1), date(2032, 12, 31)
_BORDERS = [
    date(year, month, day)
    for year in range(2016, 2033)
    for month, day in ((1, 1), (1, 31), (2, 28), (3, 1), (6, 30), (12, 31))
] + [date(year, 2, 29) for year in range(2016, 2033, 4)]
KINDS = st.sampled_from(["existing"] * 5 + ["exit", "new", "special"])
CHECKS = st.sampled_from([(0, "month", 0), (3, "month", 1), (1, "month", 3), (6, "month", 4), (10, "day", 2)])


def days() -> SearchStrategy[date]:
    """Any day, and borders more often."""
    return st.sampled_from(_BORDERS) | st.dates(FIRST, LAST)


def near(day: date, back: int, ahead: int) -> SearchStrategy[date]:
    """Return days around a day."""
    around = st.integers(-back, ahead).map(lambda days: day + timedelta(days=days))
    return around.map(lambda day: min(max(day, FIRST), LAST))


@st.composite
def forms(draw: DrawFn, start: date, kind: str = "existing") -> Form:
    """Return a rule's form with this start."""
    unit, most = draw(st.sampled_from([("month", 14), ("month", 3), ("year", 2), ("week", 5), ("day", 40)]))
    return Form(
        start=start,
        unit=unit,
        interval=draw(st.integers(1, most)),
        anchored=draw(st.booleans()),
        type=kind,
        first_rule=draw(st.sampled_from(["current", "next"])),
        grace=draw(st.sampled_from([0, 0, 1, 2, 7, 20])),
        exit_rule=draw(st.sampled_from(["current", "next"])),
        exit_check=draw(CHECKS),
        exit_checks=draw(st.dictionaries(st.sampled_from(["settled", "written_off"]), CHECKS, max_size=1)),
        due_roll=draw(st.sampled_from(["none", "none", "prev_workday", "next_workday"])),
        history=draw(st.tuples(st.integers(0, 40), st.sampled_from(["day", "month", "year"]))),
        new_within=draw(st.sampled_from([0, 1, 15, 15, 40])),
        makeup=draw(st.sampled_from([0, 0, 1, 5, 30])),
        late=draw(st.sampled_from([0, 1, 24, 72, 72, 240])),
        gap=draw(st.sampled_from([0, 0, 1, 2, 7, 31])),
        channels=draw(st.sampled_from([("onsite",), ("onsite",), ("remote",), ("onsite", "remote")])),
        per_loan=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def lives(draw: DrawFn, *, most_edits: int = 2) -> Life:
    """Return a plan of a rule that was edited up to so many times, from days when its periods change (§1.10.2)."""
    kind = draw(KINDS)
    start = draw(days())
    begin = draw(st.just(start) | near(start, 0, 200))
    end = draw(st.none() | near(begin, 0, 1500).map(lambda day: max(day, begin)))
    life = Life(
        editions=(Edition(number=1, form=draw(forms(start, kind))),),
        start=begin,
        end=end,
        recorded=draw(near(begin, 200, 200)),
        holidays=frozenset(draw(st.lists(near(begin, 0, 400), max_size=8))),
    )
    for _ in range(draw(st.integers(0, most_edits))):
        life = edited(life, draw(forms(start, kind)), draw(near(begin, 60, 700)))
    return life


def edited(life: Life, form: Form, today: date) -> Life:
    """Return the plan after an edit: the new form holds from the first old period that begins after the day."""
    made = Edition(number=len(life.editions) + 1, form=form, since=simulator.switch_day(life, today))
    editions = (*life.editions, made)
    return Life(editions=editions, start=life.start, end=life.end, recorded=life.recorded, holidays=life.holidays)


@st.composite
def stays(draw: DrawFn, life: Life) -> Stay:
    """Return an episode in a plan: joined around its beginning, left by exit or not at all."""
    joined = draw(near(life.start, 60, 500))
    recorded = draw(st.just(joined) | near(joined, 20, 300))
    left = draw(st.none() | near(joined, 0, 500).map(lambda day: max(day, joined)))
    if left is None:
        return Stay(joined=joined, recorded=recorded)
    exit_type = draw(st.sampled_from(["settled", "exited", "written_off"]))
    approved = draw(st.just(left) | near(left, 60, 200))
    returned = draw(st.none() | near(max(left, approved), 0, 400))
    return Stay(joined=joined, recorded=recorded, left=left, exit_type=exit_type, approved=approved, returned=returned)


@st.composite
def cases(draw: DrawFn) -> tuple[Life, Stay, date]:
    """Return a plan, an episode and the day of a run."""
    life = draw(lives())
    stay = draw(stays(life))
    return life, stay, draw(near(stay.left or stay.joined, 100, 900))


NUMBERS = st.integers(0, 3)
PLACES = st.sampled_from(["sub_branch", "sub_branch", "sibling", "foreign"])
SPANS = st.sampled_from([0, 0, 1, 2, 3, 5, 10, 20, 31, 45, 90])
LOANS = st.lists(st.sampled_from([-400, -40, 0, 20, 50]), max_size=3).map(tuple)
CHANNELS = st.sampled_from(["onsite", "onsite", "remote"])
EXIT_TYPES = st.sampled_from(["settled", "exited", "written_off"])
WAIT = st.tuples(st.sampled_from([1, 1, 2, 3, 5, 10, 16, 28, 31, 40, 92]))
NOTHING: SearchStrategy[tuple[int, ...]] = st.just(())


def actions(start: date, kind: str) -> SearchStrategy[tuple[str, tuple[object, ...]]]:
    """Return one thing that happens in a town, by the name of its method there, with what it takes."""
    kinds: list[tuple[str, SearchStrategy[tuple[object, ...]]]] = [
        *(("wait", WAIT),) * 3,
        *(("night", NOTHING),) * 3,
        ("join", st.tuples(PLACES, st.integers(-80, 40), LOANS)),
        *(("visit", st.tuples(NUMBERS, SPANS, CHANNELS)),) * 3,
        ("make_up", st.tuples(NUMBERS)),
        ("leave", st.tuples(NUMBERS, st.builds(int.__mul__, SPANS, st.sampled_from([-1, -1, 1])), EXIT_TYPES)),
        ("think_again", st.tuples(NUMBERS)),
        ("take_out", st.tuples(NUMBERS)),
        ("put_in", st.tuples(NUMBERS)),
        ("move", st.tuples(NUMBERS, PLACES)),
        ("edit", st.tuples(forms(start, kind), st.sampled_from([0, 0, 0, -5, 3, 35, 100]))),
        ("end", st.tuples(st.sampled_from([0, 1, 10, 31, 100, 400]))),
    ]
    return st.one_of([st.tuples(st.just(name), values) for name, values in kinds])


def calendars(start: date) -> SearchStrategy[tuple[str, tuple[object, ...]]]:
    """Return the import of a calendar: holidays, and weekend days on which people work, from two months before on."""
    around = st.integers(-60, 500).map(lambda days: start + timedelta(days=days))
    holidays = st.frozensets(around.filter(lambda day: day.weekday() < 5), max_size=12)
    workdays = st.frozensets(around.filter(lambda day: day.weekday() >= 5), max_size=6)
    return st.tuples(st.just("publish"), st.tuples(holidays, workdays))


@st.composite
def histories(draw: DrawFn) -> tuple[Form, date | None, date, list[tuple[str, tuple[object, ...]]]]:
    """Return a rule's form, its end, the day on which it is written down, and what happens from then on."""
    start = draw(days().filter(lambda day: day.year < LAST.year - 1))
    kind = draw(KINDS)
    form = draw(forms(start, kind))
    end = draw(st.none() | st.none() | st.integers(0, 600).map(lambda days: start + timedelta(days=days)))
    join = ("join", ("sub_branch", draw(st.integers(-80, 40)), draw(LOANS)))
    before = draw(st.just([]) | st.tuples(calendars(start)).map(list))
    later = draw(st.lists(actions(start, kind), min_size=3, max_size=25))
    return form, end, draw(near(start, 60, 200)), [*before, join, *later]
