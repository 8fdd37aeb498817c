"""Alerts that are left alone: who hears of them when, once, and not of those that somebody took up (§5.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from inspection_api.accounts import service as accounts
from inspection_api.alerts import service as alerts
from inspection_api.alerts.models import Alert, AlertFeedback
from inspection_api.core.permissions import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures import Clock
    from tests.notifications.post import Post
    from tests.waiting import Matters

BRANCH, PROVINCE = {"branch_manager"}, {"province_manager", "second_province_manager"}
MANAGERS = {"manager", "second_manager"}


def sweep(matters: Matters) -> None:
    for _ in range(2):
        with matters.world.transaction() as ctx:
            assert alerts.escalate(ctx) is False


def test_a_grave_alert_climbs_to_the_branch_after_four_hours_and_to_the_province_after_a_day(
    matters: Matters, post: Post, clock: Clock
) -> None:
    matters.alert(level=3)
    clock.advance(hours=4, seconds=-1)
    sweep(matters)
    assert post.told("alert.escalated") == set()
    clock.advance(seconds=1)
    sweep(matters)
    assert post.told("alert.escalated") == BRANCH
    assert [each["text"] for each in post.items("branch_manager")] == ["停工预警（可疑）逾期未复核，请督促处理"]
    clock.advance(hours=20)
    sweep(matters)
    assert post.told("alert.escalated") == BRANCH | PROVINCE
    assert post.codes("branch_manager") == ["alert.escalated"]


@pytest.mark.parametrize(("level", "days", "told"), [(1, 4, MANAGERS), (2, 2, MANAGERS), (2, 3, MANAGERS | BRANCH)])
def test_a_lesser_one_is_first_the_sub_branchs(
    matters: Matters, post: Post, clock: Clock, level: int, days: int, told: set[str]
) -> None:
    matters.alert(level=level)
    clock.advance(days=days)
    sweep(matters)
    assert post.told("alert.escalated") == told


def test_an_alert_that_somebody_took_up_climbs_only_while_nobody_says_what_he_found(
    matters: Matters, post: Post, clock: Clock
) -> None:
    silent, answered = matters.alert(level=3), matters.alert(level=3)
    for alert in (silent, answered):
        matters.post("risk_manager", f"/alerts/{alert}/confirm", note="已电话核实")
    with matters.world.transaction() as ctx:
        officer = matters.world.people["officer"]
        ctx.session.add(
            AlertFeedback(
                id=uuid4(), alert_id=UUID(answered), author_id=officer, verdict="watch", text="减产", at=ctx.now
            )
        )
    clock.advance(days=2)
    sweep(matters)
    assert post.told("alert.escalated") == set()
    clock.advance(days=1)
    sweep(matters)
    (item,) = [each for each in post.items("branch_manager") if each["code"] == "alert.escalated"]
    assert (item["target_id"], item["text"]) == (silent, "停工预警（可疑）逾期未反馈，请督促处理")


def test_a_notice_that_cleared_by_itself_and_a_step_of_long_ago_are_told_to_nobody(
    matters: Matters, post: Post, clock: Clock
) -> None:
    cleared = matters.alert(level=1)
    matters.alert(level=2)
    with matters.world.transaction() as ctx:
        alert = ctx.session.get_one(Alert, UUID(cleared))
        alert.condition, alert.cleared_on = "cleared", alert.last_seen_on + timedelta(days=2)
    clock.advance(days=60)
    sweep(matters)
    assert post.told("alert.escalated") == set()


def test_where_nobody_manages_a_level_the_next_one_hears_of_it(matters: Matters, post: Post, clock: Clock) -> None:
    with matters.world.transaction() as ctx:
        accounts.disable_user(ctx, matters.world.people["branch_manager"])
    matters.alert(level=3)
    clock.advance(hours=4)
    sweep(matters)
    assert post.told("alert.escalated") == PROVINCE


def test_a_grave_alert_is_the_exception_handlers_at_once(matters: Matters, post: Post) -> None:
    handler, place = matters.world.people["colleague"], matters.world.organisations["sub_branch"]
    with matters.world.transaction() as ctx:
        accounts.assign_role(ctx, handler, role=Role.EXCEPTION_HANDLER, organisation_id=place)
    matters.alert(level=2)
    assert post.told("alert.to_handle_below") == set()
    matters.alert(level=3)
    assert post.told("alert.to_handle_below") == {"colleague"}
    own = matters.alert(level=3, exception_handler="officer")
    assert (post.told("alert.to_handle"), own) == ({"officer"}, post.items("officer")[0]["target_id"])


def test_many_steps_are_swept_in_as_many_statements_as_few(
    matters: Matters, clock: Clock, queries: Callable[[], list[str]]
) -> None:
    counted = []
    for number in (1, 7):
        for _ in range(number):
            matters.alert(level=3)
        clock.advance(hours=4)
        with matters.world.transaction() as ctx:
            started = queries()
            alerts.escalate(ctx)
            counted.append(len(started))
    assert counted[0] == counted[1]
