"""The story of one task in Chinese, from what was written down (issue 4 §5): nothing here is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import SHANGHAI, Period, Unit, WindowMode
from inspection_api.core.permissions import Role
from inspection_api.plans.rules.terms import DueRoll, PlanTerms, Version, grid_of
from inspection_api.tasks.rules.closing import OPEN, Kind, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

_ONE_DAY = timedelta(days=1)
_UNITS = {Unit.YEAR: "年", Unit.MONTH: "个月", Unit.WEEK: "周", Unit.DAY: "天"}
_BLOCKS = {Unit.YEAR: "自然年", Unit.MONTH: "自然月", Unit.WEEK: "自然周（周一至周日）", Unit.DAY: "天数"}
_ROLES = {
    Role.PROVINCE_MANAGER: "省行",
    Role.BRANCH_MANAGER: "分行",
    Role.SUB_BRANCH_MANAGER: "支行经理",
    Role.LOAN_OFFICER: "客户经理",
    Role.EXCEPTION_HANDLER: "异常处理人",
    Role.RISK_MANAGER: "风控经理",
}
_SOURCES = {"auto": "自动加入", "manual": "手工加入"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step of the story: ``code`` for programs, ``text`` for people, and who did it when, where somebody did."""

    code: str
    text: str
    at: datetime | None = None
    actor_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event that names the task; ``actor`` is whose name it bears, 系统 if nobody's."""

    kind: str
    at: datetime
    actor_id: UUID | None
    actor: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The checkpoint's stay in the plan that made the task; ``exit_type`` is the word of the bank's dictionary."""

    organisation: str
    joined_on: date
    source: str
    left_on: date | None = None
    exit_type: str | None = None
    exit_approved_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is told from; ``names`` are those of the officers that the events mention, ``made_at`` None: unknown.

    ``imported`` tells that the visit that spared the task is from before the system.
    """

    kind: Kind
    state: State
    period: Period
    due_on: date
    window_end_on: date
    rule: str
    version: Version
    edited_by: str
    plan: PlanTerms
    stay: Stay
    today: date
    backfilled: bool = False
    made_at: datetime | None = None
    performed_on: date | None = None
    credit_from: date | None = None
    imported: bool = False
    happenings: tuple[Happening, ...] = ()
    names: Mapping[str, str]


def explain(story: Story) -> list[Line]:
    """Tell which rule, period and stay made the task, what happened to it, and how it stands today."""
    return [
        Line(code="rule_version", text=_rule(story)),
        Line(code="period", text=_period(story)),
        Line(code="due", text=_due(story)),
        Line(code="membership", text=_membership(story)),
        *_made(story),
        *_happened(story),
        *_standing(story),
    ]


def _rule(story: Story) -> str:
    version, role = story.version, story.version.rule.performing_role
    whose = f"，须由{_ROLES[Role(role)]}检查" if role else ""
    if version.since is None:
        return f"由规则“{story.rule}”第 {version.number} 版产生，自规则开始起适用{whose}"
    return f"由规则“{story.rule}”第 {version.number} 版产生，{story.edited_by}修改，自 {version.since} 起适用{whose}"


def _period(story: Story) -> str:
    return _PERIODS[story.kind](story) + f"：{story.period.start} 至 {story.period.end}"


def _round(story: Story) -> str:
    """Tell the grid's arithmetic: from where it counts, how long a period is, and which one this is."""
    rule = story.version.rule
    grid = grid_of(rule, story.plan, story.version.since)
    index = grid.index_of(story.period.start)
    each = f"每 {rule.interval} {_UNITS[rule.unit]}一期"
    if rule.window_mode is WindowMode.ANCHORED:
        counted = f"从 {rule.start} 当日起{each}，逢小月取月末"
    else:
        counted = f"自 {rule.start} 起按{_BLOCKS[rule.unit]}{each}"
    uncut = Period(start=grid.boundary(index), end=grid.boundary(index + 1) - _ONE_DAY)
    cut = "" if uncut == story.period else f"（整期为 {uncut.start} 至 {uncut.end}，按规则、版本和计划的起止日截断）"
    return f"{counted}，本期为第 {index + 1} 期{cut}"


def _after_exit(story: Story) -> str:
    rule, stay = story.version.rule, story.stay
    check = rule.exit_checks.get(stay.exit_type or "", rule.exit_check)
    return f"退出点检查，{stay.left_on} 退出后每 {check.interval} {_UNITS[check.unit]}一次共 {check.count} 次，本次"


def _first_check(story: Story) -> str:
    return f"新增检查，自 {story.stay.joined_on} 起 {story.version.rule.new_within_days} 天内"


_PERIODS: dict[Kind, Callable[[Story], str]] = {
    Kind.REGULAR: _round,
    Kind.EXIT: _after_exit,
    Kind.INITIAL: _first_check,
}


def _due(story: Story) -> str:
    if story.due_on == story.period.end:
        return f"应于 {story.due_on} 前完成"
    words = {DueRoll.NEXT: "顺延至下一工作日", DueRoll.PREVIOUS: "提前至上一工作日"}
    rolled = words.get(story.version.rule.due_roll, "调整")
    return f"期末 {story.period.end} 不是工作日，应完成日{rolled} {story.due_on}"


def _membership(story: Story) -> str:
    stay = story.stay
    joined = f"检查点自 {stay.joined_on} 起{_SOURCES[stay.source]}{stay.organisation}的计划"
    if stay.left_on is None:
        return joined
    if stay.exit_approved_on is not None:
        return f"{joined}，{stay.left_on} 退出（{stay.exit_approved_on} 批准）"
    return f"{joined}，{stay.left_on} 离开该计划"


def _made(story: Story) -> Iterator[Line]:
    if story.backfilled:
        yield Line(code="backfilled", text="由追溯重算补建，不计入完成率", at=story.made_at)
    elif story.made_at is None:
        yield Line(code="made", text="系统自动生成")
    else:
        yield Line(code="made", text=f"系统于 {moment(story.made_at)} 自动生成", at=story.made_at)


_RESTORED = Line(code="restored", text="取消的原因已不存在，任务已恢复")


def _happened(story: Story) -> Iterator[Line]:
    """Tell the events in their order; no event says that a cancelled task came back, but what follows does."""
    last = ""
    for happening in story.happenings:
        if last == "task.cancelled":
            yield _RESTORED
        yield _told(story, happening)
        last = happening.kind


def _told(story: Story, happening: Happening) -> Line:
    code, words = _HAPPENINGS[happening.kind](story, happening)
    text = f"{moment(happening.at)} {happening.actor}：{words}"
    return Line(code=code, text=text, at=happening.at, actor_id=happening.actor_id)


def _closed(story: Story, happening: Happening) -> tuple[str, str]:
    state = State(happening.data["state"])
    return state.value, _credited(story, "检查") if state is State.EXEMPT else CLOSED[state]


def _credited(story: Story, visit: str) -> str:
    spent = f"{story.credit_from} 至 {story.period.start - _ONE_DAY}"
    return f"{story.performed_on} 的{visit}在历史检查有效期（{spent}）内，首期免检"


CLOSED = {
    State.DONE: "检查记录被接受，任务按时完成",
    State.DONE_LATE: "检查记录被接受，任务逾期完成",
}
"""What the accepted visit did to its task."""


def _cancelled(story: Story, happening: Happening) -> tuple[str, str]:
    reason = happening.data["reason"]
    return f"cancelled_{reason}", _CANCELLED[reason].format(left_on=story.stay.left_on or "", end=story.plan.end or "")


_CANCELLED = {
    "exit": "检查点 {left_on} 退出，本期止于停止日之后，任务取消",
    "transferred": "检查点移交其他机构，该机构没有同一规则同一期的计划，任务取消",
    "reactivated": "检查点恢复，尚未完成的退出点检查取消",
    "exit_withdrawn": "退出已撤回，退出后的检查不再需要，任务取消",
    "removed": "检查点被移出计划，任务取消",
    "rule_changed": "规则修改后本期不再需要，任务取消",
    "plan_ended": "计划提前于 {end} 结束，任务取消",
}


def _missed(story: Story, _: Happening) -> tuple[str, str]:
    rule = story.version.rule
    waited = f"窗口至 {story.window_end_on}，补检 {rule.makeup_days} 天，离线同步等待 {rule.late_sync_hours} 小时"
    return "missed", f"{waited}，期满仍无有效检查，记为漏检"


def _reassigned(story: Story, happening: Happening) -> tuple[str, str]:
    return reassigned(story.names, happening)


def reassigned(names: Mapping[str, str], happening: Happening) -> tuple[str, str]:
    """Tell whose the task became; ``names`` are those of the officers."""
    officer = happening.data["officer_id"]
    if officer is None:
        return "unassigned", "原客户经理不再负责，任务待分配"
    return "reassigned", f"任务改派给{names[officer]}"


def _makeup(_: Story, happening: Happening) -> tuple[str, str]:
    return "makeup_allowed", f"允许补检至 {happening.data['until']}，原因：{happening.data['reason']}"


def reopened(*_: object) -> tuple[str, str]:
    """Tell that what had completed the task counts no more."""
    return "reopened", "检查记录作废，任务重新打开"


_HAPPENINGS: dict[str, Callable[[Story, Happening], tuple[str, str]]] = {
    "task.closed": _closed,
    "task.cancelled": _cancelled,
    "task.missed": _missed,
    "task.reopened": reopened,
    "task.reassigned": _reassigned,
    "task.makeup_allowed": _makeup,
}
TOLD = frozenset(_HAPPENINGS)
"""The kinds of events that a story is told from."""


def _standing(story: Story) -> Iterator[Line]:
    """Tell what no event says: the task came back, an earlier visit exempted it at once, or it waits still."""
    last = story.happenings[-1].kind if story.happenings else ""
    if story.state is State.EXEMPT and last != "task.closed":
        yield Line(code="exempt_history", text=_credited(story, "导入的历史检查" if story.imported else "检查"))
    if story.state not in OPEN:
        return
    if last == "task.cancelled":
        yield _RESTORED
    overdue = story.due_on < story.today
    yield Line(code="overdue" if overdue else "open", text="已逾期，尚未完成" if overdue else "尚未完成")


def moment(at: datetime) -> str:
    """Return an instant as people in Shanghai read it."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
