"""The table of steps: told in whole sentences, of events that exist, without names."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from inspection_api.core.permissions import PEOPLE
from inspection_api.notifications.rules.recipients import Nearest, deciding_roles
from inspection_api.notifications.rules.steps import CODES, STEPS, STEPS_OF, Step
from inspection_api.notifications.rules.words import UNKNOWN, words_of
from inspection_api.subscriptions import SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]
SLICES = ("inspection_api", "checkpoints", "sync", "kiosk_print")
FACTS = {
    "level": 3,
    "closes_at": "2026-03-18T16:00:00+00:00",
    "conclusion": "exit",
    "number": "MBZ-1",
    "effective_on": "2026-03-01",
    "since": "2026-01-20",
    "type": "inspection.submit",
    "rule": "work_stopped",
    "verdict": "normal",
    "wait": "review",
    "job_kind": "report_export",
    "alert_rows": 5000,
    "daily_rows": 50000,
}


def recorded_kinds() -> set[str]:
    """Return every text of the program that could be the kind of an event."""
    texts = set()
    for path in (each for name in SLICES for each in (ROOT / name).rglob("*.py")):
        if "notifications" in path.parts or path.name == "subscriptions.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                texts.add(str(node.values[0].value))
    return texts


def test_every_step_reacts_to_an_event_that_somebody_records() -> None:
    texts = recorded_kinds()
    assert [kind for kind in STEPS_OF if kind not in texts and f"{kind.rpartition('_')[0]}_" not in texts
            and f"{kind.rpartition('.')[0]}." not in texts] == []  # fmt: skip


def test_every_event_of_the_table_is_subscribed_to_once() -> None:
    kinds = [row.kind for row in SUBSCRIPTIONS if row.name == "tell_people"]
    assert sorted(kinds) == sorted(STEPS_OF)


def test_codes_are_for_ever_and_so_are_unique() -> None:
    assert len(set(CODES)) == len(CODES)


@pytest.mark.parametrize("step", STEPS, ids=CODES)
def test_a_sentence_is_whole_and_names_nobody(step: Step) -> None:
    text = step.sentence.format_map(words_of(FACTS))
    assert UNKNOWN not in text
    assert "{" not in text
    assert len(text) <= 60
    if isinstance(step.audience, Nearest):
        assert deciding_roles(step.audience.permission) <= set(PEOPLE)
        assert deciding_roles(step.audience.permission)


def test_codes_and_instants_are_told_in_words() -> None:
    words = words_of({**FACTS, "level": "branch", "absent": None})
    assert (words["level"], words["closes_at"], words["since"]) == ("分行", "3月19日 00:00", "2026年1月20日")
    assert (words["rule"], words["job_kind"], words["number"]) == ("停工预警", "报表导出", "MBZ-1")
    assert words_of({"job_kind": "moon", "type": "moon"}) == {"job_kind": "后台任务", "type": "上传内容"}
    assert words_of({"level": "moon"})["level"] == words["absent"] == UNKNOWN


def test_a_step_is_one_item_of_an_event_and_a_grouped_one_of_a_moment() -> None:
    at, actor = datetime(2026, 3, 10, tzinfo=UTC), uuid4()
    single = next(each for each in STEPS if not each.grouped)
    grouped = next(each for each in STEPS if each.grouped)
    daily = next(each for each in STEPS if each.daily)
    one, other = uuid4(), uuid4()
    assert single.key(one, at, actor) != single.key(other, at, actor)
    assert grouped.key(one, at, actor) == grouped.key(other, at, actor)
    assert grouped.key(one, at, actor) != grouped.key(one, at, None)
    evening, night = datetime(2026, 3, 10, 15, 59, tzinfo=UTC), datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert daily.key(one, at, actor) == daily.key(other, evening, actor) != daily.key(other, night, actor)
    assert daily.key(one, at, actor) != daily.key(one, at, None)


CONDITIONS = {
    "paper.locked": ({"is_printed": False, "is_reopened": False}, {"is_printed": False, "is_reopened": True}),
    "paper.locked_below": ({"is_printed": False}, {"is_printed": True}),
    "device.to_approve": ({"device_kind": "officer"}, {"device_kind": "print_station"}),
    "binding.to_confirm": ({"status": "provisional"}, {"status": "confirmed"}),
    "checkpoint.unassigned": ({"officer_id": None}, {"officer_id": str(uuid4())}),
    "alert.raised_below": ({"level": 3}, {"level": 2}),
    "alert.to_handle": ({"level": 3}, {"level": 2}),
    "alert.to_handle_below": ({"level": 3}, {"level": 3, "exception_handlers": [str(uuid4())]}),
    "conflict.to_decide": ({"record_state": "submitted"}, {"record_state": "draft"}),
    "conflict.in_your_draft": ({"record_state": "draft"}, {"record_state": "submitted"}),
    "template.to_publish": ({"authors": [uuid4()]}, {"authors": []}),
}


@pytest.mark.parametrize("step", STEPS, ids=CODES)
def test_some_steps_are_told_under_a_condition_and_all_others_always(step: Step) -> None:
    fulfilled, unfulfilled = CONDITIONS.get(step.code, ({}, None))
    assert step.when(fulfilled)
    assert unfulfilled is None or not step.when(unfulfilled)
