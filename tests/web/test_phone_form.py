"""The form of a visit: what is wrong is said at once, and no tap, tab or day makes two of one, or one of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.handset import counted, enrolled
from tests.web.inside import within

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World
    from tests.web.handset import Handset

TAX = "[aria-labelledby=label-tax_ytd]"
NEWER = """(store) => new Promise((resolve) => {
  const made = indexedDB.open(store.db.name, 99);
  made.onsuccess = () => { made.result.close(); resolve(); };
})"""
RECORDS = "SELECT state, answers -> 'tax_ytd' ->> 'value' FROM inspection ORDER BY submitted_at"
SIGNATURES = """async (store, visits) => {
  const [draft] = await visits.all();
  const item = { key: "signature" };
  const kept = async () => {
    const [{ answers }] = await visits.all();
    const media = (await visits.media(draft.id)).filter((medium) => medium.item === item.key);
    return [answers[item.key]?.value ?? null, media.map((medium) => medium.id)];
  };
  const made = { blob: new Blob(["x"]), mime: "image/png" };
  const drawn = (former) => visits.sign(draft, item, { made, fix: null, at: Date.now(), former });
  const first = await drawn([]);
  const once = await kept();
  const second = await drawn([first]);
  const again = await kept();
  await visits.unsign(draft, item, second.id);
  const none = await kept();
  return [once, again, none, first.id, second.id];
}"""


def test_what_is_no_number_is_said_before_it_is_sent_and_what_a_chinese_keyboard_types_is_one(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.page.fill(TAX, "3万")
    phone.page.click("summary:has-text('还有 1 项需补充或更正')")
    phone.see("应为数字")
    phone.page.fill(TAX, "1.239")
    phone.see("最多 2 位小数")
    phone.page.fill(TAX, "１２０．５")
    phone.submit()
    phone.see_all_sent()
    assert counted(committed_world, RECORDS) == [("accepted", "120.5")]


def test_two_taps_submit_once(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.see("已填写完整，可以提交")
    phone.page.dblclick("text=提交检查")
    phone.arrive("outbox")
    phone.see_all_sent()
    assert phone.page.locator("li[data-status]").count() == 1
    assert counted(committed_world, "SELECT status FROM sync_receipt") == [("applied",)]


def test_a_visit_that_another_tab_has_submitted_is_neither_submitted_again_nor_a_draft_again(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.see("已填写完整，可以提交")
    other = phone.context.new_page()
    other.goto(phone.page.url)
    other.wait_for_selector("text=已填写完整，可以提交")
    phone.submit()
    phone.see_all_sent()
    other.fill(TAX, "7")
    other.click("text=提交检查")
    other.wait_for_selector("text=这次检查已提交或已放弃，未重复提交（already_submitted）")
    other.close()
    phone.tab("")
    phone.synchronise()
    assert phone.page.locator("text=继续填写").count() == 0
    assert counted(committed_world, RECORDS) == [("accepted", "3.5")]
    within(phone, NEWER)
    phone.see("请刷新本页")
    phone.page.click("button:text-is('刷新')")
    phone.see("page_outdated")  # this version of the page cannot read what a newer one wrote


def test_a_scan_of_another_day_asks_whether_the_old_visit_goes_on(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.fill(TAX, "7")
    phone.see("需补充或更正")
    phone.page.clock.fast_forward(86_400_000)
    phone.walk()
    phone.scan()
    phone.see("检查点正确")
    phone.page.click("button:has-text('开始检查')")
    phone.see("这个检查点还有未提交的检查")
    phone.page.click("dialog button:text-is('确定')")
    phone.arrive("visit/")
    phone.find("[data-item=power_kwh]")
    assert phone.page.input_value(TAX) == ""
    phone.tab("")
    phone.see("未提交的检查")
    assert phone.page.locator("text=继续填写").count() == len({"yesterday's", "today's"})


def test_a_signature_and_its_answer_come_and_go_together(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    once, again, none, first, second = within(phone, SIGNATURES)
    assert once == [first, [first]]
    assert again == [second, [second]]
    assert none == [None, []]
