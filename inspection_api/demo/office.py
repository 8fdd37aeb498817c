"""What people at their desks do: the bank's size, a new customer, labels, alerts, completion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import day_start, first_of_month, local_day
from inspection_api.customers import rules as customer_rules
from inspection_api.demo.desk import Desk, ensure
from inspection_api.demo.portfolio import GATEWAY_TOKEN_FILE
from inspection_api.demo.prints import scan
from inspection_api.demo.story import BRANCH_MANAGER, HEADQUARTERS, MANAGER, OFFICER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from inspection_api.demo.story import Story

_TREE = {"province": 1, "branch": 14, "sub_branch": 229}
_CUSTOMERS = 3_000
_LOW_KWH = 62.5
_LOW_DAYS = 3
_COUNTER_KWH = 50_000
_SERIAL = 99_000_001


def look_at_bank(story: Story) -> str:
    """Count what the seeded bank holds."""
    desk = story.desk(HEADQUARTERS)
    found = {kind: sum(1 for _ in desk.pages("/organisations", kind=kind)) for kind in _TREE}
    ensure(found == _TREE, f"机构数应为 {_TREE}，实为 {found}")
    customers = sum(1 for _ in desk.pages("/customers"))
    ensure(customers >= _CUSTOMERS, f"客户应不少于 {_CUSTOMERS}，实为 {customers}")
    officers = {row["officer_id"] for row in desk.pages("/tasks", state="pending")}
    ensure(len(officers) >= _TREE["sub_branch"], f"有任务的客户经理只有 {len(officers)} 人")
    return f"分行 {found['branch']}、支行 {found['sub_branch']}、客户 {customers}、有任务的客户经理 {len(officers)} 人"


def read_completion(story: Story) -> str:
    """Read completion by branch before anything was done."""
    table = _completion(story)
    story.report["completion_before"] = table
    progress = table["total"]["cells"]["progress"]
    ensure(progress["denominator"] > 0, "本月没有任何任务")
    return f"本期进度 {progress['numerator']}/{progress['denominator']}，{len(table['rows'])} 家分行"


def compare_completion(story: Story) -> str:
    """Read completion again: the branch and the bank have gained exactly the accepted visits, nobody else anything."""
    before, table = story.report["completion_before"], _completion(story)
    story.report["completion_after"] = table
    gained = {name: count - _progress(before)[name] for name, count in _progress(table).items()}
    changed = {name: count for name, count in gained.items() if count}
    own = table["rows"][0]["organisation"]["name"]
    ensure(changed == {own: len(story.visits)}, f"应只有{own}增加 {len(story.visits)}，实为 {changed}")
    total, was = (each["total"]["cells"]["progress"]["numerator"] for each in (table, before))
    ensure(total == sum(_progress(table).values()), "合计不等于各分行之和")
    listed = sum(
        1 for _ in story.desk(HEADQUARTERS).pages("/reports/completion/tasks", **_window(story), measure="progressed")
    )
    ensure(listed == total, f"明细 {listed} 条，合计 {total}")
    return f"{own} +{changed[own]}；全行完成 {was} → {total}，明细同为 {listed} 条"


def _completion(story: Story) -> dict[str, Any]:
    return story.desk(HEADQUARTERS).get("/reports/completion", **_window(story))


def _window(story: Story) -> dict[str, str]:
    desk = story.desk(HEADQUARTERS)
    today = local_day(story.stage.clock.now())
    start = first_of_month(today)
    end = first_of_month(start + timedelta(days=31)) - timedelta(days=1)
    return {"organisation_id": desk.me()["organisation_id"], "from": str(start), "to": str(end)}


def _progress(table: dict[str, Any]) -> dict[str, int]:
    """Return the numerator of 本期进度 by organisation."""
    return {row["organisation"]["name"]: row["cells"]["progress"]["numerator"] for row in table["rows"]}


def take_in_customer(story: Story) -> str:
    """Take in a customer; it gets an unbound checkpoint, and that its plan, at once."""
    manager, officer = story.desk(MANAGER), story.desk(OFFICER)
    customer = manager.post(
        "/customers",
        {
            "uscc": customer_rules.next_uscc(_SERIAL, area="130100"),
            "name": "石家庄晨曦精密铸造有限公司",
            "organisation_id": manager.me()["organisation_id"],
            "officer_id": officer.me()["id"],
            "address": "河北省石家庄市演示路 1 号",
        },
    )
    points = list(manager.pages("/checkpoints", customer_id=customer["id"]))
    ensure([point["state"] for point in points] == ["unbound"], f"新客户应有一个未绑定的检查点，实为 {points}")
    story.new_point = points[0]["id"]
    return f"新客户“{customer['name']}”，检查点 {points[0]['code']} 未绑定"


def print_labels(story: Story) -> str:
    """Print the label sheet and read every symbol back from it."""
    manager = story.desk(MANAGER)
    officer_id = story.desk(OFFICER).me()["id"]
    ids = [row["id"] for row in manager.pages("/checkpoints", officer_id=officer_id)]
    pdf = manager.file("POST", "/checkpoints/labels", {"checkpoint_ids": ids})
    path = story.save("label-sheet.pdf", pdf)
    story.plates = {text.split(".")[2]: text for text in scan(pdf)}
    ensure(len(story.plates) == len(ids), f"标签 {len(ids)} 张，只识别出 {len(story.plates)} 个二维码")
    return f"{len(ids)} 张标签，按 203 dpi 全部识别 → {path}"


def raise_alert(story: Story) -> str:
    """Let a gateway report three days of hardly any power; the branch manager sees 停工预警."""
    manager = story.desk(BRANCH_MANAGER)
    meter = next(manager.pages("/meters"))
    customer = manager.get(f"/customers/{meter['customer_id']}")
    rows = list(_readings(meter, local_day(story.stage.clock.now())))
    token = (story.stage.run / GATEWAY_TOKEN_FILE).read_text()
    receipt = Desk(story.stage.url, token=token).post("/telemetry/readings", {"readings": rows})
    ensure(receipt["stored"] == len(rows), f"{len(rows)} 条读数只入库 {receipt['stored']} 条")
    alert = story.eventually(
        lambda: next(iter(manager.pages("/alerts", customer_id=customer["id"], condition="active")), None)
    )
    ensure(alert is not None, "分行行长没有看到停工预警")
    ensure(alert["rule"] == "work_stopped", f"预警应为 work_stopped，实为 {alert['rule']}")
    story.report["alert"] = alert
    return f"{customer['name']}：连续 3 天 {_LOW_KWH} 度，{alert['rule_title']} {alert['level']} 级，分行已看到"


def _readings(meter: dict[str, Any], today: date) -> Iterator[dict[str, Any]]:
    """Yield the meter's counter over the three days before ``today``, both midnights included."""
    start, step = day_start(today - timedelta(days=_LOW_DAYS)), timedelta(minutes=meter["interval_min"])
    intervals = timedelta(days=_LOW_DAYS) // step
    for number in range(intervals + 1):
        counter = _COUNTER_KWH + number * _LOW_DAYS * _LOW_KWH / intervals
        yield {"meter": meter["code"], "at": (start + number * step).isoformat(), "counter_kwh": f"{counter:.4f}"}
