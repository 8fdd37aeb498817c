"""What a rule may say, and from which day an edit of it counts (domain.md §1.1, §1.10.2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from inspection_api.accounts.rules import OrganisationKind
from inspection_api.plans.errors import ExitChecksInvalid, OrganisationTypeAbove, RuleDatesInvalid
from inspection_api.plans.rules.terms import PlanTerms, grid_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspection_api.plans.rules.terms import ExitCheck, Version

_ONE_DAY = timedelta(days=1)


def ensure_dates(start: date, end: date | None) -> None:
    """Refuse a rule that ends before it starts.

    Raises:
        RuleDatesInvalid: ``end`` lies before ``start``.
    """
    if end is not None and end < start:
        raise RuleDatesInvalid(fields={"end": "不能早于开始时间"})


def ensure_org_type(owner_kind: str, org_type: str) -> None:
    """Refuse a rule for organisations of a type that its owner has none of in his subtree, and never will.

    Raises:
        OrganisationTypeAbove: ``org_type`` stands above the owner's kind.
    """
    ranks = [each.value for each in OrganisationKind]
    if ranks.index(org_type) < ranks.index(owner_kind):
        raise OrganisationTypeAbove(fields={"org_type": OrganisationTypeAbove.title})


def ensure_exit_checks(checks: Mapping[str, ExitCheck]) -> None:
    """Refuse checks after an exit that have a number but no interval; ``checks`` is by the field that names them.

    Raises:
        ExitChecksInvalid: a count above 0 with an interval of 0 (§1.6).
    """
    wrong = [field for field, check in checks.items() if check.count and not check.interval]
    if wrong:
        raise ExitChecksInvalid(fields=dict.fromkeys(wrong, "检查次数大于 0 时必须大于 0"))


def switch_day(latest: Version, *, today: date, effective_from: date) -> date:
    """Return the day from which an edit counts: the first day of the first old period after today and its own day.

    A started period keeps its terms, the last one before the rule's end too. Behind that end it is the day after both.
    An edit before the latest version has begun replaces it, so that a mistake or an end can be taken back in time.
    """
    rule, after = latest.rule, max(today, effective_from)
    if latest.since is not None and after < latest.since:
        return latest.since
    grid = grid_of(rule, PlanTerms(start=rule.start, end=rule.end, recorded_on=today))
    if after < grid.first_day:
        return grid.first_day
    following = grid.period(grid.index_of(after) + 1)
    return following.start if following else max(after, rule.end or after) + _ONE_DAY
