"""The story of a campaign's task in Chinese, from what was written down (issue 4 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.tasks.rules.closing import OPEN, State
from inspection_api.tasks.rules.explaining import CLOSED, Line, moment, reassigned, reopened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from inspection_api.core.periods import Period
    from inspection_api.tasks.rules.explaining import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStory:
    """All that is told from; ``names`` are those of the officers that the events mention."""

    campaign: str
    organisation: str
    created_by: str
    created_at: datetime
    period: Period
    state: State
    today: date
    happenings: tuple[Happening, ...] = ()
    names: Mapping[str, str]


def explain_campaign(story: CampaignStory) -> list[Line]:
    """Tell which campaign made the task, what happened to it, and how it stands today."""
    made = (
        f"由专项检查“{story.campaign}”产生，{story.created_by}于 {moment(story.created_at)} 为{story.organisation}建立"
    )
    end = story.period.end
    return [
        Line(code="campaign", text=made, at=story.created_at),
        Line(code="period", text=f"检查期：{story.period.start} 至 {end}"),
        Line(code="due", text=f"应于 {end} 前完成"),
        *(_told(story, happening) for happening in story.happenings),
        *_standing(story),
    ]


def _told(story: CampaignStory, happening: Happening) -> Line:
    code, words = _HAPPENINGS[happening.kind](story, happening)
    text = f"{moment(happening.at)} {happening.actor}：{words}"
    return Line(code=code, text=text, at=happening.at, actor_id=happening.actor_id)


def _closed(_: CampaignStory, happening: Happening) -> tuple[str, str]:
    state = State(happening.data["state"])
    return state.value, CLOSED[state]


def _cancelled(_: CampaignStory, happening: Happening) -> tuple[str, str]:
    reason = happening.data["reason"]
    return f"cancelled_{reason}", _CANCELLED[reason]


_CANCELLED = {
    "exit": "检查点退出，任务取消",
    "campaign_cancelled": "专项检查整体取消，任务取消",
}


def _missed(story: CampaignStory, _: Happening) -> tuple[str, str]:
    return "missed", f"检查期至 {story.period.end}，期满仍无有效检查，记为漏检"


def _reassigned(story: CampaignStory, happening: Happening) -> tuple[str, str]:
    return reassigned(story.names, happening)


_HAPPENINGS: dict[str, Callable[[CampaignStory, Happening], tuple[str, str]]] = {
    "task.closed": _closed,
    "task.cancelled": _cancelled,
    "task.missed": _missed,
    "task.reassigned": _reassigned,
    "task.reopened": reopened,
}


def _standing(story: CampaignStory) -> list[Line]:
    if story.state not in OPEN:
        return []
    overdue = story.period.end < story.today
    return [Line(code="overdue" if overdue else "open", text="已逾期，尚未完成" if overdue else "尚未完成")]
