"""Refusals of the templates slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Invalid


class DefinitionInvalid(Invalid):
    """The definition of a form contradicts itself, or is none."""

    code = "definition_invalid"
    title = "模板定义有误"


class TemplateCodeTaken(Conflict):
    """The bank has a template with this code; ``existing_id`` is its id."""

    code = "template_code_taken"
    title = "模板代码已存在"


class VersionPublished(Conflict):
    """A published version never changes; a new draft is needed."""

    code = "version_published"
    title = "该版本已发布，不可更改"


class VersionProposed(Conflict):
    """The draft is proposed already; changing it takes the proposal back."""

    code = "version_proposed"
    title = "草稿已提交发布"


class VersionNotProposed(Conflict):
    """Only a draft that somebody proposed is published."""

    code = "version_not_proposed"
    title = "草稿尚未提交发布"


class DraftExists(Conflict):
    """A template has one draft at a time; ``existing_id`` is its id."""

    code = "draft_exists"
    title = "该模板已有草稿"


class PublishNeedsAnother(Forbidden):
    """Whoever wrote or proposed a draft does not publish it (four eyes)."""

    code = "four_eyes"
    title = "草稿须由他人发布"
