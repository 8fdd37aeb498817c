"""What waits for a decision when the past ends, so that whoever opens a superior's desk finds a day's work on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from checkpoints import service as checkpoints
from inspection_api.core.periods import day_start, local_day
from inspection_api.demo.past import leaving, prints, rounds, wishes
from inspection_api.demo.past.phones import Phone
from inspection_api.demo.past.rounds import Errand, Way
from inspection_api.demo.past.visits import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from inspection_api.demo.past.era import Era

_LAST_EVENING, _MORNING = timedelta(hours=20), timedelta(hours=8)
_A_WHILE = timedelta(minutes=5)
"""Between two handshakes of a phone: the server keeps one sample of its clock for a moment."""
_OUTSIDE, _TWICE, _MOVED = 0, 1, -1
"""Which of the first sub-branch's places is visited from outside, filled in twice, or has moved."""
_MISTYPED = Decimal(10)
_MOVED_M = 620.0
_WHY_RESET = "企业已迁入新厂房，请重新绑定位置"


def leave(era: Era, codes: Sequence[str]) -> None:
    """Let the first two sub-branches end the past with open matters.

    Each with a locked 明白纸, a proposal and an exit; the first also with what phones brought that were given back
    since, so that whoever tries the demo out may enrol both of his: a visit from outside of the fence, one that two
    phones filled in otherwise, and a new place far from the registered address.
    """
    era.go_to(era.today - timedelta(days=1), _LAST_EVENING)
    wishes.propose_edit(era, codes[0], "厂区扩建后的新大门")
    for number, code in enumerate(codes[:2]):
        prints.ask(era, code, number)
        leaving.propose_one(era, code)
    _bring_doubts(era, codes[0])


def _bring_doubts(era: Era, code: str) -> None:
    places = rounds.places(era.system(), code, local_day(era.now))
    phones = [Phone(username=f"o{code}") for _ in range(2)]
    for phone, name in zip(phones, ("工作手机", "备用手机"), strict=True):
        phone.enrol(era, f"m{code}", name)
    phones[0].push_from_outside(era, _errand(era, places[_OUTSIDE]))
    _fill_in_twice(era, places[_TWICE], *phones)
    _bind_again(era, code, places[_MOVED], phones[0])
    for phone in phones:
        phone.give_back(era, f"m{code}")


def _errand(era: Era, duty: Row[Any]) -> Errand:
    yesterday = local_day(era.now)
    return Errand(duty=duty, way=Way.USUAL, performed_on=yesterday, comes_on=yesterday, is_troubled=False)


def _fill_in_twice(era: Era, duty: Row[Any], first: Phone, second: Phone) -> None:
    """Let one phone begin a visit and the other bring it, with another amount of tax."""
    visit = prepared(era.system(), era.random, _errand(era, duty))
    mistyped = Decimal(visit["answers"]["tax_ytd"]["value"]) + _MISTYPED
    era.now += _A_WHILE
    first.push_draft(era, visit, "tax_ytd", str(mistyped))
    second.push_visit(era, visit)


def _bind_again(era: Era, code: str, duty: Row[Any], phone: Phone) -> None:
    """Let the manager give up a place in the morning, and the officer bind one far from the registered address."""
    morning = day_start(local_day(era.now)) + _MORNING
    checkpoints.reset(replace(era.acting(f"m{code}"), now=morning), duty.checkpoint_id, reason=_WHY_RESET)
    era.settle()
    era.now += _A_WHILE
    phone.push_binding(era, prepared(era.system(), era.random, _errand(era, duty), north_m=_MOVED_M))
