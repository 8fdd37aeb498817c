"""What papers say now: the facts of any number of visits in the same few statements, and the sheet of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.templates import queries as templates
from kiosk_print import queries
from kiosk_print.rules.sheet import Opinion, Printing, Visit, compose

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from inspection_api.templates.queries import PublishedVersion
    from kiosk_print.models import PaperOpinion
    from kiosk_print.paper import PaperSheet
    from kiosk_print.queries import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """What makes a sheet a print: its number, which copy it is, and the text of its QR. A draft has none of them."""

    number: str = ""
    copy: int = 1
    qr_text: str = ""


DRAFT = Numbering()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the sheets of some visits are made of."""

    versions: Mapping[UUID, PublishedVersion]
    opinions: Mapping[UUID, PaperOpinion]
    names: Mapping[UUID, Person]
    media: Mapping[UUID, Counter[str]]
    organisations: Mapping[UUID, Organisation]


def load_facts(ctx: Context, inspections: Sequence[Inspection]) -> Facts:
    """Return the facts of visits, in a constant number of statements."""
    ids = [each.id for each in inspections]
    opinions = queries.opinions_of(ctx.session, ids)
    people = {ctx.user_id, *(each.officer_id for each in inspections), *(each.author_id for each in opinions.values())}
    return Facts(
        versions=templates.versions_by_id(ctx, {each.template_version_id for each in inspections}),
        opinions=opinions,
        names=queries.people(ctx.session, people),
        media=queries.stored_media(ctx.session, ids),
        organisations=queries.organisations(ctx.session, {each.organisation_id for each in inspections}),
    )


def sheet_of(ctx: Context, facts: Facts, inspection: Inspection, numbering: Numbering = DRAFT) -> PaperSheet:
    """Return what a visit's paper says now, printed by the actor."""
    version = facts.versions[inspection.template_version_id]
    printing = Printing(
        organisation=facts.organisations[inspection.organisation_id].name,
        printed_by=facts.names[ctx.user_id].name,
        printed_at=ctx.now,
        number=numbering.number,
        copy=numbering.copy,
        qr_text=numbering.qr_text,
    )
    visit = _visit(facts, inspection, version.number)
    return compose(version.form.definition, visit, _signed(facts, inspection.id), printing)


def _visit(facts: Facts, inspection: Inspection, template_number: int) -> Visit:
    judgement = inspection.judgement or {}
    return Visit(
        answers=inspection.answers,
        snapshot=inspection.snapshot or {},
        inspector=facts.names[inspection.officer_id].name,
        performed_at=inspection.performed_at,
        verdict=judgement.get("verdict"),
        distance_m=judgement.get("distance_m"),
        media=facts.media[inspection.id],
        template_number=template_number,
        amendments=inspection.amendments,
    )


def _signed(facts: Facts, inspection_id: UUID) -> Opinion | None:
    opinion = facts.opinions.get(inspection_id)
    if opinion is None:
        return None
    return Opinion(text=opinion.text, author=facts.names[opinion.author_id].name, given_at=opinion.given_at)
