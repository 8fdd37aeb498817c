"""The words of a task's story, for every way in which it can come and go."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from inspection_api.core.periods import Period, Unit, WindowMode
from inspection_api.plans.rules import DueRoll, ExitCheck, InspectionType, PlanTerms, Rule, Version
from inspection_api.plans.schemas import PERFORMERS
from inspection_api.tasks.rules import Happening, Kind, State, Stay, Story, explain
from inspection_api.tasks.rules.explaining import TOLD
from inspection_api.tasks.service.leaving import Reason

JANUARY = date(2026, 1, 1)
MARCH = Period(start=date(2026, 3, 1), end=date(2026, 3, 31))
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
OFFICER = str(uuid4())


def story(rule: dict[str, Any] | None = None, stay: dict[str, Any] | None = None, **changes: Any) -> Story:
    terms = Rule(start=JANUARY, **(rule or {}))
    values: dict[str, Any] = {
        "kind": Kind.REGULAR,
        "state": State.PENDING,
        "period": MARCH,
        "due_on": MARCH.end,
        "window_end_on": MARCH.end,
        "rule": "支行检查",
        "version": Version(number=1, rule=terms),
        "edited_by": "张三",
        "plan": PlanTerms(start=JANUARY, end=None, recorded_on=JANUARY),
        "stay": Stay(organisation="城东支行", joined_on=JANUARY, source="auto", **(stay or {})),
        "today": date(2026, 3, 10),
        "made_at": NOON,
        "names": {OFFICER: "李四"},
    }
    return Story(**{**values, **changes})


def told(of: Story) -> dict[str, str]:
    return {line.code: line.text for line in explain(of)}


def event(kind: str, **data: Any) -> Happening:
    return Happening(kind=kind, at=NOON, actor_id=None, actor="系统", data=data)


def test_an_ordinary_task_tells_rule_grid_day_plan_and_origin() -> None:
    assert told(story()) == {
        "rule_version": "由规则“支行检查”第 1 版产生，自规则开始起适用",
        "period": "自 2026-01-01 起按自然月每 1 个月一期，本期为第 3 期：2026-03-01 至 2026-03-31",
        "due": "应于 2026-03-31 前完成",
        "membership": "检查点自 2026-01-01 起自动加入城东支行的计划",
        "made": "系统于 2026-03-10 12:00 自动生成",
        "open": "尚未完成",
    }


def test_a_later_version_says_who_made_it_and_where_the_period_was_cut() -> None:
    version = Version(number=2, rule=Rule(start=JANUARY, interval=3), since=date(2026, 2, 1))
    lines = told(story(version=version, period=Period(start=date(2026, 2, 1), end=date(2026, 3, 31))))
    assert lines["rule_version"] == "由规则“支行检查”第 2 版产生，张三修改，自 2026-02-01 起适用"
    assert "整期为 2026-01-01 至 2026-03-31" in lines["period"]


def test_an_anchored_grid_counts_from_the_day_itself() -> None:
    rule = {"window_mode": WindowMode.ANCHORED}
    assert told(story(rule))["period"].startswith("从 2026-01-01 当日起每 1 个月一期，逢小月取月末，本期为第 3 期：")


@pytest.mark.parametrize(
    ("roll", "due_on", "words"),
    [
        (DueRoll.NEXT, date(2026, 4, 1), "顺延至下一工作日 2026-04-01"),
        (DueRoll.PREVIOUS, date(2026, 3, 30), "提前至上一工作日 2026-03-30"),
    ],
)
def test_a_rolled_day_says_which_way(roll: DueRoll, due_on: date, words: str) -> None:
    assert words in told(story({"due_roll": roll}, due_on=due_on))["due"]


def test_checks_after_an_exit_and_of_a_new_loan_tell_what_they_count_from() -> None:
    check = {"exit_check": ExitCheck(interval=3, unit=Unit.MONTH, count=2)}
    left = {"left_on": date(2026, 2, 28), "exit_type": "settled", "exit_approved_on": date(2026, 2, 27)}
    after = told(story(check, left, kind=Kind.EXIT))
    assert after["period"].startswith("退出点检查，2026-02-28 退出后每 3 个月一次共 2 次，本次：")
    assert after["membership"].endswith("2026-02-28 退出（2026-02-27 批准）")
    first = told(story({"inspection_type": InspectionType.NEW}, kind=Kind.INITIAL))
    assert first["period"].startswith("新增检查，自 2026-01-01 起 15 天内：")


def test_who_left_without_an_exit_is_told_so() -> None:
    assert told(story(stay={"left_on": date(2026, 3, 5)}))["membership"].endswith("2026-03-05 离开该计划")


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.CAMPAIGN_CANCELLED}))
def test_every_reason_of_a_cancellation_has_its_words(reason: Reason) -> None:
    lines = told(story(state=State.CANCELLED, happenings=(event("task.cancelled", reason=reason.value),)))
    assert "取消" in lines[f"cancelled_{reason.value}"]
    assert "open" not in lines


@pytest.mark.parametrize("state", [State.DONE, State.DONE_LATE])
def test_a_visit_that_closed_it_is_told(state: State) -> None:
    lines = told(story(state=state, happenings=(event("task.closed", state=state.value),)))
    assert lines[state.value].startswith("2026-03-10 12:00 系统：检查记录")
    assert "exempt_history" not in lines


def test_a_visit_that_exempted_it_is_told_with_its_days() -> None:
    lines = told(
        story(
            state=State.EXEMPT,
            performed_on=date(2026, 2, 20),
            credit_from=date(2026, 2, 1),
            happenings=(event("task.closed", state="exempt"),),
        )
    )
    words = "2026-02-20 的检查在历史检查有效期（2026-02-01 至 2026-02-28）内，首期免检"
    assert lines["exempt"] == f"2026-03-10 12:00 系统：{words}"
    assert "exempt_history" not in lines


def test_what_came_back_and_was_closed_is_told_in_that_order() -> None:
    happenings = (event("task.cancelled", reason="exit"), event("task.closed", state="done"))
    assert list(told(story(state=State.DONE, happenings=happenings)))[-3:] == ["cancelled_exit", "restored", "done"]


def test_an_earlier_visit_that_exempted_it_at_once_is_told() -> None:
    exempt = story(state=State.EXEMPT, performed_on=date(2026, 2, 20), credit_from=date(2026, 2, 1))
    assert told(exempt)["exempt_history"].startswith("2026-02-20 的检查在历史检查有效期（2026-02-01 至 2026-02-28）内")
    imported = story(state=State.EXEMPT, performed_on=date(2026, 2, 20), credit_from=date(2026, 2, 1), imported=True)
    assert told(imported)["exempt_history"].startswith("2026-02-20 的导入的历史检查在历史检查有效期")


def test_what_happened_to_it_is_told_in_its_order() -> None:
    happenings = (
        event("task.reassigned", officer_id=None),
        event("task.reassigned", officer_id=OFFICER),
        event("task.makeup_allowed", until="2026-04-05", reason="企业停产"),
        event("task.missed"),
    )
    lines = explain(story(state=State.MISSED, happenings=happenings))
    assert [line.code for line in lines[5:]] == ["unassigned", "reassigned", "makeup_allowed", "missed"]
    assert lines[6].text.endswith("任务改派给李四")
    assert {each.kind for each in happenings} < TOLD


def test_a_task_that_came_back_and_one_that_waits_too_long_say_so() -> None:
    back = told(story(happenings=(event("task.cancelled", reason="exit"),), today=date(2026, 4, 1)))
    assert {"restored", "overdue"} <= set(back)


def test_a_task_of_a_recompute_and_one_of_unknown_origin() -> None:
    assert "backfilled" in told(story(backfilled=True))
    assert told(story(made_at=None))["made"] == "系统自动生成"


@pytest.mark.parametrize("role", PERFORMERS)
def test_a_rule_that_names_a_role_says_so(role: str) -> None:
    assert "，须由" in explain(story({"performing_role": role}))[0].text
    assert "须由" not in explain(story())[0].text
