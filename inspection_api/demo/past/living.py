"""A year, day by day: what is due on each day, in the order in which it happens."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from sqlalchemy import text

from inspection_api.core.periods import add_months, first_of_month, month_of
from inspection_api.demo.past import founding, leaving, offices, prints, rounds, undecided, visits, wishes
from inspection_api.demo.past.album import Album
from inspection_api.demo.past.founding import MONTHS
from inspection_api.demo.past.meters import Meters
from inspection_api.demo.past.phones import Phone, decide_waiting
from inspection_api.tasks import service as tasks
from kiosk_print import service as papers
from sync import service as sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from inspection_api.core.context import Context
    from inspection_api.demo.past.era import Era
    from inspection_api.demo.past.founding import Founding
    from inspection_api.demo.past.rounds import Errand
    from inspection_api.http.runtime import Runtime

_MORNING, _NOON, _EVENING = timedelta(hours=6), timedelta(hours=12), timedelta(hours=18, minutes=40)
_WISHES_AGO = timedelta(days=4)
_SPARED = "0101"
"""The sub-branch whose running month nobody has begun: whoever tries the demo out has everything before him."""
_RUNNING_SHARE = 0.6
_SEASON, _OUTSIDE, _UNMET = 4, 0, 2
"""In which of four months a phone brings a visit from outside, or stands before a shut door."""
_ANALYZE = text(
    "ANALYZE organisation, customer, loan, checkpoint, checkpoint_location, plan_membership, access_grant, task, visit,"
    " inspection, media, paper_window"
)
_NEW_STATISTICS = (0, 4, 9, MONTHS)
"""After which months the planner has to look again at what one transaction has written."""
_CAMPAIGN_MONTHS = {6: "年中抵押物专项", MONTHS: "岁末专项排查"}


@dataclass(slots=True, kw_only=True)
class Life:
    """What goes on: the bank, its visits to come by the day, its phones and its meters."""

    era: Era
    bank: Founding
    album: Album
    meters: Meters
    agenda: dict[date, list[Errand]] = field(default_factory=lambda: defaultdict(list))
    phones: dict[str, Phone] = field(default_factory=dict)

    def elapsed(self, day: date) -> int:
        """Return how many months have passed since the bank's first."""
        return (day.year - self.bank.start.year) * 12 + day.month - self.bank.start.month


def live(ctx: Context, runtime: Runtime, sizes: tuple[int, ...]) -> None:
    """Found the bank a year ago and let its people work until now."""
    era, bank = founding.found(ctx, runtime, sizes)
    life = Life(era=era, bank=bank, album=Album.fill(era.system()), meters=Meters())
    days = list(_days(bank.start, era.today))
    with click.progressbar(days, label="演示数据（过去一年）", file=sys.stderr) as bar:
        for day in bar:
            _live_through(life, day)
    undecided.leave(era, [sub.code for sub in bank.subs])


def _days(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=number) for number in range((end - start).days))


def _live_through(life: Life, day: date) -> None:
    life.era.go_to(day, _MORNING)
    if day.day in _OF_MONTH:
        _OF_MONTH[day.day](life, day)
        offices.date_adjustments(life.era)
    if day.weekday() == 0:
        _begin_week(life)
    life.era.go_to(day, _NOON)
    life.meters.read(life.era, day)
    prints.work(life.era, day)
    if life.era.today - day == _WISHES_AGO:
        wishes.propose(life.era, [sub.code for sub in life.bank.subs[1:4]])
    life.era.go_to(day, _EVENING)
    _visit(life, day)


def _begin_month(life: Life, first: date) -> None:
    era, month = life.era, month_of(first)
    tasks.generate(era.system(), first)
    era.settle()
    elapsed = life.elapsed(first)
    if elapsed in _CAMPAIGN_MONTHS:
        offices.begin_campaign(era, "b01", _CAMPAIGN_MONTHS[elapsed])
    if elapsed in _NEW_STATISTICS:
        era.ctx.session.execute(_ANALYZE)
    is_running = elapsed == MONTHS
    share = _RUNNING_SHARE if is_running else 1.0
    for day, errands in rounds.plan(era.system(), era.random, month.start, month.end, share=share).items():
        life.agenda[day] += [each for each in errands if not (is_running and each.duty.code.startswith(_SPARED))]


def _allow_makeups(life: Life, day: date) -> None:
    soon = [errand for ahead in rounds.MAKEUP_DAYS for errand in life.agenda[day + timedelta(days=ahead - day.day)]]
    offices.allow_makeups(life.era, rounds.still_open(life.era.system(), soon))
    life.era.settle()


def _write_off_missed(life: Life, _day: date) -> None:
    tasks.sweep(life.era.system())
    life.era.settle()


def _close_last_month(life: Life, day: date) -> None:
    if life.elapsed(day):
        offices.close_month(life.era, add_months(first_of_month(day), -1))


def _propose_exits(life: Life, _day: date) -> None:
    leaving.propose(life.era, _EXIT_SHARE)


def _decide_exits(life: Life, _day: date) -> None:
    leaving.decide(life.era)
    leaving.come_back(life.era, _RETURN_SHARE)


def _review(life: Life, _day: date) -> None:
    offices.review_closings(life.era)
    decide_waiting(life.era)


def _grow(life: Life, day: date) -> None:
    founding.grow(life.era, life.bank, add_months(first_of_month(day), 1))


def _visit_early(life: Life, day: date) -> None:
    era = life.era
    era.go_to(day, _NOON)
    visits.perform(
        era.system(), era.random, life.album, rounds.early(era.system(), era.random, day - timedelta(days=1))
    )
    era.settle()


def _equip(life: Life, _day: date) -> None:
    """Give the second officer of every branch that works by now a phone."""
    second = [sub.code for sub in life.bank.subs if sub.code.endswith("02")]
    for code in second:
        if int(code[:2]) <= life.bank.branches and code not in life.phones:
            phone = life.phones[code] = Phone(username=f"o{code}")
            phone.enrol(life.era, f"m{code}")


def _forget_finished(life: Life, _day: date) -> None:
    while sync.withdraw_finished(life.era.system()):
        pass
    life.era.settle()


_EXIT_SHARE, _RETURN_SHARE = 0.003, 0.08
_OF_MONTH: dict[int, Callable[[Life, date], None]] = {
    1: _begin_month,
    2: _allow_makeups,
    3: _equip,
    6: _propose_exits,
    8: _decide_exits,
    9: _write_off_missed,
    10: _close_last_month,
    17: _review,
    20: _grow,
    25: _forget_finished,
    26: _visit_early,
}
"""What happens on which day of a month, in the morning."""


def _begin_week(life: Life) -> None:
    era = life.era
    while papers.sweep(era.system()):
        era.settle()


def _visit(life: Life, day: date) -> None:
    """Let the day's visits come; phones bring one of theirs from outside of the fence, or stand before a shut door."""
    era, coming = life.era, life.agenda.pop(day, [])
    if not coming:
        return
    errands = rounds.still_open(era.system(), coming)
    if day.day > _SECOND_HALF:
        errands = [each for each in errands if not _takes_phone(life, each)]
    visits.perform(era.system(), era.random, life.album, errands)
    era.settle()
    offices.date_adjustments(era)


_SECOND_HALF = 15


def _takes_phone(life: Life, errand: Errand) -> bool:
    """Let a phone take an errand, one in two months; tell whether it has made the visit."""
    phone = life.phones.get(errand.duty.code[:4])
    month = life.elapsed(errand.performed_on)
    if phone is None or phone.last_used == month or errand.way is not rounds.Way.USUAL:
        return False
    phone.last_used = month
    turn = (month + int(errand.duty.code[:2])) % _SEASON
    if turn == _UNMET:
        phone.push_unmet(life.era, errand)
    if turn == _OUTSIDE:
        phone.push_from_outside(life.era, errand)
    return turn == _OUTSIDE
