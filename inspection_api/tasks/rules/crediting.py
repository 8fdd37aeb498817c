"""Which earlier visit spares which first task, where several tasks or visits meet (domain.md §1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID


class Credit(NamedTuple):
    """A visit within the 历史检查有效期 of an open first task that no other task of the rule has used."""

    task_id: UUID
    rule_id: UUID
    period_start: date
    inspection_id: UUID
    performed_on: date


def decide_credits(possible: Iterable[Credit]) -> list[Credit]:
    """Return the credits that are given: the older task chooses first, and takes the latest visit that is left.

    A visit is used once in a rule, though it may spare tasks of several rules.
    """
    given: dict[UUID, Credit] = {}
    used: set[tuple[UUID, UUID]] = set()
    for credit in sorted(possible, key=_in_turn):
        if credit.task_id not in given and (credit.rule_id, credit.inspection_id) not in used:
            given[credit.task_id] = credit
            used.add((credit.rule_id, credit.inspection_id))
    return list(given.values())


def _in_turn(credit: Credit) -> tuple[date, UUID, int, UUID]:
    return credit.period_start, credit.task_id, -credit.performed_on.toordinal(), credit.inspection_id
