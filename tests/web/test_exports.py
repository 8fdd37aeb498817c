"""A file that was asked for is not lost: 我的导出 lists it, and a line that fails for a moment ends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.worker import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from inspection_api.core.banks import BankCatalogue
    from tests.web.conftest import Site

JOB = "**/api/v1/jobs/*"


def asked(site: Site, width: int = 1440) -> Page:
    """The board where somebody just asked for a workbook."""
    page = site.visitor("branch_manager", width, path="/board")
    page.click("text=导出 Excel")
    page.wait_for_selector("dialog.export progress")
    return page


def test_a_closed_export_is_found_again_after_a_reload(site: Site, catalogue: BankCatalogue) -> None:
    page = asked(site, 360)
    page.click("dialog >> text=我的导出")
    page.wait_for_selector(".list .badge:text-is('正在排队')")
    assert page.locator(".list li").count() == 1
    Outbox(database=site.world.database, banks=catalogue).drain(site.world.bank)
    page.reload()
    page.wait_for_selector(".list .badge:text-is('已生成')")
    site.settle(page)
    assert site.serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    way = page.locator(".list >> text=下载文件").bounding_box()
    assert way is not None
    assert way["x"] + way["width"] <= 360, "nobody has to scroll to it"
    with page.expect_download() as download:
        page.click(".list >> text=下载文件")
    assert download.value.suggested_filename.endswith(".xlsx")
    other = site.visitor("province_manager", path="/board?view=exports")
    other.wait_for_selector("text=还没有导出过文件")


def test_a_line_that_fails_for_a_moment_does_not_end_the_progress(site: Site, catalogue: BankCatalogue) -> None:
    page = asked(site)
    failed: list[str] = []

    def fail(route: Route) -> None:
        failed.append(route.request.url)
        route.abort()

    page.route(JOB, fail)
    page.wait_for_selector("dialog.export >> text=网络不稳定")
    page.unroute(JOB)
    Outbox(database=site.world.database, banks=catalogue).drain(site.world.bank)
    page.wait_for_selector("dialog >> text=下载文件")
    assert failed


def test_a_failure_that_stays_is_said_in_words_with_a_way_on(site: Site, catalogue: BankCatalogue) -> None:
    page = asked(site)
    refusal = {"content_type": "application/problem+json", "body": '{"code": "forbidden", "title": "没有权限"}'}
    page.route(JOB, lambda route: route.fulfill(status=403, **refusal))
    page.wait_for_selector("dialog.export [role=alert]:has-text('forbidden')")
    page.unroute(JOB)
    Outbox(database=site.world.database, banks=catalogue).drain(site.world.bank)
    page.click("dialog.export button:text-is('重试')")
    page.wait_for_selector("dialog >> text=下载文件")
    page.click("dialog button:text-is('关闭')")
    page.route(JOB, lambda route: route.fulfill(json={"status": "failed", "problem": "export_quota_exceeded"}))
    page.click("text=导出 Excel")
    page.wait_for_selector("dialog.export .trouble:has-text('export_quota_exceeded')")
    assert "稍后" not in page.inner_text("dialog.export").replace("请稍后重试", ""), "there will be no file"
