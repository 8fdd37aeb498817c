"""Refusals of the plans slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Invalid


class RuleDatesInvalid(Invalid):
    """The rule ends before it starts."""

    code = "rule_dates_invalid"
    title = "规则的结束时间不能早于开始时间"


class ExitChecksInvalid(Invalid):
    """Checks after an exit are to be made, but in no interval."""

    code = "exit_checks_invalid"
    title = "退出点检查频率无效"


class OrganisationTypeAbove(Invalid):
    """The rule is for organisations that stand above its owner: it would never have a plan."""

    code = "org_type_above_owner"
    title = "规则的机构类型高于所属机构，辖内不会有这样的机构"


class StartIsFixed(Invalid):
    """A rule's grid is counted from its start, which no edit moves (domain.md §1.10.2)."""

    code = "start_is_fixed"
    title = "规则的开始时间不可修改"


class RuleNameTaken(Conflict):
    """The owner organisation has a rule of this name; ``existing_id`` is its id."""

    code = "rule_name_taken"
    title = "规则名称已存在"


class TemplateUnpublished(Conflict):
    """A rule needs a template with a published version."""

    code = "template_unpublished"
    title = "检查模板尚未发布"


class AlreadyMember(Conflict):
    """The checkpoint is in a plan of this rule already."""

    code = "already_member"
    title = "检查点已在该规则的计划中"
