"""Endpoints of templates and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.templates import queries, schemas, service
from inspection_api.templates.models import Template, TemplateVersion

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.TEMPLATES, "read")
EDIT = Permission(Action.TEMPLATES, "edit")
PUBLISH = Permission(Action.TEMPLATES, "publish")

blp = Blueprint("templates", "检查模板及其版本")


@blp.get("/templates", permission=READ, query=PageQuery, out=page_of(schemas.TemplateSchema))
def list_templates(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the bank's templates, by code."""
    return paginate(ctx.session, select(Template), by=[Template.code], limit=limit, cursor=cursor)


@blp.post("/templates", permission=EDIT, body=schemas.TemplateInput, out=schemas.TemplateSchema, status=201)
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
    permission=EDIT,
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


@blp.delete("/template-versions/<uuid:version_id>", permission=EDIT, status=204)
def discard_version(ctx: Context, version_id: UUID) -> None:
    """Throw a draft away."""
    service.discard(ctx, version_id)


@blp.post("/template-versions/<uuid:version_id>/publish", permission=PUBLISH, out=schemas.VersionSchema)
def publish_version(ctx: Context, version_id: UUID) -> TemplateVersion:
    """Publish another person's draft."""
    return service.publish(ctx, version_id)
