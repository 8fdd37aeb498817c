"""Endpoints of templates and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import SNAPSHOT, Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.templates import queries, schemas, service
from inspection_api.templates.models import Template, TemplateVersion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.TEMPLATES, "read")
PROPOSE = Permission(Action.TEMPLATES, "propose")
PUBLISH = Permission(Action.TEMPLATES, "publish")

blp = Blueprint("templates", "检查模板及其版本")


@blp.get("/templates", permission=READ, query=PageQuery, out=page_of(schemas.TemplateSchema))
def list_templates(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the bank's templates, by code."""
    return paginate(ctx.session, select(Template), by=[Template.code], limit=limit, cursor=cursor)


@blp.post("/templates", permission=PROPOSE, body=schemas.TemplateInput, out=schemas.TemplateSchema, status=201)
def create_template(ctx: Context, **values: Any) -> Template:
    """Create a template."""
    return service.create_template(ctx, **values)


@blp.get("/templates/<uuid:template_id>", permission=READ, out=schemas.TemplateSchema)
def get_template(ctx: Context, template_id: UUID) -> Template:
    """Show one template."""
    return queries.get_template(ctx.session, template_id)


@blp.get(
    "/templates/<uuid:template_id>/versions",
    permission=READ,
    query=PageQuery,
    out=page_of(schemas.VersionSchema),
)
def list_versions(ctx: Context, template_id: UUID, *, limit: int, cursor: str | None) -> Any:
    """List a template's versions, by number."""
    statement = queries.versions_of(queries.get_template(ctx.session, template_id).id)
    return paginate(ctx.session, statement, by=[TemplateVersion.number], limit=limit, cursor=cursor)


@blp.post(
    "/templates/<uuid:template_id>/versions",
    permission=PROPOSE,
    body=schemas.DraftInput,
    out=schemas.VersionDetailSchema,
    status=201,
)
def draft_version(ctx: Context, template_id: UUID, **values: Any) -> TemplateVersion:
    """Write the draft of a template's next version."""
    return service.draft(ctx, template_id, **values)


@blp.get("/template-versions/<uuid:version_id>", permission=READ, out=schemas.VersionDetailSchema)
def get_version(ctx: Context, version_id: UUID) -> TemplateVersion:
    """Show one version with its definition."""
    return queries.get_version(ctx.session, version_id)


@blp.delete("/template-versions/<uuid:version_id>", permission=PROPOSE, status=204)
def discard_version(ctx: Context, version_id: UUID) -> None:
    """Throw a draft away."""
    service.discard(ctx, version_id)


@blp.put(
    "/template-versions/<uuid:version_id>",
    permission=PROPOSE,
    body=schemas.DraftInput,
    out=schemas.VersionDetailSchema,
    if_match=True,
)
def redraft_version(ctx: Context, version_id: UUID, *, version: int, **values: Any) -> TemplateVersion:
    """Write a draft anew, based on the version in ``If-Match``; a proposal is taken back by it."""
    return service.redraft(ctx, version_id, version=version, **values)


@blp.post(
    "/template-versions/<uuid:version_id>/trial",
    permission=PROPOSE,
    body=schemas.TrialInput,
    out=schemas.VerdictSchema,
    transaction=SNAPSHOT,
)
def try_version(ctx: Context, version_id: UUID, **values: Any) -> dict[str, Any]:
    """Tell how a made-up visit would be judged by a version, a draft too; nothing is kept."""
    verdict = service.try_out(ctx, version_id, **values)
    return {
        "is_valid": verdict.is_valid,
        "values": verdict.values,
        "errors": _remarks(verdict.errors),
        "warnings": _remarks(verdict.warnings),
        "evidence_missing": verdict.evidence_missing,
        "indicators": verdict.indicators,
    }


def _remarks(said: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [{"item": item, "code": code, "message": message} for item, (code, message) in said.items()]


@blp.post("/template-versions/<uuid:version_id>/propose", permission=PROPOSE, out=schemas.VersionSchema, if_match=True)
def propose_version(ctx: Context, version_id: UUID, *, version: int) -> TemplateVersion:
    """Propose a draft for publishing by another person, as it is in the version in ``If-Match``."""
    return service.propose(ctx, version_id, version=version)


@blp.post("/template-versions/<uuid:version_id>/publish", permission=PUBLISH, out=schemas.VersionSchema, if_match=True)
def publish_version(ctx: Context, version_id: UUID, *, version: int) -> TemplateVersion:
    """Publish what others wrote and proposed, as it is in the version in ``If-Match``."""
    return service.publish(ctx, version_id, version=version)
