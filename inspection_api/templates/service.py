"""Use cases of the templates slice: write a draft, try it, propose it, publish it by a second person, throw it away."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.core.tables import ensure_version
from inspection_api.templates import default_template, queries, rules
from inspection_api.templates.errors import DraftExists, TemplateCodeTaken
from inspection_api.templates.forms import compile_form, ensure_well_made, validate
from inspection_api.templates.models import Template, TemplateVersion
from inspection_api.templates.rules import VersionStatus

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.templates.forms import Answers, FormVerdict, Medium


def create_template(ctx: Context, *, code: str, name: str, family: str) -> Template:
    """Create a template without a version yet.

    Raises:
        TemplateCodeTaken: the bank has one with this code.
    """
    existing = queries.find_template(ctx.session, code)
    if existing is not None:
        raise TemplateCodeTaken(existing_id=str(existing.id))
    template = Template(code=code, name=name, family=family)
    ctx.session.add(template)
    ctx.session.flush()
    ctx.record("template.created", template_id=str(template.id))
    return template


def draft(ctx: Context, template_id: UUID, *, definition: dict[str, Any]) -> TemplateVersion:
    """Write the next version of a template; it counts for nothing until another person publishes it.

    Raises:
        NotFound: no such template.
        DefinitionInvalid: the definition contradicts itself.
        DraftExists: a draft is there already.
    """
    ensure_well_made(compile_form(definition))
    template = ctx.session.scalars(
        select(Template).where(Template.id == queries.get_template(ctx.session, template_id).id).with_for_update()
    ).one()
    _ensure_no_draft(ctx, template_id)
    version = TemplateVersion(
        template_id=template.id,
        number=queries.next_number(ctx.session, template_id),
        status=VersionStatus.DRAFT,
        definition=definition,
        sha256=_digest(definition),
        created_by=ctx.actor.user_id,
        created_at=ctx.now,
        authors=rules.with_author([], ctx.actor.user_id),
    )
    ctx.session.add(version)
    ctx.session.flush()
    ctx.record("template.drafted", template_id=str(template_id), version_id=str(version.id))
    return version


def _ensure_no_draft(ctx: Context, template_id: UUID) -> None:
    drafts = queries.versions_of(template_id).where(TemplateVersion.status != VersionStatus.PUBLISHED)
    existing = ctx.session.scalars(drafts).one_or_none()
    if existing is not None:
        raise DraftExists(existing_id=str(existing.id))


def _digest(definition: dict[str, Any]) -> str:
    canonical = json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def redraft(ctx: Context, version_id: UUID, *, version: int, definition: dict[str, Any]) -> TemplateVersion:
    """Write a draft anew, and take back that it was proposed; whoever wrote any of it stays an author.

    Raises:
        NotFound: no such version.
        DefinitionInvalid: the definition contradicts itself.
        VersionPublished: it is no draft.
        PreconditionFailed: somebody else changed it since.
    """
    ensure_well_made(compile_form(definition))
    edition = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_unpublished(VersionStatus(edition.status))
    ensure_version(edition, version)
    edition.definition, edition.sha256, edition.status = definition, _digest(definition), VersionStatus.DRAFT
    edition.authors = rules.with_author(edition.authors, ctx.actor.user_id)
    ctx.session.flush()
    ctx.record("template.redrafted", template_id=str(edition.template_id), version_id=str(edition.id))
    return edition


def try_out(
    ctx: Context, version_id: UUID, *, answers: Answers, media: list[Medium], roles: list[str] | None
) -> FormVerdict:
    """Return how a visit by a person with these roles would be judged by a version, a draft too; nothing is written.

    Raises:
        NotFound: no such version.
    """
    edition = queries.get_version(ctx.session, version_id)
    return validate(compile_form(edition.definition).asked_of(roles), answers, media)


def propose(ctx: Context, version_id: UUID, *, version: int) -> TemplateVersion:
    """Propose a draft as it stands for publishing by another person.

    Raises:
        NotFound: no such version.
        VersionPublished: it is no draft.
        VersionProposed: it is proposed already.
        PreconditionFailed: somebody else changed it since.
    """
    edition = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_proposable(VersionStatus(edition.status))
    ensure_version(edition, version)
    edition.status = VersionStatus.PROPOSED
    edition.authors = rules.with_author(edition.authors, ctx.actor.user_id)
    ctx.session.flush()
    ctx.record("template.proposed", template_id=str(edition.template_id), version_id=str(edition.id))
    return edition


def publish(ctx: Context, version_id: UUID, *, version: int) -> TemplateVersion:
    """Publish what others wrote and proposed: from now on it never changes, and new tasks use it.

    Raises:
        NotFound: no such version.
        VersionPublished: it is published already.
        VersionNotProposed: nobody has proposed it as it stands.
        PublishNeedsAnother: the actor is one of its authors.
        PreconditionFailed: it is no longer what the actor has read.
    """
    edition = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_publishable(VersionStatus(edition.status), edition.authors, ctx.actor.user_id)
    ensure_version(edition, version)
    edition.status, edition.published_by, edition.published_at = VersionStatus.PUBLISHED, ctx.actor.user_id, ctx.now
    ctx.session.flush()
    ctx.record("template.published", template_id=str(edition.template_id), version_id=str(edition.id))
    return edition


def discard(ctx: Context, version_id: UUID) -> None:
    """Throw a draft away.

    Raises:
        NotFound: no such version.
        VersionPublished: it is no draft.
    """
    edition = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_unpublished(VersionStatus(edition.status))
    ctx.session.delete(edition)
    ctx.session.flush()
    ctx.record("template.discarded", template_id=str(edition.template_id), version_id=str(version_id))


def ensure_default_template(ctx: Context) -> TemplateVersion:
    """Return the current version of the default 明白纸 template; a new bank gets it published by the system."""
    template = queries.find_template(ctx.session, default_template.CODE)
    if template is None:
        template = create_template(
            ctx, code=default_template.CODE, name=default_template.NAME, family=default_template.FAMILY
        )
        edition = draft(ctx, template.id, definition=default_template.DEFINITION)
        publish(ctx, edition.id, version=propose(ctx, edition.id, version=edition.version).version)
    current = queries.current_versions(ctx.session, [template.id])
    return queries.get_version(ctx.session, current[template.id])
