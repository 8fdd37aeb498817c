"""The outbox: what goes first, what goes again, what it says of each entry, and whose file it takes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.handset import counted, enrolled
from tests.web.inside import carry_in, carry_out

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.sync.phone import Street
    from tests.web.handset import Handset
    from tests.web.line import BadLine

PATCH = "PATCH /api/v1/media"


def test_a_line_that_breaks_at_every_upload_still_brings_what_is_new(
    far: Handset, line: BadLine, committed_app: Flask, street: Street
) -> None:
    enrolled(far, committed_app, street.world)
    far.begin()
    far.answer()
    line.break_off(PATCH)
    far.submit()
    far.find("li[data-status=applied] >> text=已收到，资料待上传 2 个")
    street.add()
    street.portfolio.generate()
    far.synchronise("offline")
    far.tab("")
    far.see("经营场所1")
    line.mend()
    far.synchronise()
    far.tab("outbox")
    far.find("li[data-status=applied] >> text=已完成")
    assert counted(street.world, "SELECT status, count(*) FROM media GROUP BY 1") == [("stored", 2)]


def test_what_is_captured_while_a_file_goes_up_does_not_wait_for_it(
    far: Handset, line: BadLine, committed_app: Flask, street: Street
) -> None:
    street.add()
    street.portfolio.generate()
    enrolled(far, committed_app, street.world)
    far.begin()
    far.answer()
    line.hold(PATCH)
    far.submit()
    far.see("数据已同步，正在上传资料")
    far.tab("")
    far.page.click(".task:has-text('经营场所1') a")
    far.page.click("text=上门未遇或被拒")
    far.page.fill("dialog [name=note]", "大门紧锁")
    far.page.click("dialog button.primary")
    far.tab("outbox")
    far.find("li[data-status=applied]:has-text('上门未遇')")
    assert counted(street.world, "SELECT note FROM visit_attempt") == [("大门紧锁",)]
    assert counted(street.world, "SELECT count(*) FROM media WHERE status = 'stored'") == [(0,)]


def test_a_file_of_another_officer_is_refused_and_his_own_phone_takes_it(
    phone: Handset, tmp_path: Path, committed_app: Flask, street: Street
) -> None:
    enrolled(phone, committed_app, street.world)
    phone.begin()
    phone.answer()
    phone.context.set_offline(True)
    phone.submit()
    own = tmp_path / "own.xunji"
    carry_out(phone, own)
    phone.context.set_offline(False)
    phone.see_all_sent()
    other = tmp_path / "other.xunji"
    officer = str(street.world.people["officer"])
    other.write_bytes(own.read_bytes().replace(officer.encode(), str(street.world.people["manager"]).encode(), 1))
    for file, told in ((other, "file_of_another"), (own, "已导入 0 条记录")):
        carry_in(phone, file)
        phone.see(told)
