"""The words of the story of a campaign's task, for every way in which it can go."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from inspection_api.core.periods import Period
from inspection_api.tasks.rules import CampaignStory, Happening, State, explain_campaign
from inspection_api.tasks.rules.explaining import TOLD

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
OFFICER = str(uuid4())


def told(*happenings: Happening, state: State = State.PENDING, today: date = date(2026, 3, 20)) -> dict[str, str]:
    story = CampaignStory(
        campaign="节前专项",
        organisation="城东支行",
        created_by="王五",
        created_at=NOON,
        period=Period(start=date(2026, 3, 10), end=date(2026, 3, 20)),
        state=state,
        today=today,
        happenings=happenings,
        names={OFFICER: "李四"},
    )
    return {line.code: line.text for line in explain_campaign(story)}


def event(kind: str, **data: Any) -> Happening:
    return Happening(kind=kind, at=NOON, actor_id=None, actor="系统", data=data)


def test_an_open_task_tells_its_campaign_its_days_and_how_it_stands() -> None:
    assert told() == {
        "campaign": "由专项检查“节前专项”产生，王五于 2026-03-10 12:00 为城东支行建立",
        "period": "检查期：2026-03-10 至 2026-03-20",
        "due": "应于 2026-03-20 前完成",
        "open": "尚未完成",
    }


def test_from_the_day_after_its_end_it_is_overdue() -> None:
    lines = told(today=date(2026, 3, 21))
    assert "open" not in lines
    assert lines["overdue"] == "已逾期，尚未完成"


@pytest.mark.parametrize(
    ("happening", "state", "code", "words"),
    [
        (event("task.closed", state="done"), State.DONE, "done", "按时完成"),
        (event("task.closed", state="done_late"), State.DONE_LATE, "done_late", "逾期完成"),
        (event("task.cancelled", reason="exit"), State.CANCELLED, "cancelled_exit", "检查点退出"),
        (
            event("task.cancelled", reason="campaign_cancelled"),
            State.CANCELLED,
            "cancelled_campaign_cancelled",
            "整体取消",
        ),
        (event("task.missed"), State.MISSED, "missed", "检查期至 2026-03-20，期满仍无有效检查"),
    ],
)
def test_what_ended_it_is_told_and_nothing_stands_open(
    happening: Happening, state: State, code: str, words: str
) -> None:
    lines = told(happening, state=state)
    assert lines[code].startswith("2026-03-10 12:00 系统：")
    assert words in lines[code]
    assert not {"open", "overdue"} & set(lines)


def test_whose_it_became_is_told() -> None:
    assert "李四" in told(event("task.reassigned", officer_id=OFFICER))["reassigned"]
    assert "unassigned" in told(event("task.reassigned", officer_id=None))


@pytest.mark.parametrize("kind", sorted(TOLD - {"task.makeup_allowed"}))
def test_no_kind_of_event_that_can_be_is_without_words(kind: str) -> None:
    """A makeup is never allowed for it."""
    assert told(event(kind, state="done", reason="exit", officer_id=None))
