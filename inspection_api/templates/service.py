"""Use cases of the templates slice: write a draft, publish it by a second person, throw it away."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.templates import default_template, queries, rules
from inspection_api.templates.errors import DraftExists, TemplateCodeTaken
from inspection_api.templates.forms import compile_form, ensure_well_made
from inspection_api.templates.models import Template, TemplateVersion
from inspection_api.templates.rules import VersionStatus

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context


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
    )
    ctx.session.add(version)
    ctx.session.flush()
    ctx.record("template.drafted", template_id=str(template_id), version_id=str(version.id))
    return version


def _ensure_no_draft(ctx: Context, template_id: UUID) -> None:
    drafts = queries.versions_of(template_id).where(TemplateVersion.status == VersionStatus.DRAFT)
    existing = ctx.session.scalars(drafts).one_or_none()
    if existing is not None:
        raise DraftExists(existing_id=str(existing.id))


def _digest(definition: dict[str, Any]) -> str:
    canonical = json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def publish(ctx: Context, version_id: UUID) -> TemplateVersion:
    """Publish another person's draft: from now on it never changes, and new tasks use it.

    Raises:
        NotFound: no such version.
        VersionPublished: it is published already.
        PublishNeedsAnother: it is the actor's own draft.
    """
    version = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_publishable(VersionStatus(version.status), version.created_by, ctx.actor.user_id)
    version.status, version.published_by, version.published_at = VersionStatus.PUBLISHED, ctx.actor.user_id, ctx.now
    ctx.session.flush()
    ctx.record("template.published", template_id=str(version.template_id), version_id=str(version.id))
    return version


def discard(ctx: Context, version_id: UUID) -> None:
    """Throw a draft away.

    Raises:
        NotFound: no such version.
        VersionPublished: it is no draft.
    """
    version = queries.get_version(ctx.session, version_id, for_update=True)
    rules.ensure_draft(VersionStatus(version.status))
    ctx.session.delete(version)
    ctx.session.flush()
    ctx.record("template.discarded", template_id=str(version.template_id), version_id=str(version_id))


def ensure_default_template(ctx: Context) -> TemplateVersion:
    """Return the current version of the default 明白纸 template; a new bank gets it published by the system."""
    template = queries.find_template(ctx.session, default_template.CODE)
    if template is None:
        template = create_template(
            ctx, code=default_template.CODE, name=default_template.NAME, family=default_template.FAMILY
        )
        publish(ctx, draft(ctx, template.id, definition=default_template.DEFINITION).id)
    current = queries.current_versions(ctx.session, [template.id])
    return queries.get_version(ctx.session, current[template.id])
