"""Every step that somebody is told of: one row each, with who is told, what it is about, and the sentence.

A row reacts to one kind of event. ``target`` is what a page opens: its kind, and the key of the facts that holds its
id. Facts are what the event says and what `queries.py::FACTS` adds. A step that ``asks`` wants a decision; one that
``settles`` ends the asking items of its target. A ``grouped`` step is told once for all that one person
did at once, a ``daily`` one for all that he did on one day. Whoever did it is not told, unless the step
``tells_actor``: what his own device did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.notifications.rules.recipients import Audience, Holding, Named, Nearest, Rung

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

Facts = Mapping[str, Any]

ENROL = Permission(Action.ACCOUNTS, "enrol")
BINDING = Permission(Action.BINDING, "decide")
EDIT_POINTS = Permission(Action.CHECKPOINTS, "edit")
EXIT = Permission(Action.EXIT, "approve")
OPINION = Permission(Action.PAPERS, "opinion")
ASK_UNLOCK = Permission(Action.UNLOCK, "request")
QUARANTINE = Permission(Action.QUARANTINE, "decide")
REVIEW = Permission(Action.ALERT_REVIEW, "review")
CLOSE_ALERT = Permission(Action.ALERT_FEEDBACK, "close")
TASKS = Permission(Action.TASKS, "edit")
RULES = Permission(Action.RULES, "edit")
AUDIT = Permission(Action.AUDIT, "read")
EXPORT = Permission(Action.PERSONAL_EXPORT, "export")
PUBLISH = Permission(Action.TEMPLATES, "publish")


def _always(_facts: Facts) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row; ``code`` is the item's, and stays for ever."""

    event: str
    code: str
    audience: Audience
    target: tuple[str, str]
    sentence: str
    when: Callable[[Facts], bool] = _always
    asks: bool = False
    settles: bool = False
    grouped: bool = False
    daily: bool = False
    tells_actor: bool = False

    def key(self, event_id: UUID, at: datetime, actor_id: UUID | None) -> str:
        """Return what makes this step of this event one item of a person, however often the event is delivered."""
        if self.daily:
            return f"{self.code}:{local_day(at).isoformat()}:{actor_id}"
        return f"{self.code}:{at.isoformat()}:{actor_id}" if self.grouped else f"{self.code}:{event_id}"


_UNLOCK = ("unlock_request", "request_id")
_VOID = ("void_request", "request_id")
_PAPER = ("inspection", "inspection_id")
_DEVICE = ("device", "device_id")
_POINT = ("checkpoint", "checkpoint_id")
_LOCATION = ("location", "location_id")
_EXIT = ("exit", "exit_id")
_QUARANTINE = ("quarantine", "op_id")
_CONFLICT = ("conflict", "conflict_id")
_ALERT = ("alert", "alert_id")
_TASK = ("task", "task_id")
_JOB = ("job", "job_id")
_RECOMPUTE = ("recompute", "recompute_id")
_PROPOSAL = ("checkpoint_proposal", "proposal_id")
_TEMPLATE = ("template_version", "version_id")
_TAKER = ("user", "taker_id")
_DECIDERS = Named(("deciders",))
_ASKER = Named(("requested_by",))
_BOTH = Named(("requested_by", "officer_id"))
_OFFICER = Named(("officer_id",))
_PROPOSER = Named(("proposed_by", "officer_id"))
_BINDER = Named(("bound_by", "officer_id"))
_HOLDERS = Named(("held_by",))
_ABOVE_TAKER = Nearest(EXPORT, barred=("taker_id",))
_AUDITORS = Nearest(AUDIT, barred=("taker_id",))
_EXIT_APPROVERS = Nearest(EXIT, barred=("proposed_by",))


def _unprinted(facts: Facts) -> bool:
    """Tell whether the paper is missing, and nobody has unlocked it before the sweep told of the lock."""
    return not facts.get("is_printed") and not facts.get("is_reopened")


def _of_a_person(facts: Facts) -> bool:
    return bool(facts.get("device_kind") == "officer")


def _waits(facts: Facts) -> bool:
    return bool(facts.get("status") == "provisional")


def _served_by_nobody(facts: Facts) -> bool:
    return facts.get("officer_id") is None


def _is_grave(facts: Facts) -> bool:
    return bool(facts.get("level") == 3)  # noqa: PLR2004 - 可疑 (domain.md §5.6)


def _is_grave_and_unhandled(facts: Facts) -> bool:
    """Tell whether it is grave, and no checkpoint of the enterprise names its 异常处理人."""
    return _is_grave(facts) and not facts.get("exception_handlers")


def _written_by_people(facts: Facts) -> bool:
    return bool(facts.get("authors"))


def _in_draft(facts: Facts) -> bool:
    return bool(facts.get("record_state") == "draft")


def _past_draft(facts: Facts) -> bool:
    return not _in_draft(facts)


STEPS: tuple[Step, ...] = (
    # 明白纸 (domain.md §2.2)
    Step(event="unlock.requested", code="unlock.to_decide", audience=_DECIDERS, target=_UNLOCK, asks=True,
         sentence="有一份明白纸申请解锁，请审批；两个工作日内未处理将上报上一级"),
    Step(event="unlock.escalated", code="unlock.escalated_to_you", audience=_DECIDERS, target=_UNLOCK, asks=True,
         sentence="有一份明白纸的解锁申请下级逾期未处理，已上报至{level}，请审批"),
    Step(event="unlock.escalated", code="unlock.escalated", audience=_BOTH, target=_UNLOCK,
         sentence="解锁申请两个工作日未处理，已上报至{level}"),
    Step(event="unlock.approved", code="unlock.approved", audience=_BOTH, target=_UNLOCK, settles=True,
         sentence="解锁申请已批准，明白纸可打印至{closes_at}"),
    Step(event="unlock.rejected", code="unlock.rejected", audience=_BOTH, target=_UNLOCK, settles=True,
         sentence="解锁申请被驳回，明白纸保持锁定"),
    Step(event="unlock.withdrawn", code="unlock.withdrawn", audience=Named(("deciders", "officer_id")),
         target=_UNLOCK, settles=True, sentence="解锁申请已由申请人撤回，无需处理"),
    Step(event="unlock.expired", code="unlock.expired", audience=Named(("requested_by", "officer_id", "deciders")),
         target=_UNLOCK, settles=True, sentence="解锁申请十个工作日无人处理，已过期；如仍需打印请重新申请"),
    Step(event="void.requested", code="void.to_decide", audience=_DECIDERS, target=_VOID, asks=True,
         sentence="编号{number}的明白纸申请作废，请审批；两个工作日内未处理将上报上一级"),
    Step(event="void.escalated", code="void.escalated_to_you", audience=_DECIDERS, target=_VOID, asks=True,
         sentence="编号{number}的明白纸作废申请下级逾期未处理，已上报至{level}，请审批"),
    Step(event="void.escalated", code="void.escalated", audience=_ASKER, target=_VOID,
         sentence="编号{number}的明白纸作废申请两个工作日未处理，已上报至{level}"),
    Step(event="void.approved", code="void.approved", audience=_ASKER, target=_VOID, settles=True,
         sentence="作废申请已批准，编号{number}的明白纸已作废"),
    Step(event="void.rejected", code="void.rejected", audience=_ASKER, target=_VOID, settles=True,
         sentence="作废申请被驳回，编号{number}的明白纸继续有效"),
    Step(event="void.withdrawn", code="void.withdrawn", audience=_DECIDERS, target=_VOID, settles=True,
         sentence="编号{number}的明白纸作废申请已由申请人撤回，无需处理"),
    Step(event="void.overtaken", code="void.overtaken", audience=Named(("requested_by", "deciders")), target=_VOID,
         settles=True, sentence="编号{number}的明白纸已更替或作废，作废申请已关闭，无需处理"),
    Step(event="paper.closing_soon", code="paper.closing_soon", audience=_OFFICER, target=_PAPER,
         sentence="明白纸尚未打印，将于{closes_at}锁定，请及时打印"),
    Step(event="paper.locked", code="paper.locked", audience=_OFFICER, target=_PAPER, when=_unprinted,
         sentence="明白纸未在期限内打印，已锁定；如需打印请申请解锁"),
    Step(event="paper.locked", code="paper.locked_below", audience=Nearest(ASK_UNLOCK, barred=("officer_id",)),
         target=_PAPER, when=_unprinted, sentence="有一份明白纸未在期限内打印，已锁定"),
    Step(event="paper.opinion_required", code="paper.opinion_to_give",
         audience=Nearest(OPINION, barred=("officer_id",)), target=_PAPER, asks=True,
         sentence="检查结论为{conclusion}，打印明白纸前请填写上级意见"),
    Step(event="paper.opinion_given", code="paper.opinion_given", audience=_OFFICER, target=_PAPER, settles=True,
         sentence="上级意见已填写，明白纸可以打印"),
    Step(event="paper.voided", code="paper.voided", audience=Named(("concerned",)), target=_PAPER,
         sentence="编号{number}的明白纸已作废"),
    Step(event="inspection.voided", code="inspection.voided", audience=_OFFICER, target=_PAPER, settles=True,
         sentence="检查记录已作废，其明白纸一并作废"),
    # devices
    Step(event="device.enrolled", code="device.to_approve", audience=Nearest(ENROL, barred=("user_id",)),
         target=_DEVICE, when=_of_a_person, asks=True, sentence="有一台手机申请启用，请审批"),
    Step(event="device.approved", code="device.approved", audience=Named(("user_id",)), target=_DEVICE, settles=True,
         sentence="您的手机已获批准，可以同步数据"),
    Step(event="device.revoked", code="device.revoked", audience=Named(("user_id",)), target=_DEVICE, settles=True,
         sentence="您的手机已被停用"),
    # places and exits
    Step(event="checkpoint.bound", code="binding.to_confirm", audience=Nearest(BINDING, barred=("bound_by",)),
         target=_LOCATION, when=_waits, asks=True, sentence="有一处检查点位置待确认"),
    Step(event="checkpoint.binding_confirmed", code="binding.confirmed", audience=_BINDER, target=_LOCATION,
         settles=True, sentence="检查点位置已确认"),
    Step(event="checkpoint.binding_rejected", code="binding.rejected", audience=_BINDER, target=_LOCATION,
         settles=True, sentence="检查点位置被驳回，请重新到现场绑定"),
    Step(event="checkpoint.exit_proposed", code="exit.to_decide", audience=_EXIT_APPROVERS, target=_EXIT, asks=True,
         sentence="有一处检查点提议退出，请审批"),
    Step(event="checkpoint.exited", code="exit.approved", audience=_PROPOSER, target=_EXIT, settles=True,
         sentence="检查点退出已批准，自{effective_on}起生效"),
    Step(event="checkpoint.exit_refused", code="exit.refused", audience=_PROPOSER, target=_EXIT, settles=True,
         sentence="检查点退出提议被驳回"),
    Step(event="checkpoint.exit_taken_back", code="exit.withdrawn", audience=_EXIT_APPROVERS, target=_EXIT,
         settles=True, sentence="检查点退出提议已撤回，无需处理"),
    Step(event="checkpoint.exit_withdrawn", code="exit.called_off", audience=_PROPOSER, target=_EXIT,
         sentence="已批准的检查点退出被取消，检查点继续有效"),
    Step(event="checkpoint.reactivated", code="exit.reactivated", audience=_PROPOSER, target=_POINT,
         sentence="已退出的检查点重新启用"),
    Step(event="checkpoint.change_proposed", code="proposal.to_decide",
         audience=Nearest(EDIT_POINTS, barred=("proposed_by",)), target=_PROPOSAL, asks=True,
         sentence="有检查点新增或修改的提议，请处理"),
    Step(event="checkpoint.change_accepted", code="proposal.accepted", audience=Named(("proposed_by",)),
         target=_PROPOSAL, settles=True, sentence="您提议的检查点新增或修改已采纳"),
    Step(event="checkpoint.change_refused", code="proposal.refused", audience=Named(("proposed_by",)),
         target=_PROPOSAL, settles=True, sentence="您提议的检查点新增或修改未被采纳"),
    Step(event="checkpoint.change_withdrawn", code="proposal.withdrawn",
         audience=Nearest(EDIT_POINTS, barred=("proposed_by",)), target=_PROPOSAL, settles=True,
         sentence="检查点提议已由提议人撤回，无需处理"),
    # what devices brought
    Step(event="quarantine.opened", code="quarantine.to_decide", audience=Nearest(QUARANTINE, barred=("officer_id",)),
         target=_QUARANTINE, asks=True, sentence="有一条{type}被隔离，请判定是否有效"),
    Step(event="quarantine.accepted", code="quarantine.accepted", audience=_OFFICER, target=_QUARANTINE,
         settles=True, sentence="被隔离的{type}已判定有效"),
    Step(event="quarantine.refused", code="quarantine.refused", audience=_OFFICER, target=_QUARANTINE,
         settles=True, sentence="被隔离的{type}已判定无效"),
    Step(event="conflict.opened", code="conflict.to_decide", audience=Nearest(QUARANTINE, barred=("officer_id",)),
         target=_CONFLICT, when=_past_draft, asks=True, sentence="两台设备填写的内容不一致，请判定以哪个为准"),
    Step(event="conflict.opened", code="conflict.in_your_draft", audience=_OFFICER, target=_CONFLICT, when=_in_draft,
         asks=True, tells_actor=True, sentence="您的草稿在两台设备上填写不一致，请选定以哪个为准"),
    Step(event="conflict.resolved", code="conflict.resolved", audience=_OFFICER, target=_CONFLICT, settles=True,
         sentence="填写不一致的内容已判定"),
    # alerts (domain.md §5.5, §5.6)
    Step(event="alert.raised", code="alert.to_review", audience=Nearest(REVIEW), target=_ALERT, asks=True,
         sentence="{rule}（{level}）待复核"),
    Step(event="alert.raised", code="alert.raised", audience=_HOLDERS, target=_ALERT,
         sentence="您负责的企业发生{rule}（{level}）"),
    Step(event="alert.raised", code="alert.raised_below", audience=Nearest(TASKS), target=_ALERT, when=_is_grave,
         sentence="辖内企业发生{rule}（{level}）"),
    Step(event="alert.raised", code="alert.to_handle", audience=Named(("exception_handlers",)), target=_ALERT,
         when=_is_grave, sentence="您处理异常的企业发生{rule}（{level}）"),
    Step(event="alert.raised", code="alert.to_handle_below", audience=Holding(frozenset({Role.EXCEPTION_HANDLER})),
         target=_ALERT, when=_is_grave_and_unhandled, sentence="辖内企业发生{rule}（{level}），请处理异常"),
    Step(event="alert.escalated", code="alert.escalated", audience=Rung("escalated_to"), target=_ALERT,
         sentence="{rule}（{level}）逾期未{wait}，请督促处理"),
    Step(event="alert.confirmed", code="alert.confirmed", audience=_HOLDERS, target=_ALERT, settles=True,
         sentence="{rule}已复核确认，请核实并反馈"),
    Step(event="alert.false_alarm_proposed", code="alert.second_review",
         audience=Nearest(REVIEW, barred=("alert_proposed_by",)), target=_ALERT, asks=True,
         sentence="{rule}（{level}）被初判为误报，请复核"),
    Step(event="alert.false_alarm", code="alert.false_alarm", audience=_HOLDERS, target=_ALERT, settles=True,
         sentence="{rule}已判定为误报"),
    Step(event="alert.feedback_given", code="alert.feedback", audience=Nearest(CLOSE_ALERT), target=_ALERT,
         sentence="{rule}已有现场反馈：{verdict}"),
    # hand-overs
    Step(event="task.reassigned", code="task.assigned", audience=_OFFICER, target=_TASK, grouped=True,
         sentence="有检查任务改派给您，请查看任务列表"),
    Step(event="task.reassigned", code="task.taken", audience=Named(("former_id",)), target=_TASK, grouped=True,
         sentence="您有检查任务已改派给他人"),
    Step(event="checkpoint.assigned", code="checkpoint.assigned", audience=_OFFICER, target=_POINT,
         grouped=True, sentence="有检查点移交给您负责"),
    Step(event="checkpoint.assigned", code="checkpoint.unassigned", audience=Nearest(TASKS), target=_POINT,
         when=_served_by_nobody, grouped=True, sentence="有检查点无人负责，其任务待您分配"),
    # people's names that leave by the file (security.md §2, 33)
    Step(event="export.large", code="export.large", audience=_ABOVE_TAKER, target=_TAKER, daily=True,
         sentence="有人今日导出的个人信息超过{alert_rows}行，请核实用途"),
    Step(event="export.large", code="export.large_to_audit", audience=_AUDITORS, target=_TAKER, daily=True,
         sentence="有人今日导出的个人信息超过{alert_rows}行"),
    Step(event="export.refused", code="export.refused", audience=_ABOVE_TAKER, target=_TAKER, daily=True,
         sentence="有人今日要导出的个人信息超过每日上限{daily_rows}行，已被拒绝，请核实用途"),
    Step(event="export.refused", code="export.refused_to_audit", audience=_AUDITORS, target=_TAKER, daily=True,
         sentence="有人今日要导出的个人信息超过每日上限{daily_rows}行，已被拒绝"),
    # what somebody asked for or proposed
    Step(event="job.done", code="job.done", audience=_ASKER, target=_JOB,
         sentence="{job_kind}已完成，请在有效期内下载"),
    Step(event="job.failed", code="job.failed", audience=_ASKER, target=_JOB, sentence="{job_kind}未能完成"),
    Step(event="rule.recompute_proposed", code="recompute.to_decide",
         audience=Nearest(RULES, barred=("proposed_by",)), target=_RECOMPUTE, asks=True,
         sentence="有检查规则提议自{since}起重算，请第二人审批"),
    Step(event="rule.recompute_approved", code="recompute.approved", audience=_PROPOSER, target=_RECOMPUTE,
         settles=True, sentence="您提议的规则重算已批准"),
    Step(event="rule.recompute_refused", code="recompute.refused", audience=_PROPOSER, target=_RECOMPUTE,
         settles=True, sentence="您提议的规则重算被驳回"),
    Step(event="template.proposed", code="template.to_publish", audience=Nearest(PUBLISH, barred=("authors",)),
         target=_TEMPLATE, when=_written_by_people, asks=True, sentence="有检查模板待发布，请第二人审核"),
    Step(event="template.published", code="template.published", audience=Named(("authors",)), target=_TEMPLATE,
         settles=True, sentence="您编写的检查模板已发布"),
)  # fmt: skip
"""The whole table. A further step is one row here; its event is subscribed to by itself (`subscriptions.py`)."""

STEPS_OF: dict[str, tuple[Step, ...]] = {
    kind: tuple(step for step in STEPS if step.event == kind) for kind in {step.event for step in STEPS}
}
CODES = tuple(step.code for step in STEPS)
