"""The pages as people use them, in Debian's chromium against the real application: logging in and out, the board."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import text

from inspection_api.core.permissions import PEOPLE, Role
from inspection_api.web.pages import ASSETS
from inspection_api.worker import Outbox
from tests.browser import served
from tests.web.handset import BEGIN

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from inspection_api.core.banks import BankCatalogue
    from tests.web.conftest import Site

LEADS = {
    Role.ADMINISTRATOR: "/account",
    Role.PROVINCE_MANAGER: "/board",
    Role.BRANCH_MANAGER: "/desk",
    Role.SUB_BRANCH_MANAGER: "/desk",
    Role.LOAN_OFFICER: "/m",
    Role.EXCEPTION_HANDLER: "/m",
    Role.APPROVER: "/desk",
    Role.RISK_MANAGER: "/board",
    Role.SERVICE_MANAGER: "/board",
    Role.INFORMATION_OFFICER: "/board",
    Role.ENTERPRISE_USER: "/account",
    Role.AUDITOR: "/board",
}
HOMES = """async ([module, roles]) => {
  const { homeOf } = await import(module);
  return roles.map((role) => [role, homeOf({ assignments: [{ role }] })]);
}"""


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def test_a_wrong_password_is_told_in_words_and_nothing_typed_is_lost(site: Site) -> None:
    page = site.visitor()
    site.log_in(page, "officer", "wrong-password")
    page.wait_for_selector("[role=alert]:has-text('用户名或密码不正确（login_refused）')")
    assert page.input_value("input[name=username]") == "officer"
    assert site.serious(page) == []


def test_each_role_is_led_to_its_page_and_back_to_where_it_came_for(site: Site) -> None:
    page = site.visitor()
    homes = page.evaluate(HOMES, [ASSETS.url("static/shell/pages.js"), [*PEOPLE]])
    assert {Role(role): path for role, path in homes} == LEADS
    assert path_of(site.visitor("nobody")) == "/account"
    site.open(page, "/account")
    page.wait_for_url("**/login?next=*")
    site.log_in(page, "province_manager")
    page.wait_for_url("**/account")
    for foreign in ("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"):
        page.goto(f"{site.address}/login?next={quote(foreign)}")
        page.wait_for_url(lambda url: "/login" not in url)
        assert path_of(page) == "/board"


def test_an_exception_handler_is_led_to_the_phone_and_may_begin_there(site: Site) -> None:
    site.world.add_user("handler", Role.EXCEPTION_HANDLER, "sub_branch")
    page = site.visitor("handler", 360, 740)
    assert path_of(page) == "/m"
    page.wait_for_selector("a:text-is('不使用，去我的账户')")
    page.click(BEGIN)
    page.wait_for_selector("text=等待管理员批准")
    assert page.locator(".tabs a").all_inner_texts() == ["今日", "扫码", "预警", "待传"], "he may print nothing"


def test_no_script_can_read_the_session(site: Site) -> None:
    page = site.visitor("province_manager")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})").count("xj.") == 0
    cookies = page.context.cookies()
    assert len(cookies) == len({"the session", "the installation"})
    assert {(cookie["httpOnly"], cookie["sameSite"], cookie["path"]) for cookie in cookies} == {(True, "Strict", "/")}


def test_logging_out_everywhere_ends_the_other_browser_too(site: Site) -> None:
    here, there = site.visitor("province_manager"), site.visitor("province_manager")
    site.open(here, "/account")
    assert here.locator(".sessions li").count() == 2
    assert here.locator(".sessions li strong").all_inner_texts() == ["Linux 电脑 · Chrome"] * 2
    here.click("text=退出所有设备")
    here.click("text=全部退出")
    here.wait_for_url("**/login")
    there.reload()
    there.wait_for_url("**/login?next=%2Fboard")


def test_one_session_is_ended_and_the_own_goes_on(site: Site) -> None:
    here, lost = site.visitor("province_manager"), site.visitor("province_manager")
    site.open(here, "/account")
    here.click(".sessions button")
    expect(here.locator(".sessions li")).to_have_count(1)
    lost.reload()
    lost.wait_for_url("**/login?next=*")
    here.click("nav >> text=退出")
    here.wait_for_url("**/login")
    assert [cookie["name"] for cookie in here.context.cookies()] == ["xunji-installation"]  # it is no login


ATTACK = """
<!doctype html><meta charset=utf-8><title>attack</title>
<iframe name=sink></iframe>
<form id=form method=post enctype=text/plain target=sink action="%(there)s/api/v1/sessions/page"><input name=x></form>
<script>
const there = "%(there)s/api/v1";
const tries = [
  () => fetch(there + "/sessions", {method: "DELETE", credentials: "include"}),
  () => fetch(there + "/sessions", {method: "DELETE", credentials: "include", headers: {"X-Xunji-Page": "1"}}),
  () => fetch(there + "/month-closings", {method: "POST", credentials: "include", mode: "no-cors", body: "{}"}),
  () => fetch(there + "/me", {credentials: "include"}).then((answer) => answer.json()),
];
window.outcome = Promise.all(tries.map((each) => each().then((answer) => answer.type || "read", () => "refused")));
document.getElementById("form").submit();
</script>
"""


def test_a_page_on_another_port_can_neither_read_nor_write_with_our_cookie(site: Site) -> None:
    """Ports are no part of a site: the browser sends it our cookie in spite of SameSite=Strict."""
    page = site.visitor("province_manager")
    elsewhere = Flask("elsewhere")
    elsewhere.add_url_rule("/", view_func=lambda: ATTACK % {"there": site.address})
    statuses: list[int] = []
    with served(elsewhere) as address:
        attacked = page.context.new_page()
        attacked.on("response", lambda answer: statuses.append(answer.status) if "/api/" in answer.url else None)
        attacked.goto(address)
        outcome = attacked.evaluate("window.outcome")
        attacked.wait_for_load_state("networkidle")
        attacked.close()
    assert outcome == ["refused", "refused", "opaque", "refused"]
    assert set(statuses) <= {403, 405, 422}
    assert 403 in statuses
    page.reload()
    page.wait_for_selector(".headlines")
    assert path_of(page) == "/board"
    site.faults[:] = [fault for fault in site.faults if not fault.startswith(address)]


def test_from_the_province_down_to_one_record(site: Site) -> None:
    page = site.visitor("province_manager")
    site.settle(page)
    assert page.inner_text(".headlines .first").split()[:2] == ["本期进度", "60.0%"]
    assert page.locator(".report tbody tr").count() == 2
    page.click(".report >> text=branch >> nth=-1")
    page.wait_for_selector(".trail strong:has-text('branch')")
    site.settle(page)
    page.click(".report >> text=sub_branch")
    page.wait_for_selector("h1:has-text('支行检查明细')")
    site.settle(page)
    page.click(".report tfoot a >> nth=0")
    page.wait_for_selector("table.list")
    page.click(".list >> text=检查记录")
    page.wait_for_selector("article.record")
    assert page.inner_text("article .badge >> nth=0") == "已生效"
    place, officer, *_ = page.locator("article dl >> nth=0 >> dd").all_inner_texts()
    assert (place[:-1], officer) == ("经营场所", "姓名officer")
    assert "正常" in page.inner_text("article")
    page.click("text=返回")
    page.click(".list >> text=任务经过")
    page.wait_for_selector(".story li")
    page.click("text=返回")
    page.wait_for_selector("table.list")


def test_a_record_with_its_long_questions_fits_a_phone(site: Site) -> None:
    page = site.visitor("branch_manager", 360, 740, path="/board?view=report&report=details")
    page.click(".report tfoot a >> nth=0")
    page.wait_for_selector("table.list")
    page.click(".list >> text=检查记录 >> nth=0")
    page.wait_for_selector("article.record")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.serious(page) == []


def test_a_reviewer_voids_a_record_and_says_why(site: Site) -> None:
    page = site.visitor("branch_manager", 360, 740, path="/board?view=report&report=details")
    page.click(".report tfoot a >> nth=0")
    page.click(".list >> text=检查记录 >> nth=0")
    page.click("article.record button:text-is('作废')")
    page.wait_for_selector("dialog")
    assert site.serious(page) == []
    page.fill("dialog textarea", "照片与企业现场不符")
    page.click("dialog button.danger")
    page.wait_for_selector("article.record .badge:text-is('已作废')")
    page.wait_for_selector("article.record >> text=照片与企业现场不符")
    assert page.locator("article.record button").count() == 0
    with site.world.transaction() as ctx:
        assert ctx.session.scalar(text("SELECT count(*) FROM inspection WHERE state = 'voided'")) == 1
    officer = site.visitor("officer")
    officer.goto(page.url)
    officer.wait_for_selector("article.record .badge:text-is('已作废')")


def test_a_record_says_that_its_plates_code_was_typed_and_why(site: Site) -> None:
    judgement = {"manual": {"text": "CP000000", "reason": "牌面破损或污损：右上角缺失"}}
    with site.world.transaction() as ctx:
        changed = text("UPDATE inspection SET judgement = CAST(:judgement AS jsonb)")
        ctx.session.execute(changed, {"judgement": json.dumps(judgement)})
    page = site.visitor("branch_manager", path="/board?view=report&report=details")
    page.click(".report tfoot a >> nth=0")
    page.click(".list >> text=检查记录 >> nth=0")
    page.wait_for_selector("article.record dd:text-is('未扫描，手工输入 CP000000（牌面破损或污损：右上角缺失）')")


QUARANTINED = """
UPDATE inspection
SET state = 'submitted', accepted_at = NULL, blockers = '{quarantine}', quarantine_codes = '{outside,stale}'
WHERE indicators <> '{}'
"""


def test_what_was_found_and_why_it_waited_is_said_in_words_with_the_codes(site: Site) -> None:
    with site.world.transaction() as ctx:
        ctx.session.execute(text(QUARANTINED))
    page = site.visitor(
        "branch_manager", 360, 740, path="/board?view=report&report=anomalies&from=2026-03-01&to=2026-03-31"
    )
    page.click(".report tfoot a[href*='waiting']")
    row = page.locator(".list tbody tr:has-text('W01')")
    row.wait_for()
    shown = ["位置在围栏之外（outside）", "没有有效定位（stale）", "W01 经营异常", "W07 抵质押物不利变化"]
    assert row.locator(".badge").all_inner_texts() == shown
    row.locator("text=检查记录").click()
    page.wait_for_selector("article.record")
    assert page.locator("article.record .spread .badge").all_inner_texts() == ["已提交", "隔离"]
    facts = page.inner_text("article.record dl >> nth=0")
    assert [word for word in shown if word not in facts] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_chosen_sub_branches_stand_side_by_side(site: Site) -> None:
    page = site.visitor("branch_manager", path="/board?view=report&report=comparison")
    assert page.locator("button:has-text('对比')").is_disabled()
    page.click("label:has-text('sub_branch')")
    page.click("label:has-text('sibling')")
    page.click("button:has-text('对比')")
    page.wait_for_selector(".report tbody tr")
    assert [row.strip() for row in page.locator(".report thead th").all_inner_texts()][1:] == ["sub_branch", "sibling"]
    assert page.locator(".report tbody tr").count() == 12
    page.wait_for_selector("h2:has-text('选择要对比的')")  # others can be chosen below
    assert page.locator(".choice :checked").count() == 2
    assert "[object" not in page.inner_text("main")


def test_a_report_and_a_list_are_taken_away_with_progress(site: Site, catalogue: BankCatalogue, tmp_path: Path) -> None:
    outbox = Outbox(database=site.world.database, banks=catalogue)
    page = site.visitor("branch_manager", path="/board")
    page.click("text=导出 Excel")
    table = finished(site, page, outbox)
    assert "sub_branch" in str(list(table.values))
    page.click("dialog >> text=关闭")
    site.open(page, "/board?view=report&report=details")
    page.click(".report tfoot a >> nth=0")
    page.wait_for_selector("table.list")
    rows = page.locator("table.list tbody tr").count()
    page.click("text=导出 Excel")
    page.fill("textarea", "月度")
    page.click("dialog >> button:has-text('导出 Excel')")
    assert page.locator("dialog textarea:invalid").count() == 1
    page.fill("textarea", "月度核对")
    page.click("dialog >> button:has-text('导出 Excel')")
    listed = finished(site, page, outbox)
    assert sum("CP0" in str(row) for row in listed.values) == rows > 0


def finished(site: Site, page: Page, outbox: Outbox) -> Any:
    """Do what the worker does, and open what the browser downloads."""
    page.wait_for_selector("dialog.export progress")
    outbox.drain(site.world.bank)
    page.wait_for_selector("dialog >> text=下载文件")
    with page.expect_download() as download:
        page.click("dialog >> text=下载文件")
    return openpyxl.load_workbook(BytesIO(Path(download.value.path()).read_bytes())).active


def test_what_goes_wrong_is_said_with_a_way_on(site: Site) -> None:
    page = site.visitor("province_manager", path="/board?view=report&report=completion&from=2026-03-31&to=2026-03-01")
    assert "不能早于开始日期" in page.inner_text("[role=alert]")
    page.route("**/api/v1/reports/completion?*", lambda route: route.abort())
    site.open(page, "/board?view=report&report=completion")
    assert "网络不通，请检查网络后重试（network_unreachable）" in page.inner_text("[role=alert]")
    page.unroute("**/api/v1/reports/completion?*")
    page.click("button:has-text('重试')")
    page.wait_for_selector(".report tbody tr")
    the_way_back_outlives_a_late_trail(page)
    refused = site.visitor("administrator", path="/board")
    assert "forbidden" in refused.inner_text("[role=alert]")


def the_way_back_outlives_a_late_trail(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/organisations?*", hold)
    page.reload()
    page.click(".report tfoot a >> nth=0")
    page.wait_for_selector("table.list")
    with page.expect_response("**/api/v1/organisations?*"):
        held[0].continue_()
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.inner_text(".trail").strip() == "返回"


VIEWS = (
    ("province_manager", "/account"),
    ("province_manager", "/board"),
    *(
        ("province_manager", f"/board?view=report&report={code}")
        for code in ("completion", "coverage", "series", "conclusions", "branch_checks", "details")
    ),
    *(
        ("branch_manager", f"/board?view=report&report={code}")
        for code in ("comparison", "indicators", "alerts", "records", "migrations", "anomalies", "month_end")
    ),
    ("officer", "/board"),
)
DEEPEST = ("task", "record")


def behind_a_number(site: Site, page: Page) -> list[tuple[str, str]]:
    """Return the list behind a number, a task and a record of it."""
    site.open(page, "/board?view=report&report=details")
    found = [page.locator(".report tfoot a").first.get_attribute("href") or ""]
    site.open(page, found[0])
    found += [page.locator(f"table.list a[href*='view={kind}']").first.get_attribute("href") or "" for kind in DEEPEST]
    return [("branch_manager", path) for path in found]


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_every_view_fits_its_screen_and_axe_finds_nothing_serious(site: Site, width: int, height: int) -> None:
    pages = {user: site.visitor(user, width, height) for user, _ in VIEWS}
    for user, path in (*VIEWS, *behind_a_number(site, pages["branch_manager"])):
        page = pages[user]
        site.open(page, path)
        assert site.serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = page.eval_on_selector_all(
            "main button, main input, .bar a, .bar button, .tabs a",
            "all => all.filter((each) => each.type !== 'checkbox' && each.checkVisibility()"
            " && each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML.slice(0, 80))",
        )
        assert small == [], path
