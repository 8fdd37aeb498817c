"""Inboxes over real events: the right person, once, and what he does with his items."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import RoleAssignment
from inspection_api.core.events import Event, EventDelivery, Recorded
from inspection_api.core.permissions import Role
from inspection_api.jobs import service as jobs
from inspection_api.notifications import service
from inspection_api.notifications.models import InboxItem
from kiosk_print import service as papers
from tests.notifications.post import INBOX, Post
from tests.waiting import Matters, deliver_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

BRANCH = {"branch_manager", "approver"}
MANAGERS = {"manager", "second_manager"}


def sweep(world: World) -> None:
    with world.transaction() as ctx:
        papers.sweep(ctx)


def test_an_unlock_is_told_step_by_step(matters: Matters, post: Post, clock: Clock) -> None:
    request = matters.unlock("manager")
    assert post.told("unlock.to_decide") == {"second_manager"}
    clock.advance(days=3)
    sweep(matters.world)
    assert post.told("unlock.escalated_to_you") == BRANCH
    assert post.told("unlock.escalated") == {"officer", "manager"}
    (asked,) = post.items("branch_manager")
    assert (asked["text"], asked["asks"]) == ("有一份明白纸的解锁申请下级逾期未处理，已上报至分行，请审批", True)
    assert (asked["target_kind"], asked["target_id"]) == ("unlock_request", request)
    assert (asked["checkpoint_name"], asked["actor_name"]) == ("经营场所0", None)
    matters.desk.decide(matters.client, request, "branch_manager")
    assert post.told("unlock.approved") == {"officer", "manager"}
    assert [each["text"] for each in post.items("officer") if each["code"] == "unlock.approved"] == [
        "解锁申请已批准，明白纸可打印至3月17日 00:00"
    ]
    assert post.items("branch_manager")[0]["is_settled"] is True
    assert post.items("approver")[0]["asks"] is False


def test_whoever_asked_is_told_of_the_rejection_and_deciders_of_a_withdrawal_and_of_the_end(
    matters: Matters, post: Post, clock: Clock
) -> None:
    matters.desk.decide(matters.client, matters.unlock("manager"), "second_manager", approved=False, reason="理由不足")
    assert post.told("unlock.rejected") == {"officer", "manager"}
    matters.post("officer", f"/unlock-requests/{matters.unlock()}/withdraw")
    assert post.told("unlock.withdrawn") == MANAGERS
    matters.unlock()
    clock.advance(days=20)
    sweep(matters.world)
    assert post.told("unlock.expired") >= {"officer"} | MANAGERS | BRANCH
    assert post.told("unlock.expired").isdisjoint({"foreign_manager", "foreign_branch_manager", "administrator"})


def test_a_paper_is_called_to_mind_a_day_before_it_locks_and_its_lock_is_told_once(
    matters: Matters, post: Post, clock: Clock
) -> None:
    matters.desk.accept()
    clock.advance(days=7)
    for _ in range(2):
        sweep(matters.world)
    assert [each["text"] for each in post.items("officer")] == ["明白纸尚未打印，将于3月18日 00:00锁定，请及时打印"]
    clock.advance(days=1)
    for _ in range(2):
        sweep(matters.world)
    assert post.codes("officer") == ["paper.locked", "paper.closing_soon"]
    assert post.told("paper.locked_below") == MANAGERS


def test_a_lock_that_was_lifted_before_the_sweep_is_told_to_nobody(matters: Matters, post: Post) -> None:
    matters.desk.decide(matters.client, matters.unlock(), "manager")
    sweep(matters.world)
    assert post.codes("officer") == ["unlock.approved"]
    assert post.told("paper.locked_below") == set()


def test_after_a_standstill_nobody_is_reminded_of_what_has_locked_long_ago(
    matters: Matters, post: Post, clock: Clock
) -> None:
    matters.desk.accept()
    clock.advance(days=200)
    sweep(matters.world)
    assert post.codes("officer") == ["paper.locked"]


def test_a_step_of_long_ago_is_told_to_nobody_when_the_worker_comes_back(
    matters: Matters, post: Post, clock: Clock
) -> None:
    matters.unlock()
    clock.advance(days=31)
    assert post.told("unlock.to_decide") == set()


def test_what_was_printed_in_time_locks_in_silence(
    client: FlaskClient, matters: Matters, post: Post, clock: Clock
) -> None:
    visit = matters.desk.accept()
    assert matters.desk.print(client, visit).status_code == 201
    clock.advance(days=9)
    sweep(matters.world)
    assert post.codes("officer") == []


def test_a_grave_conclusion_waits_for_the_superiors_opinion(client: FlaskClient, matters: Matters, post: Post) -> None:
    visit = matters.opinion()
    assert post.told("paper.opinion_to_give") == {"approver"}
    matters.post("approver", f"/inspections/{visit}/paper/opinion", 201, text="同意继续跟踪")
    assert post.told("paper.opinion_given") == {"officer"}
    assert [each["asks"] for each in post.items("approver")] == [False]


def test_a_void_is_told_to_whom_it_concerns(client: FlaskClient, matters: Matters, post: Post) -> None:
    printed = matters.desk.print(client, matters.desk.accept())
    matters.post("manager", f"/prints/{printed.json['id']}/void", reason="打印内容有误作废")
    assert [each["text"] for each in post.items("officer")] == [f"编号{printed.json['number']}的明白纸已作废"]


def test_a_phone_waits_for_the_nearest_manager_and_its_owner_is_told(matters: Matters, post: Post) -> None:
    device = matters.device()
    assert post.told("device.to_approve") == MANAGERS
    matters.post("manager", f"/devices/{device}/approve")
    assert post.told("device.approved") == {"officer"}
    matters.post("manager", f"/devices/{device}/revoke")
    assert post.told("device.revoked") == {"officer"}


def test_a_place_is_confirmed_by_another_than_its_binder(matters: Matters, post: Post) -> None:
    location = matters.binding()
    assert post.told("binding.to_confirm") == MANAGERS
    (item,) = post.items("manager")
    matters.post("manager", f"/checkpoints/{item['checkpoint_id']}/locations/{location}/reject")
    assert post.told("binding.rejected") == {"officer"}
    matters.binding("manager")
    assert [each["code"] for each in post.items("manager") if each["asks"]] == []


def test_an_exit_waits_for_the_branch_and_both_ends_are_told(matters: Matters, post: Post) -> None:
    exit_id = matters.exit()
    assert post.told("exit.to_decide") == BRANCH
    matters.post("approver", f"/exits/{exit_id}/refuse", note="仍有余额")
    assert post.told("exit.refused") == {"manager", "officer"}
    approved = matters.exit()
    matters.post("approver", f"/exits/{approved}/approve", note="同意退出该点")
    assert [each["text"] for each in post.items("officer") if each["code"] == "exit.approved"] == [
        "检查点退出已批准，自2026年3月31日起生效"
    ]


def test_an_officers_wish_waits_for_his_manager(matters: Matters, post: Post) -> None:
    proposal = matters.proposal()
    assert post.told("proposal.to_decide") == MANAGERS
    matters.post("manager", f"/checkpoint-proposals/{proposal}/refuse", note="地址与营业执照不符")
    assert post.told("proposal.refused") == {"officer"}
    matters.post("officer", f"/checkpoint-proposals/{matters.proposal()}/withdraw")
    assert post.told("proposal.withdrawn") == MANAGERS


def test_what_devices_brought_waits_for_the_manager(matters: Matters, post: Post) -> None:
    op_id = matters.quarantine()
    assert post.told("quarantine.to_decide") == MANAGERS
    (item,) = [each for each in post.items("manager") if each["code"] == "quarantine.to_decide"]
    assert (item["text"], item["target_id"]) == ("有一条检查记录被隔离，请判定是否有效", op_id)
    matters.post("manager", f"/sync/quarantine/{op_id}/refuse", reason="不在现场")
    assert post.told("quarantine.refused") == {"officer"}


def test_a_clash_in_a_draft_is_the_officers_own_and_a_later_one_the_managers(matters: Matters, post: Post) -> None:
    matters.conflict()
    assert (post.told("conflict.in_your_draft"), post.told("conflict.to_decide")) == ({"officer"}, set())
    conflict = matters.conflict(submitted=True)
    assert post.told("conflict.to_decide") == MANAGERS
    matters.post("manager", f"/sync/conflicts/{conflict}/resolve", keep="server", reason="以报表为准")
    assert post.told("conflict.resolved") == {"officer"}


def test_an_alert_waits_for_review_and_a_grave_one_is_told_below(matters: Matters, post: Post) -> None:
    matters.alert(level=2)
    assert (post.told("alert.to_review"), post.told("alert.raised_below")) == (
        {"risk_manager", "service_manager"}, set(),
    )  # fmt: skip
    alert = matters.alert(level=3)
    assert post.told("alert.raised_below") == MANAGERS
    matters.post("risk_manager", f"/alerts/{alert}/false-alarm", reason="meter_fault", note="电表更换")
    assert post.told("alert.second_review") == {"service_manager"}


def test_a_hand_over_is_one_item_however_many_points_it_moves(
    client: FlaskClient, matters: Matters, post: Post
) -> None:
    points = [str(matters.portfolio.add_checkpoint()) for _ in range(3)]
    matters.portfolio.create_rule()
    matters.portfolio.generate()
    colleague = str(matters.world.people["colleague"])
    matters.post("manager", "/checkpoints/assign", checkpoint_ids=points, officer_id=colleague)
    assert sorted(post.codes("colleague")) == ["checkpoint.assigned", "task.assigned"]
    assert post.codes("officer") == ["task.taken"]


def test_what_an_officer_leaves_without_anybody_is_told_to_his_manager(matters: Matters, post: Post) -> None:
    matters.portfolio.add_checkpoint()
    with matters.world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, matters.world.people["officer"])
    assert post.told("checkpoint.unassigned") == MANAGERS


def test_recomputations_and_templates_wait_for_a_second_person(matters: Matters, post: Post) -> None:
    recompute = matters.recompute()
    assert post.told("recompute.to_decide") == {"province_manager", "second_province_manager"}
    matters.post("province_manager", f"/recomputes/{recompute}/refuse")
    assert post.told("recompute.refused") == {"branch_manager"}
    matters.template()
    assert post.told("template.to_publish") == {"second_province_manager"}


def test_a_finished_job_is_told_to_whoever_asked(matters: Matters, post: Post) -> None:
    with matters.world.transaction("manager") as ctx:
        job = jobs.request(ctx, "report_export", format="xlsx")
    with matters.world.transaction() as ctx:
        ctx.record("job.done", job_id=str(job.id))
    assert [(each["text"], each["target_id"]) for each in post.items("manager")] == [
        ("报表导出已完成，请在有效期内下载", str(job.id))
    ]


# --- once, and nobody else


def all_items(world: World) -> int:
    with world.transaction() as ctx:
        return ctx.session.scalar(select(func.count()).select_from(InboxItem)) or 0


def replay(world: World) -> None:
    with world.transaction() as ctx:
        for event in ctx.session.scalars(select(Event).where(Event.kind == "unlock.requested")):
            service.tell_people(
                ctx, [Recorded(id=event.id, kind=event.kind, actor_id=event.actor_id, at=event.at, data=event.data)]
            )


def test_a_delivery_that_is_repeated_adds_nothing(matters: Matters, post: Post) -> None:
    matters.unlock()
    deliver_all(matters.world)
    before = all_items(matters.world)
    assert before == 2
    with matters.world.transaction() as ctx:
        for delivery in ctx.session.scalars(select(EventDelivery)):
            delivery.done_at = None
    assert deliver_all(matters.world) > 0
    replay(matters.world)
    assert all_items(matters.world) == before


def test_of_two_workers_at_once_one_writes_the_item(committed_app: Any, committed_world: World, clock: Clock) -> None:
    Matters(committed_app.test_client(), committed_world, clock).unlock()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replay, [committed_world] * 8))
    assert all_items(committed_world) == 2


def test_the_database_refuses_an_item_twice(world: World) -> None:
    row = {
        "user_id": world.people["officer"], "key": "a", "code": "job.done", "asks": False,
        "text": "完成", "target_kind": "job", "target_id": uuid4(),
    }  # fmt: skip
    with world.transaction() as ctx:
        ctx.session.execute(insert(InboxItem).values(**row, id=uuid4(), at=ctx.now))
        with pytest.raises(IntegrityError, match="uq_inbox_item_user_id_key"), ctx.session.begin_nested():
            ctx.session.execute(insert(InboxItem).values(**row, id=uuid4(), at=ctx.now))


def test_neither_the_disabled_nor_those_whose_role_has_ended_are_told(matters: Matters, post: Post) -> None:
    with matters.world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, matters.world.people["second_manager"])
    matters.unlock()
    assert post.told("unlock.to_decide") == {"manager"}
    visit = matters.desk.accept(officer="nobody", conclusion="exit")
    matters.post("approver", f"/inspections/{visit}/paper/opinion", 201, text="同意继续")
    assert post.told("paper.opinion_given") == set()


def test_if_nobody_near_is_eligible_the_next_level_is_told_at_once(matters: Matters, post: Post) -> None:
    phone = matters.phone()
    with matters.world.transaction("administrator") as ctx:
        for name in MANAGERS:
            accounts.disable_user(ctx, matters.world.people[name])
    matters.quarantine(phone)
    assert post.told("quarantine.to_decide") == BRANCH


def test_another_bank_is_told_nothing(matters: Matters, post: Post, other_world: World, client: FlaskClient) -> None:
    matters.unlock()
    assert len(post.items("manager")) == 1
    assert all_items(other_world) == 0
    assert Post(client, other_world).items("manager") == []


# --- over HTTP


def test_items_are_read_one_by_one_and_all_up_to_the_last_seen(matters: Matters, post: Post) -> None:
    for _ in range(4):
        matters.unlock()
    newest, *_, oldest = items = post.items("manager")
    assert [each["id"] for each in items] == sorted((each["id"] for each in items), reverse=True)
    assert post.call("GET", "/counts", "manager").json == {
        "unread": 4, "asking": 4, "codes": [{"code": "unlock.to_decide", "unread": 4, "asking": 4}],
    }  # fmt: skip
    read = post.call("POST", f"/{oldest['id']}/read", "manager").json
    assert (read["id"], read["read_at"] is not None) == (oldest["id"], True)
    assert post.call("POST", f"/{oldest['id']}/read", "manager").json["read_at"] == read["read_at"]
    assert len(post.items("manager", unread="true")) == 3
    assert [each["id"] for each in post.items("manager", unread="false")] == [oldest["id"]]
    assert post.call("POST", "/read", "manager", until_id=items[1]["id"]).json == {"marked": 2}
    assert [each["id"] for each in post.items("manager", unread="true")] == [newest["id"]]
    assert post.call("POST", "/read", "manager").json == {"marked": 1}
    assert post.call("GET", "/counts", "manager").json == {"unread": 0, "asking": 0, "codes": []}
    assert len(post.items("second_manager", unread="true")) == 4


def test_the_inbox_is_paged_and_narrowed(matters: Matters, post: Post) -> None:
    for _ in range(3):
        matters.unlock()
    matters.device()
    assert post.codes("manager") == ["device.to_approve"] + ["unlock.to_decide"] * 3
    assert len(post.items("manager", limit=2)) == 4
    assert len(post.items("manager", code="device.to_approve")) == 1
    for wrong in ({"code": "moon"}, {"unread": "yes"}, {"limit": 0}, {"cursor": "x"}, {"kind": "x"}):
        assert post.call("GET", "", "manager", **wrong).status_code == 422


def test_nobody_reads_or_marks_anothers_items(client: FlaskClient, matters: Matters, post: Post) -> None:
    matters.unlock()
    (item,) = post.items("manager")
    for user in ("officer", "branch_manager", "administrator", "foreign_manager", "auditor"):
        assert post.call("POST", f"/{item['id']}/read", user).status_code == 404
        assert item["id"] not in {each["id"] for each in post.items(user)}
    for method, path in (("GET", ""), ("GET", "/counts"), ("POST", "/read"), ("POST", f"/{item['id']}/read")):
        assert client.open(f"{INBOX}{path}", method=method).status_code == 401
    _, gateway = matters.world.machine("sub_branch")
    assert client.get(INBOX, headers=gateway).status_code == 403


def test_a_name_that_the_reader_may_no_longer_see_is_not_shown(matters: Matters, post: Post) -> None:
    matters.unlock()
    assert [each["checkpoint_name"] for each in post.items("manager")] == ["经营场所0"]
    manager, sibling = matters.world.people["manager"], matters.world.organisations["sibling"]
    with matters.world.transaction("administrator") as ctx:
        first = ctx.session.scalars(select(RoleAssignment.id).where(RoleAssignment.user_id == manager)).one()
        accounts.assign_role(ctx, manager, role=Role.SUB_BRANCH_MANAGER, organisation_id=sibling)
        accounts.end_role(ctx, manager, first)
    assert [each["checkpoint_name"] for each in post.items("manager")] == [None]


def test_a_page_costs_the_same_whatever_it_holds(
    client: FlaskClient, matters: Matters, post: Post, queries: Callable[[], list[str]]
) -> None:
    headers, counted = matters.world.headers("manager"), []
    for number in (1, 6):
        for _ in range(number):
            matters.unlock()
        deliver_all(matters.world)
        started = queries()
        assert client.get(INBOX, headers=headers).status_code == 200
        counted.append(len(started))
    assert counted[0] == counted[1]


# --- on phones


def test_an_officers_phone_holds_his_items_and_nobody_elses(matters: Matters, post: Post) -> None:
    phone, other = matters.phone(), matters.phone("colleague")
    cursors = {each.id: each.pull()["cursor"] for each in (phone, other)}
    matters.desk.decide(matters.client, matters.unlock("manager"), "second_manager", approved=False, reason="理由不足")
    deliver_all(matters.world)
    brought = phone.pull(cursors[phone.id])
    (item,) = [each for each in brought["changes"] if each["e"] == "inbox_item" and each["k"] == "put"
               and each["d"]["code"] == "unlock.rejected"]  # fmt: skip
    assert (item["d"]["text"], item["d"]["read_at"]) == ("解锁申请被驳回，明白纸保持锁定", None)
    assert [each for each in other.pull(cursors[other.id])["changes"] if each["e"] == "inbox_item"
            and each["d"]["code"] == "unlock.rejected"] == []  # fmt: skip
    post.call("POST", f"/{item['id']}/read", "officer")
    (again,) = [each for each in phone.pull(brought["cursor"])["changes"] if each["e"] == "inbox_item"]
    assert again["v"] > item["v"]
    assert again["d"]["read_at"] is not None
