"""The officer's part of the day: enrolment, pull, work without a network, push, upload."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import local_day
from inspection_api.demo.desk import ensure
from inspection_api.demo.evidence import Spot, answers, take_photo
from inspection_api.demo.story import MANAGER, OFFICER, Visit
from sync.client import MediaFile, Offline, Refused, new_id

if TYPE_CHECKING:
    from inspection_api.demo.story import Story
    from sync.client import Moment

_VISITS = 3
_OUTSIDE_M = 900.0
_NEW_POINT_M = 2_000.0
_PHOTOGRAPHED = ("power_kwh", "tax_ytd")
_MOST_SPENT = 1.05


def enrol(story: Story) -> str:
    """Log in, enrol the phone; it may not pull yet."""
    session = story.phone.login()
    device = story.phone.enrol("演示手机")
    ensure(device["status"] == "pending", f"设备状态应为 pending，实为 {device['status']}")
    try:
        story.phone.pull()
    except Refused as refused:
        ensure(refused.code == "device_unapproved", f"未批准的设备下拉应被拒绝：{refused}")
    else:
        ensure(condition=False, sentence="未批准的设备竟然可以下拉")
    return f"{session['user']['name']}（{OFFICER}）已登录；设备待批准，下拉被拒 403 device_unapproved"


def approve(story: Story) -> str:
    """Let the manager approve the phone."""
    device_id = story.phone.identity.device_id
    pending = {row["id"] for row in story.desk(MANAGER).pages("/devices", status="pending")}
    ensure(device_id in pending, "支行经理看不到待批准的设备")
    device = story.desk(MANAGER).post(f"/devices/{device_id}/approve")
    ensure(device["status"] == "approved", f"设备状态应为 approved，实为 {device['status']}")
    return "支行经理已批准该设备"


def pull(story: Story) -> str:
    """Take the day's work onto the phone."""
    story.phone.handshake()
    story.phone.pull()
    held = {entity: len(story.phone.mirror.all(entity)) for entity in ("task", "checkpoint", "customer", "loan")}
    ensure(all(held.values()), f"手机上缺少数据：{held}")
    ensure(len(_ready(story)) > _VISITS, "可检查的任务不足四个")
    ensure(story.new_point in story.phone.mirror.all("checkpoint"), "新客户的检查点没有下发到手机")
    return "任务 {task}、检查点 {checkpoint}、客户 {customer}、借据 {loan}，已与服务器一致".format(**held)


def _ready(story: Story) -> list[tuple[str, dict[str, Any]]]:
    """Return the open tasks of this month whose checkpoint has a confirmed place, one per checkpoint."""
    today = str(local_day(story.stage.clock.now()))
    points = story.phone.mirror.all("checkpoint")
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for task_id, task in story.phone.mirror.all("task").items():
        is_running = task["period_start"] <= today <= task["period_end"]
        point = points.get(task["checkpoint_id"], {})
        if task["state"] == "pending" and is_running and point.get("state") == "active":
            found.setdefault(task["checkpoint_id"], (task_id, task))
    return list(found.values())


def go_offline(story: Story) -> str:
    """Lose the network and prove it: the push fails, and nothing is lost by that."""
    story.network.is_up = False
    try:
        story.phone.push()
    except Offline:
        return "已断网：推送失败，以下操作全部写入本机待发箱"
    ensure(condition=False, sentence="断网后推送竟然成功")
    return ""


def bind(story: Story) -> str:
    """Bind the new checkpoint by its first scan: three good fixes and a photo of the mounted plate."""
    spot = _spot(story, _ready(story)[0][1]["checkpoint_id"]).moved(_NEW_POINT_M)
    moment = story.stage.clock.moment()
    file, manifest = _photo(story, "plate", None, spot)
    payload = {
        "qr": _plate(story, story.new_point),
        "fixes": [spot.fix() for _ in range(4)],
        "photo": manifest,
    }
    story.bind_op = story.phone.capture("checkpoint.bind", story.new_point, payload, captured=moment, media=[file])
    story.stage.clock.advance(minutes=15)
    return "扫码得到的文字来自打印的 PDF；4 个定位、1 张挂牌照片已记录"


def visit(story: Story) -> str:
    """Make three visits as they should be."""
    for task_id, task in _ready(story)[:_VISITS]:
        story.visits.append(_visit(story, task_id, task, away_m=0.0))
        story.stage.clock.advance(minutes=20)
    photos = sum(len(each.photos) for each in story.visits)
    return f"{len(story.visits)} 次检查：扫码、定位、{photos} 张带 EXIF 的照片、全部答案"


def visit_from_outside(story: Story) -> str:
    """Make a visit with a copy of the plate, from far outside of the fence."""
    task_id, task = _ready(story)[_VISITS]
    story.outside.append(_visit(story, task_id, task, away_m=_OUTSIDE_M))
    ensure(story.phone.outbox.waiting() == _VISITS + 2, f"待发箱应有 5 个操作，实有 {story.phone.outbox.waiting()}")
    return f"在围栏外约 {_OUTSIDE_M:.0f} 米处提交 1 次；待发箱现有 {story.phone.outbox.waiting()} 个操作"


def _visit(story: Story, task_id: str, task: dict[str, Any], *, away_m: float) -> Visit:
    """Scan, take photos, fill in, submit seven minutes later; everything with the phone's own clock."""
    clock, phone = story.stage.clock, story.phone
    checkpoint_id = task["checkpoint_id"]
    spot = _spot(story, checkpoint_id).moved(away_m)
    inspection_id = new_id(clock.now())
    scan = {"qr": _plate(story, checkpoint_id), "at": clock.moment().wire(), "fixes": [spot.fix() for _ in range(3)]}
    taken = []
    for item in _PHOTOGRAPHED:
        clock.advance(minutes=2)
        taken.append(_photo(story, f"{inspection_id}-{item}", item, spot))
    clock.advance(minutes=3)
    payload = {
        "checkpoint_id": checkpoint_id,
        "task_id": task_id,
        "template_version_id": task["template_version_id"],
        "scan": scan,
        "fixes": [spot.fix()],
        "answers": answers(),
        "media": [manifest for _, manifest in taken],
    }
    files = tuple(file for file, _ in taken)
    op_id = phone.capture("inspection.submit", inspection_id, payload, captured=clock.moment(), media=files)
    return Visit(inspection_id=inspection_id, op_id=op_id, task_id=task_id, checkpoint_id=checkpoint_id, photos=files)


def _spot(story: Story, checkpoint_id: str) -> Spot:
    """Return where a bound checkpoint is, as the phone was told."""
    point = story.phone.mirror.all("checkpoint")[checkpoint_id]
    return Spot(lon=float(point["location_lon"]), lat=float(point["location_lat"]))


def _plate(story: Story, checkpoint_id: str) -> str:
    """Return the text that the camera reads from the checkpoint's printed plate."""
    public_id = story.phone.mirror.all("checkpoint")[checkpoint_id]["public_id"]
    ensure(public_id in story.plates, f"标签页上没有检查点 {checkpoint_id} 的二维码")
    return story.plates[public_id]


def _photo(story: Story, name: str, item: str | None, spot: Spot) -> tuple[MediaFile, dict[str, Any]]:
    """Take a photo now; return the file and its manifest."""
    moment: Moment = story.stage.clock.moment()
    path = story.album / f"{name}.jpg"
    take_photo(path, at=moment.wall, spot=spot)
    file = MediaFile(id=new_id(moment.wall), path=path, mime="image/jpeg")
    story.photos.append(file)
    manifest = {**file.manifest(), "kind": "photo", "item": item, "captured": moment.wire(), "fix": spot.fix()}
    return file, manifest


def push(story: Story) -> str:
    """Come back to the network: the first answer is lost, the same bytes go again and have no second effect."""
    network = story.network
    network.is_up, network.answers_to_lose = True, 1
    receipts = {receipt["op_id"]: receipt for receipt in story.phone.push()}
    ensure(len(network.pushed) > 1 and network.pushed[0] == network.pushed[1], "重发的字节与首次不同")
    ensure(network.replayed[:2] == [False, True], f"replayed 应为 否、是，实为 {network.replayed}")
    for each in story.visits:
        _ensure_status(receipts[each.op_id], "applied")
    _ensure_status(receipts[story.bind_op], "applied")
    outside = receipts[story.outside[0].op_id]
    _ensure_status(outside, "quarantined")
    ensure("outside" in outside["codes"], f"围栏外的检查应为 outside，实为 {outside['codes']}")
    counts = Counter(receipt["status"] for receipt in receipts.values())
    said = "、".join(f"{status} {count}" for status, count in sorted(counts.items()))
    return f"首次答复丢失，同样的 {len(network.pushed[0]):,} 字节重发，replayed=是；回执：{said}（outside）"


def _ensure_status(receipt: dict[str, Any], status: str) -> None:
    ensure(receipt["status"] == status, f"回执应为 {status}，实为 {receipt['status']} {receipt['code']}")


def upload(story: Story) -> str:
    """Upload the photos; the line breaks in the middle of one, which goes on where the server stands."""
    network = story.network
    network.cuts = [1, 0.6]
    total = sum(file.path.stat().st_size for file in story.photos)
    stored = story.phone.uploads.run()
    ensure(stored == len(story.photos), f"应入库 {len(story.photos)} 个文件，实为 {stored}")
    spent = network.uploaded_bytes / total
    ensure(spent <= _MOST_SPENT, f"续传共用 {spent:.1%} 的字节")
    ensure(network.resumed_at and network.resumed_at[0] > 0, f"续传应从断点开始，实为 {network.resumed_at}")
    return f"{stored} 张照片入库；中断一次，从第 {network.resumed_at[0]:,} 字节续传，共用 {spent:.1%} 的字节"
