"""The supervisor's desk in a real browser: two taps to a decision with all that it rests on, a lost race, the team."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.core.permissions import Role
from inspection_api.customers.models import Customer
from inspection_api.templates.default_template import DEFINITION
from inspection_api.web.pages import ASSETS
from kiosk_print.models import PaperPrint
from tests.browser import chromium, served
from tests.desk_pictures import RECOMPUTE, TEMPLATE
from tests.kiosk_print.conftest import VOID_WORDS, WORDS
from tests.pictures import answer
from tests.portfolio import Portfolio
from tests.todos.test_queue import BRING, MINE
from tests.waiting import Matters, deliver_all
from tests.web.conftest import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Page, Route

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def matters(committed_app: Flask, committed_world: World, clock: Clock) -> Matters:
    return Matters(committed_app.test_client(), committed_world, clock)


@pytest.fixture
def desk(committed_app: Flask, matters: Matters) -> Iterator[Site]:
    with served(committed_app) as address, chromium() as browser:
        site = Site(address, browser, Portfolio(matters.world))
        yield site
        assert site.faults == []


def opened(desk: Site, user: str, path: str = "/desk", **size: int) -> Page:
    return desk.visitor(user, **size, path=path)


def decide(page: Page, kind: str, label: str, **filled: Any) -> None:
    """Tap the decision of the first such item, fill in what it asks for, and confirm."""
    page.click(f"[data-kind={kind}] button:text-is('{label}')")
    for name, value in filled.items():
        page.fill(f"dialog [name={name}]", str(value))
    page.click(f"dialog button:text-is('{label}')")


def test_a_device_is_approved_in_two_taps(desk: Site, matters: Matters) -> None:
    matters.device()
    page = opened(desk, "manager")
    decide(page, "device", "批准")
    page.wait_for_selector("text=没有等待您处理的事项")
    found = matters.client.get("/api/v1/devices", headers=matters.world.headers("manager")).json["items"]
    assert [each["status"] for each in found] == ["approved"]


def test_an_unlock_request_says_why_and_what_happens_otherwise(desk: Site, matters: Matters) -> None:
    matters.unlock()
    page = opened(desk, "manager")
    words = page.inner_text("[data-kind=unlock]")
    assert "个工作日" in words
    assert "两个工作日内不处理，上报上一级" in words
    decide(page, "unlock", "批准", days=2)
    page.wait_for_selector("text=没有等待您处理的事项")
    requests = matters.client.get("/api/v1/unlock-requests", headers=matters.world.headers("manager")).json["items"]
    assert [(each["status"], each["days"]) for each in requests] == [("approved", 2)]


def test_a_request_to_void_is_decided_beside_the_sheets_that_would_go(desk: Site, matters: Matters) -> None:
    matters.void()
    page = opened(desk, "manager")
    assert "两个工作日内不处理，上报上一级，上一级也可审批；明白纸继续有效" in page.inner_text("[data-kind=void]")
    words = look(desk, page, "void")
    for said in ("姓名officer", "内容有误", VOID_WORDS["reason"], "MBZ-", "原件", "打印期限内可重新打印", "检查时间"):
        assert said in words, said
    page.click("dialog button:text-is('关闭')")
    decide(page, "void", "批准")
    page.wait_for_selector("text=没有等待您处理的事项")
    with matters.world.transaction() as ctx:
        assert set(ctx.session.scalars(select(PaperPrint.status))) == {"voided"}


IN_SIGHT = """(told) => {
  const { left, top, width, height } = told.getBoundingClientRect();
  return told.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


def test_the_loser_of_a_race_reads_the_winners_name(desk: Site, matters: Matters) -> None:
    matters.unlock()
    winner, loser = opened(desk, "manager"), opened(desk, "second_manager")
    loser.wait_for_selector("[data-kind=unlock]")
    decide(winner, "unlock", "批准")
    winner.wait_for_selector("text=没有等待您处理的事项")
    loser.set_viewport_size({"width": 360, "height": 640})
    loser.click("[data-kind=unlock] button:text-is('驳回')")
    desk.settle(loser)
    loser.fill("dialog [name=reason]", "原因不充分，请补充说明")
    loser.click("dialog button:text-is('驳回')")
    told = loser.wait_for_selector("dialog [role=alert]:has-text('姓名manager')")
    assert told is not None
    assert told.evaluate(IN_SIGHT)  # behind a case that is longer than the screen


def of_two_approvers(matters: Matters) -> str:
    """Bring about an opinion that waits, where two people may give it."""
    matters.world.add_user("second_approver", Role.APPROVER, "branch")
    return matters.opinion()


BOTH = ("manager", "second_manager")
RACES: dict[str, tuple[Callable[[Matters], str], tuple[str, str]]] = {
    "unlock": (Matters.unlock, BOTH),
    "void": (Matters.void, BOTH),
    "device": (Matters.device, BOTH),
    "binding": (Matters.binding, BOTH),
    "quarantine": (Matters.quarantine, BOTH),
    "amendment": (Matters.amendment, BOTH),
    "conflict": (lambda matters: matters.conflict(submitted=True), BOTH),
    "proposal": (Matters.proposal, BOTH),
    "alert_suspicious": (Matters.alert, ("risk_manager", "service_manager")),
    "recompute": (Matters.recompute, ("province_manager", "second_province_manager")),
    "opinion": (of_two_approvers, ("approver", "second_approver")),
}
"""Every kind that waits for two people at once, and who they are."""
DECISION = re.compile(r"/api/v1/.+/(decision|approve|confirm|accept|resolve|opinion)$")
LOST, WON = "dialog [role=alert]", ".state:has-text('没有等待您处理的事项')"


@pytest.mark.parametrize("code", RACES)
def test_of_two_who_tap_at_the_same_moment_one_wins_and_the_other_reads_his_name(
    desk: Site, matters: Matters, code: str
) -> None:
    bring, users = RACES[code]
    bring(matters)
    pages = {user: opened(desk, user) for user in users}
    held: list[Route] = []
    for page in pages.values():
        confirm_and_hold(desk, page, code, held)
    for route in held:
        route.continue_()
    for page in pages.values():
        page.wait_for_selector(f"{LOST}, {WON}")
    (winner,) = [user for user, page in pages.items() if page.query_selector(LOST) is None]
    (loser,) = [page for page in pages.values() if page.query_selector(LOST)]
    done = "签署上级意见" if code == "opinion" else "处理"
    assert f"已由姓名{winner}{done}" in loser.inner_text(LOST)
    loser.click("dialog button:text-is('取消')")
    loser.wait_for_selector(WON)


def confirm_and_hold(desk: Site, page: Page, code: str, held: list[Route]) -> None:
    """Open the case, take its first decision, and keep the request on its way to the server."""

    def hold(route: Route) -> None:
        held.append(route)

    before = len(held)
    page.click(f"[data-kind={code}] .buttons button:nth-child(2)")
    desk.settle(page)
    for field in page.locator("dialog textarea").all():
        field.fill("已电话核实，情况属实")
    page.route(DECISION, hold)
    page.click("dialog .buttons button:nth-child(2)")
    while len(held) == before:
        page.wait_for_timeout(20)


def test_a_rule_to_recompute_and_a_form_to_publish_are_called_by_their_names(desk: Site, matters: Matters) -> None:
    matters.unlock()
    page = opened(desk, "manager")
    for kind, answers, called in (("recompute", RECOMPUTE, "支行检查"), ("template", TEMPLATE, DEFINITION["title"])):
        for glob, given in answers:
            answer(page, glob, given)
        page.reload()
        assert called in look(desk, page, kind)


def test_nobody_is_offered_his_own_request(desk: Site, matters: Matters) -> None:
    matters.unlock(user="manager")
    page = opened(desk, "manager")
    page.check("text=包括下级可先处理的事项")
    desk.settle(page)
    assert page.query_selector("[data-kind=unlock]") is None
    own = page.locator("[data-own=unlock]")
    assert "可由 姓名second_manager 处理" in own.inner_text()
    assert own.locator("button").all_inner_texts() == ["详情"]
    own.locator("button").click()
    page.wait_for_selector("dialog dd:has-text('姓名manager')")
    assert page.locator("dialog button").all_inner_texts() == ["关闭"]
    assert desk.serious(page) == []


def look(desk: Site, page: Page, kind: str) -> str:
    """Open the first such item's case and return what it says."""
    page.click(f"[data-kind={kind}] button:text-is('详情') >> nth=0")
    desk.settle(page)
    words = page.inner_text("dialog .dossier")
    assert page.query_selector("dialog [role=alert]") is None, words
    return words


def test_an_unlock_request_is_decided_beside_its_record_history_and_reason(desk: Site, matters: Matters) -> None:
    matters.unlock()
    page = opened(desk, "manager")
    page.click("[data-kind=unlock] button:text-is('批准')")
    desk.settle(page)
    words = page.inner_text("dialog")
    for said in (
        "姓名officer",
        WORDS["reason"],
        "解锁次数",
        "0 次",
        "从未打印",
        "第 1 次开放",
        "未打印",
        "检查时间",
    ):
        assert said in words, said
    page.click("dialog button:text-is('批准')")
    page.wait_for_selector("text=没有等待您处理的事项")


def test_a_quarantined_record_is_decided_beside_its_drawing(desk: Site, matters: Matters) -> None:
    matters.quarantine()
    page = opened(desk, "manager")
    words = look(desk, page, "quarantine")
    assert "位置在围栏之外，已隔离待核实（outside）" in words
    assert "5.0 公里" in words
    drawn = page.locator("dialog svg.fence")
    assert drawn.locator(".radius").count() == 1
    assert drawn.locator(".mark.scan, .mark.submit").count() >= 2
    assert drawn.locator(".accuracy").count() >= 2
    page.click("dialog button:text-is('关闭')")
    decide(page, "quarantine", "判定有效", reason="已电话核实，确在现场")
    page.wait_for_selector("text=没有等待您处理的事项")


def test_rival_places_stand_side_by_side_each_drawn_in_its_fence(desk: Site, matters: Matters) -> None:
    location = matters.binding()
    matters.rival(location)
    page = opened(desk, "manager", height=1400)
    words = look(desk, page, "binding")
    for said in ("待确认的位置", "另一处位置", "姓名officer", "姓名colleague", "定位精度不足"):
        assert said in words, said
    boxes = [drawn.bounding_box() for drawn in page.locator("dialog svg.fence").all()]
    assert len(boxes) == 2
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    own = page.locator("dialog svg.fence >> nth=0")
    assert (own.locator(".mark.rival").count(), own.locator(".mark.fix").count()) == (1, 3)
    assert own.locator("circle.accuracy.fix").count() == 3
    page.click("dialog button:text-is('关闭')")
    decide(page, "binding", "确认")
    page.wait_for_selector("text=没有等待您处理的事项")


def test_both_versions_of_a_field_stand_beside_each_other(desk: Site, matters: Matters) -> None:
    matters.conflict(submitted=True)
    page = opened(desk, "manager")
    words = look(desk, page, "conflict")
    assert "answers." not in page.inner_text("[data-kind=conflict]") + words
    heads = page.locator("dialog .beside thead th").all_inner_texts()
    assert heads == ["项目", "现有值", "另一手机填写"]
    one, other = page.locator("dialog .beside tr.chosen td").all_inner_texts()
    assert one.split()[0] != other.split()[0]
    page.click("dialog button:text-is('关闭')")
    page.click("[data-kind=conflict] button:text-is('以另一手机为准')")
    desk.settle(page)
    assert "✓\u00a0保留" in page.inner_text("dialog .chosen td:last-child")
    assert page.locator("dialog .kept").count() == 1
    page.click("dialog button:text-is('取消')")
    decide(page, "conflict", "以现有值为准")
    page.wait_for_selector("[data-kind=conflict]", state="detached")


@pytest.mark.parametrize("code", sorted(BRING))
def test_every_kind_shows_its_case_to_whom_it_waits_for_on_a_phone_too(desk: Site, matters: Matters, code: str) -> None:
    BRING[code](matters)
    page = opened(desk, min(MINE[code]), width=360, height=740)
    assert len(look(desk, page, code)) > 20
    page.eval_on_selector_all("dialog details", "all => all.forEach((each) => { each.open = true; })")
    assert desk.serious(page) == []
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")
    shut = page.locator("dialog button:text-is('关闭')").bounding_box()
    assert shut is not None
    assert shut["y"] + shut["height"] <= 740, "the way on is in sight, however long the case"


BLANK: dict[str, tuple[str, str | None, str]] = {
    "unlock": ("second_manager", "驳回", "理由"),
    "opinion": ("approver", None, "意见"),
}
"""Per kind: who decides, by which decision (None: the first), and what the field of its words is called there."""


@pytest.mark.parametrize("code", BLANK)
def test_a_field_left_blank_is_named_as_the_form_names_it(desk: Site, matters: Matters, code: str) -> None:
    user, label, called = BLANK[code]
    BRING[code](matters)
    page = opened(desk, user)
    decision = f"button:text-is('{label}')" if label else ".buttons button:nth-child(2)"
    page.click(f"[data-kind={code}] {decision}")
    desk.settle(page)
    page.fill("dialog textarea", "   ")
    page.click("dialog .buttons button:nth-child(2)")
    page.wait_for_selector(f"dialog [role=alert] li:has-text('{called}：')")


def test_an_alert_says_about_which_enterprise_it_is_and_how_many_minutes_are_left(desk: Site, matters: Matters) -> None:
    matters.alert()
    page = opened(desk, "risk_manager")
    assert page.inner_text("[data-kind=alert_suspicious] .badge") == "还剩 2 小时 0 分（3月10日 12:00 到期）"
    page.clock.set_fixed_time("2026-03-10T11:25:30+08:00")
    page.reload()
    page.wait_for_selector("text=还剩 35 分（3月10日 12:00 到期）")
    assert re.search(r"企业\d+ · .*停工预警", page.inner_text("[data-kind=alert_suspicious]").replace("\n", " "))


def test_open_tasks_of_the_team_are_handed_to_another_officer(desk: Site, matters: Matters) -> None:
    for _ in range(2):
        matters.portfolio.add_checkpoint()
    matters.portfolio.create_rule()
    matters.portfolio.generate()
    page = opened(desk, "manager", "/desk#team")
    assert page.locator("table.tasks tbody tr").count() == 4
    assert page.locator("button:text-is('改派')").is_disabled()
    page.check("table.tasks tbody input >> nth=0")
    page.click("button:has-text('改派 1 项')")
    page.select_option("dialog select", label="姓名colleague（colleague）")
    page.click("dialog button:text-is('改派')")
    page.wait_for_selector("text=已改派 1 个检查点")
    page.select_option("[aria-label=检查人]", label="姓名colleague")
    expect(page.locator("table.tasks tbody tr")).to_have_count(2)
    assert "姓名officer" not in page.inner_text("table.tasks")
    page.check("text=仅逾期")
    page.wait_for_selector("text=没有符合条件的未完成任务")


def test_whoever_may_not_have_a_task_is_refused_in_words(desk: Site, matters: Matters) -> None:
    matters.portfolio.add_checkpoint()
    matters.portfolio.create_rule()
    matters.portfolio.generate()
    page = opened(desk, "manager", "/desk#team")
    page.check("[aria-label=全选]")
    page.click("button:has-text('改派 2 项')")
    page.select_option("dialog select", label="姓名nobody（nobody）")
    page.click("dialog button:text-is('改派')")
    page.wait_for_selector("dialog [role=alert]:has-text('officer_unfit')")


def test_a_failure_at_the_desk_is_said_with_a_way_on(desk: Site, matters: Matters) -> None:
    matters.device()
    page = opened(desk, "manager")
    page.route("**/api/v1/devices*", lambda route: route.abort())
    page.click("[data-kind=device] button:text-is('详情')")
    page.wait_for_selector("dialog [role=alert]:has-text('网络不通，请检查网络后重试（network_unreachable）')")
    page.unroute("**/api/v1/devices*")
    with page.expect_request("**/api/v1/devices?beside=*"):  # not all devices of a province
        page.click("dialog button:text-is('重试')")
    page.wait_for_selector("dialog dd:has-text('姓名officer')")
    page.click("dialog button:text-is('关闭')")
    page.route("**/api/v1/devices/*/approve", lambda route: route.abort())
    page.click("[data-kind=device] button:text-is('批准')")
    page.click("dialog button:text-is('批准')")
    page.wait_for_selector("dialog [role=alert]:has-text('network_unreachable')")
    page.unroute("**/api/v1/devices/*/approve")
    page.click("dialog button:text-is('批准')")
    page.wait_for_selector("text=没有等待您处理的事项")


SEEN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
TWO_TAPS = """async (module) => {
  const { further } = await import(module);
  const asked = [];
  const held = (cursor) => new Promise((answer) => { asked.push(() => answer({ cursor, next_cursor: null })); });
  const added = [];
  const more = further("", held, (page) => added.push(page.cursor));
  more.take({ cursor: 1, next_cursor: 2 });
  more.button.click();
  more.button.click();
  asked.forEach((answer) => answer());
  await new Promise((done) => setTimeout(done));
  return [asked.length, added, more.button.hidden];
}"""


def test_no_row_moves_before_it_is_asked_for_and_an_older_answer_is_dropped(desk: Site, matters: Matters) -> None:
    matters.device()
    page = opened(desk, "manager")
    before = page.locator("[data-kind=device]").bounding_box()
    matters.unlock()
    page.evaluate(SEEN_AGAIN)
    page.wait_for_selector("button:text-is('有 1 条更新，点此刷新')")
    assert page.locator("[data-kind]").count() == 1
    assert page.locator("[data-kind=device]").bounding_box() == before
    page.click("text=点此刷新")
    page.wait_for_selector("[data-kind=unlock]")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/todos?*kind=*", hold)
    page.select_option("[aria-label=事项类型]", "device")
    page.wait_for_selector("[aria-busy]")
    page.evaluate("window.dispatchEvent(new HashChangeEvent('hashchange'))")  # the whole list again
    page.wait_for_selector("[data-kind=unlock]")
    matters.void()
    page.evaluate(SEEN_AGAIN)
    page.wait_for_selector("text=点此刷新")
    with page.expect_response(lambda answer: "kind=device" in answer.url):
        held[0].continue_()
    assert page.locator("[data-kind]").count() == 2
    assert page.inner_text(".tabs a:has-text('待我处理') .badge") == "2", "as many as were counted for what is shown"
    assert page.evaluate(TWO_TAPS, ASSETS.url("static/shell/lists.js")) == [1, [1, 2], True]


def test_what_was_told_is_read(desk: Site, matters: Matters) -> None:
    matters.device()
    deliver_all(matters.world)
    page = opened(desk, "manager", "/desk#inbox")
    page.wait_for_selector(".unread")
    assert page.inner_text(".tabs a:has-text('消息') .badge") == "1"
    page.click("text=全部标为已读")
    page.wait_for_selector(".unread", state="detached")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_the_desk_fits_its_screen_and_keeps_nobody_out(desk: Site, matters: Matters, width: int, height: int) -> None:
    for make in (matters.device, matters.unlock, matters.quarantine, matters.exit, matters.opinion, matters.alert):
        make()
    matters.portfolio.create_rule()
    matters.portfolio.generate()
    deliver_all(matters.world)
    page = opened(desk, "branch_manager", width=width, height=height)
    for path in ("/desk", "/desk#team", "/desk#phones", "/desk#inbox"):
        desk.open(page, path)
        assert desk.serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


LONG = "河北宏远精密机械制造有限公司" * 36


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_names_of_five_hundred_letters_fit_the_desk(desk: Site, matters: Matters, width: int, height: int) -> None:
    matters.unlock()
    matters.portfolio.create_rule()
    matters.portfolio.generate()
    with matters.world.transaction() as ctx:
        for named in (Checkpoint, Customer, Organisation):
            ctx.session.execute(update(named).values(name=LONG))
        ctx.session.execute(update(UserAccount).values(name="欧阳" * 30))
    deliver_all(matters.world)
    page = opened(desk, "manager", width=width, height=height)
    assert page.evaluate("document.querySelector('.bar').offsetHeight") < (60 if width > height else 110)
    for path in ("/desk#team", "/desk#inbox", "/desk"):
        desk.open(page, path)
        page.wait_for_selector(f"text={LONG[:14]}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    look(desk, page, "unlock")
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")
    page.click("dialog button:text-is('关闭')")
    decide(page, "unlock", "批准", days=2)
    page.wait_for_selector("text=没有等待您处理的事项")
