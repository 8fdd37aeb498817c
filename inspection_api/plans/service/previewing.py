"""What a rule, saved or not, will ask for in the next twelve months: three reads, whatever the size of the bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, names_of, visible_organisations
from inspection_api.calendars.queries import load_calendar
from inspection_api.core.periods import local_day
from inspection_api.plans import queries
from inspection_api.plans.models import InspectionRule
from inspection_api.plans.rules import Episode, Exit, PlanTerms, Version, ensure_org_type
from inspection_api.plans.rules.forecast import Forecast, Group, forecast
from inspection_api.plans.service.creating import EDIT, ensure_terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import TextClause

    from inspection_api.core.context import Context

# A stay counts once for each loan, and once without a loan until the first of them is paid out (§1.8).
_LOANS = """
    CROSS JOIN LATERAL (
        SELECT NULL::date AS since, (SELECT min(l.disbursed_on) FROM checkpoint_loan cl JOIN loan l ON l.id = cl.loan_id
                                     WHERE :per_loan AND cl.checkpoint_id = c.id) AS until
        UNION ALL
        SELECT l.disbursed_on, NULL FROM checkpoint_loan cl JOIN loan l ON l.id = cl.loan_id
        WHERE :per_loan AND cl.checkpoint_id = c.id) loan
"""
_PERFORMER = """
    CASE WHEN CAST(:performing_role AS text) IS NULL THEN c.officer_id
         ELSE performer_of(c.id, :performing_role, :today) END
"""
_STAYS = text(
    f"""
    SELECT p.start_on, p.end_on, p.recorded_on AS plan_recorded_on, m.joined_on, m.recorded_on, m.left_on, m.exit_type,
           m.exit_approved_on, m.returned_on, {_PERFORMER} AS officer_id, loan.since, loan.until, count(*) AS stays
    FROM plan p
    JOIN organisation o ON o.id = p.organisation_id AND o.path LIKE ANY (CAST(:heads AS text[]))
    JOIN plan_membership m ON m.plan_id = p.id
    JOIN checkpoint c ON c.id = m.checkpoint_id AND c.archived_at IS NULL
    {_LOANS}
    WHERE p.rule_id = :rule_id AND p.active
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    """  # noqa: S608 - our own text
)
_NEWCOMERS = text(
    f"""
    SELECT CAST(:start_on AS date) AS start_on, CAST(:end_on AS date) AS end_on,
           CAST(:today AS date) AS plan_recorded_on, c.effective_from AS joined_on,
           CAST(:today AS date) AS recorded_on, NULL::date AS left_on, NULL::text AS exit_type,
           NULL::date AS exit_approved_on, NULL::date AS returned_on, {_PERFORMER} AS officer_id,
           loan.since, loan.until, count(*) AS stays
    FROM organisation answers
    JOIN organisation o ON starts_with(o.path, answers.path)
    JOIN checkpoint c ON c.organisation_id = o.id AND c.state <> 'exited' AND c.archived_at IS NULL
    {_LOANS}
    WHERE :auto_join AND answers.kind = :org_type AND answers.closed_on IS NULL
      AND answers.path LIKE ANY (CAST(:heads AS text[]))
    GROUP BY 4, 10, 11, 12
    """  # noqa: S608 - our own text
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A forecast, and what its officers are called."""

    forecast: Forecast
    names: dict[UUID, str]


def preview_rule(ctx: Context, rule_id: UUID) -> Preview:
    """Foresee what a rule asks for in the actor's subtrees, with its versions and members of today.

    Raises:
        NotFound: the rule neither is his nor governs him.
    """
    rule = get_one(ctx.session, queries.visible_rules(ctx.actor).where(InspectionRule.id == rule_id))
    versions = tuple(row.value for row in queries.versions_of(ctx.session, rule.id))
    heads = [f"{path}%" for path in ctx.actor.paths(queries.READ)]
    values = {"rule_id": rule.id, "heads": heads, "per_loan": rule.per_loan, "performing_role": rule.performing_role}
    values["today"] = local_day(ctx.now)
    return _foresee(ctx, versions, _STAYS, values)


def preview_form(ctx: Context, *, organisation_id: UUID, name: str, **form: Any) -> Preview:
    """Foresee what a rule would ask for if it were created today; nothing is written.

    Raises:
        NotFound: the owner organisation is out of scope.
        OrganisationTypeAbove, RuleDatesInvalid, ExitChecksInvalid: as when it is created.
    """
    scope = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    owner = get_one(ctx.session, scope, field="organisation_id")
    ensure_org_type(owner.kind, form["org_type"])
    ensure_terms(ctx, form)
    rule = InspectionRule(organisation_id=owner.id, name=name, **form)
    columns = ("start_on", "end_on", "org_type", "auto_join", "per_loan", "performing_role")
    values = {column: form[column] for column in columns} | {"heads": [f"{owner.path}%"], "today": local_day(ctx.now)}
    return _foresee(ctx, (Version(number=1, rule=rule.terms),), _NEWCOMERS, values)


def _foresee(ctx: Context, versions: tuple[Version, ...], stays: TextClause, values: dict[str, Any]) -> Preview:
    found = forecast(versions, _groups(ctx, stays, values), load_calendar(ctx.session), local_day(ctx.now))
    return Preview(forecast=found, names=names_of(ctx.session, [officer for officer in found.weeks if officer]))


def _groups(ctx: Context, stays: TextClause, values: dict[str, Any]) -> Iterator[Group]:
    for row in ctx.session.execute(stays, values):
        left = None
        if row.exit_type is not None:
            left = Exit(exit_type=row.exit_type, approved_on=row.exit_approved_on, returned_on=row.returned_on)
        yield Group(
            plan=PlanTerms(start=row.start_on, end=row.end_on, recorded_on=row.plan_recorded_on),
            episode=Episode(joined_on=row.joined_on, recorded_on=row.recorded_on, left_on=row.left_on, exit=left),
            officer_id=row.officer_id,
            count=row.stays,
            since=row.since,
            until=row.until,
        )
