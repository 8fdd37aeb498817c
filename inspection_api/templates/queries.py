"""Reads of the templates slice; templates belong to the whole bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from inspection_api.core.errors import NotFound
from inspection_api.templates.forms import Form, compile_form
from inspection_api.templates.models import Template, TemplateVersion
from inspection_api.templates.rules import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Context

_MAX_CACHED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A published edition, compiled once per process."""

    id: UUID
    template_id: UUID
    family: str
    number: int
    sha256: str
    form: Form


_compiled: dict[tuple[str, UUID], PublishedVersion] = {}


def versions_by_id(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, PublishedVersion]:
    """Return the published versions among ``ids``; one query for those that this process has not seen, else none.

    A published version never changes, so what was compiled stays right for ever; drafts and unknown ids are left out.
    """
    schema = ctx.bank.schema
    wanted = set(ids)
    unseen = [each for each in wanted if (schema, each) not in _compiled]
    if unseen:
        _remember(schema, ctx.session, unseen)
    return {each: _compiled[schema, each] for each in wanted if (schema, each) in _compiled}


def _remember(schema: str, session: Session, ids: list[UUID]) -> None:
    if len(_compiled) + len(ids) > _MAX_CACHED:
        _compiled.clear()
    statement = (
        select(TemplateVersion, Template.family)
        .join(Template, Template.id == TemplateVersion.template_id)
        .where(TemplateVersion.id.in_(ids), TemplateVersion.status == VersionStatus.PUBLISHED)
    )
    for version, family in session.execute(statement):
        _compiled[schema, version.id] = PublishedVersion(
            id=version.id,
            template_id=version.template_id,
            family=family,
            number=version.number,
            sha256=version.sha256,
            form=compile_form(version.definition),
        )


def current_versions(session: Session, template_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the latest published version of each template that has one, by template id."""
    statement = (
        select(TemplateVersion.template_id, TemplateVersion.id)
        .ext(distinct_on(TemplateVersion.template_id))
        .where(TemplateVersion.template_id.in_(list(template_ids)), TemplateVersion.status == VersionStatus.PUBLISHED)
        .order_by(TemplateVersion.template_id, TemplateVersion.number.desc())
    )
    return {row.template_id: row.id for row in session.execute(statement)}


def find_template(session: Session, code: str) -> Template | None:
    """Return the template with this code, if the bank has it."""
    return session.scalars(select(Template).where(Template.code == code)).one_or_none()


def get_template(session: Session, template_id: UUID) -> Template:
    """Return a template.

    Raises:
        NotFound: the bank has none with this id.
    """
    template = session.get(Template, template_id)
    if template is None:
        raise NotFound
    return template


def get_version(session: Session, version_id: UUID, *, for_update: bool = False) -> TemplateVersion:
    """Return a version, a draft too.

    Raises:
        NotFound: the bank has none with this id.
    """
    version = session.get(TemplateVersion, version_id, with_for_update=for_update or None)
    if version is None:
        raise NotFound
    return version


def versions_of(template_id: UUID) -> Select[TemplateVersion]:
    """Return all versions of a template."""
    return select(TemplateVersion).where(TemplateVersion.template_id == template_id)


def next_number(session: Session, template_id: UUID) -> int:
    """Return the number that the template's next version takes."""
    statement = select(func.coalesce(func.max(TemplateVersion.number), 0) + 1)
    return session.execute(statement.where(TemplateVersion.template_id == template_id)).scalar_one()
