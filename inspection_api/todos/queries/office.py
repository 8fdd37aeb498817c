"""What the office proposes and must be decided by a second person: recomputations of rules, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from inspection_api.accounts.models import Organisation
from inspection_api.core.permissions import Action, Permission
from inspection_api.plans.models import InspectionRule
from inspection_api.tasks.models import RuleRecompute
from inspection_api.templates.models import TemplateVersion
from inspection_api.todos.queries.kind import Kind, columns
from inspection_api.todos.rules import Decision, always, roles_with

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Rows


def _recomputes(_ctx: Context) -> Rows:
    return (
        select(
            *columns(
                id=RuleRecompute.id,
                organisation_id=InspectionRule.organisation_id,
                since=RuleRecompute.proposed_at,
                person_id=RuleRecompute.proposed_by,
                note=InspectionRule.name,
                barred=[RuleRecompute.proposed_by],
            )
        )
        .join(InspectionRule, InspectionRule.id == RuleRecompute.rule_id)
        .where(RuleRecompute.status == "proposed")
    )


RECOMPUTES = Kind(
    code="recompute",
    title="规则重算待审批",
    roles=roles_with(Permission(Action.RULES, "edit")),
    rows=_recomputes,
    foresee=always("not_recomputed"),
    if_nothing={"not_recomputed": "不审批，已产生的任务不变"},
    decisions=(
        Decision(code="approve", label="批准", path="/api/v1/recomputes/{id}/approve"),
        Decision(code="refuse", label="驳回", path="/api/v1/recomputes/{id}/refuse"),
    ),
)


def _templates(_ctx: Context) -> Rows:
    """Return the proposed versions; a template belongs to the whole bank, so to its root."""
    root = select(Organisation.id).where(Organisation.parent_id.is_(None)).limit(1).scalar_subquery()
    return select(
        *columns(
            id=TemplateVersion.id,
            organisation_id=root,
            since=TemplateVersion.created_at,
            person_id=func.coalesce(TemplateVersion.authors[1], TemplateVersion.created_by),
            group=TemplateVersion.authors,
            version=TemplateVersion.version,
        )
    ).where(TemplateVersion.status == "proposed")


TEMPLATES = Kind(
    code="template",
    title="检查模板待发布",
    roles=roles_with(Permission(Action.TEMPLATES, "publish")),
    rows=_templates,
    foresee=always("not_published"),
    if_nothing={"not_published": "不发布，检查仍用现行版本"},
    decisions=(Decision(code="publish", label="发布", path="/api/v1/template-versions/{id}/publish", if_match=True),),
)
