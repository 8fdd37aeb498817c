"""What waits for a decision when the past ends, so that whoever opens a superior's desk finds a day's work on it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inspection_api.core.periods import local_day
from inspection_api.demo.past import leaving, prints, rounds, wishes
from inspection_api.demo.past.phones import Phone
from inspection_api.demo.past.rounds import Errand, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.demo.past.era import Era

_LAST_EVENING = timedelta(hours=20)


def leave(era: Era, codes: Sequence[str]) -> None:
    """Let the first two sub-branches end the past with open matters.

    Each with a locked 明白纸, a proposal and an exit; the first also with a visit from outside of the fence, by a phone
    that was given back since, so that whoever tries the demo out may enrol both of his.
    """
    era.go_to(era.today - timedelta(days=1), _LAST_EVENING)
    wishes.propose_edit(era, codes[0], "厂区扩建后的新大门")
    for number, code in enumerate(codes[:2]):
        prints.ask(era, code, number)
        leaving.propose_one(era, code)
    _visit_from_outside(era, codes[0])


def _visit_from_outside(era: Era, code: str) -> None:
    yesterday = local_day(era.now)
    duty = rounds.open_duty(era.system(), code, yesterday)
    if duty is not None:
        phone = Phone(username=f"o{code}")
        phone.enrol(era, f"m{code}")
        errand = Errand(duty=duty, way=Way.USUAL, performed_on=yesterday, comes_on=yesterday, is_troubled=False)
        phone.push_from_outside(era, errand)
        phone.give_back(era, f"m{code}")
