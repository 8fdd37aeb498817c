"""The 明白纸: accepted, printed, locked, unlocked, printed again."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from inspection_api.core.periods import SHANGHAI
from inspection_api.demo.desk import ensure
from inspection_api.demo.prints import save_page, scan
from inspection_api.demo.story import MANAGER, OFFICER
from sync.client import Request

if TYPE_CHECKING:
    from inspection_api.demo.story import Story

_WINDOW_DAYS = 8


def accept(story: Story) -> str:
    """See the three visits accepted and their tasks done; the one from outside waits for a person."""
    story.phone.pull()
    for each in story.visits:
        record = story.desk(OFFICER).get(f"/inspections/{each.inspection_id}")
        ensure(record["state"] == "accepted", f"检查应已生效，实为 {record['state']} {record['blockers']}")
        held = story.phone.mirror.find("task", each.task_id)
        ensure(held is None or held[1]["state"] == "done", f"任务应已完成，手机上为 {held}")
    outside = story.desk(MANAGER).get(f"/inspections/{story.outside[0].inspection_id}")
    ensure(outside["state"] == "submitted" and "quarantine" in outside["blockers"], f"围栏外的检查：{outside['state']}")
    return (
        f"{len(story.visits)} 次检查生效，任务完成；围栏外 1 次留在隔离区（{'、'.join(outside['quarantine_codes'])}）"
    )


def look_at_thumbnail(story: Story) -> str:
    """Look at a photo small, as the worker made it: without time, place and model."""
    desk, photo = story.desk(OFFICER), story.visits[0].photos[0]
    content = story.eventually(lambda: _thumbnail(story, photo.id))
    ensure(content is not None, "缩略图没有生成")
    with Image.open(BytesIO(content)) as small, Image.open(photo.path) as original:
        ensure(not small.getexif() and original.getexif(), "缩略图不应带 EXIF，原图应带")
        size = small.size
    status = desk.ask("GET", f"/media/{photo.id}/original").status
    ensure(status == HTTPStatus.FORBIDDEN, f"客户经理下载原图应被拒绝，实为 {status}")
    return f"{size[0]}×{size[1]}，无 EXIF；原图保留 EXIF，仅限有权限者查看"


def _thumbnail(story: Story, media_id: str) -> bytes | None:
    answer = story.desk(OFFICER).ask("GET", f"/media/{media_id}/thumbnail")
    return answer.body if answer.status == HTTPStatus.OK else None


def print_first(story: Story) -> str:
    """Print the original, check its page and its verification code."""
    row = _print(story, "demo-first-print")
    again = _print(story, "demo-first-print")
    ensure(row["copy"] == 1 and again["id"] == row["id"], "同一请求号应得到同一份打印")
    pdf = story.desk(OFFICER).file("GET", f"/prints/{row['id']}/pdf")
    path = story.save("plain-paper.pdf", pdf)
    pages = save_page(pdf, story.stage.folder / "plain-paper.png")
    ensure(pages == 1, f"明白纸应为一页，实为 {pages} 页")
    verified = _verified(story, pdf)
    ensure(verified["status"] == "valid", f"核验结果应为有效，实为 {verified['status']}")
    return f"原件 {row['number']}，一页 → {path}；扫码核验：{verified['status_text']}，{verified['customer']}"


def _print(story: Story, key: str) -> dict[str, Any]:
    path = f"/inspections/{story.visits[0].inspection_id}/prints"
    return story.desk(OFFICER).post(path, Idempotency_Key=key)


def _verified(story: Story, pdf: bytes) -> dict[str, Any]:
    """Follow the code on the paper, without a login."""
    texts = [text for text in scan(pdf) if text.startswith(story.stage.url)]
    ensure(len(texts) == 1, f"纸面上应有一个核验二维码，识别出 {len(texts)} 个")
    path = texts[0].removeprefix(story.stage.url)
    story.network.is_up = True
    return story.network(Request(method="GET", path=path)).json()


def let_window_pass(story: Story) -> str:
    """Let eight days pass; the window is closed and printing answers 423."""
    story.stage.clock.advance(days=_WINDOW_DAYS)
    story.next_morning()
    path = f"/inspections/{story.visits[0].inspection_id}/prints"
    status, code = story.desk(OFFICER).refused(path, Idempotency_Key="demo-too-late")
    ensure(status == HTTPStatus.LOCKED, f"窗口关闭后打印应答复 423，实为 {status} {code}")
    return f"时钟前移 {_WINDOW_DAYS} 天，打印答复 423 {code}"


def unlock(story: Story) -> str:
    """Ask for an unlock; the requester may not grant it, the manager of the 支行 does."""
    request_id = _request_unlock(story)
    path = f"/unlock-requests/{request_id}/decision"
    status, code = story.desk(OFFICER).refused(path, {"approved": True})
    ensure(status == HTTPStatus.FORBIDDEN, f"申请人自批应被拒绝，实为 {status}")
    decided = story.desk(MANAGER).post(path, {"approved": True, "days": 3, "reason": "同意补打"})
    ensure(decided["status"] == "approved", f"支行经理批准后应为 approved，实为 {decided['status']}")
    return f"客户经理申请；自批被拒 {status} {code}；支行经理批准 {decided['days']} 天"


def _request_unlock(story: Story) -> str:
    path = f"/inspections/{story.visits[0].inspection_id}/unlock-requests"
    reason = {"reason_code": "lost", "reason": "企业盖章时原件被茶水浸湿，需要补打一份"}
    return str(story.desk(OFFICER).post(path, reason)["id"])


def print_again(story: Story) -> str:
    """Print a copy in the new window; the counters say who unlocked, when, and how often."""
    row = _print(story, "demo-second-print")
    ensure(row["copy"] == 2, f"应为补打第 2 次，实为第 {row['copy']} 次")  # noqa: PLR2004
    paper = story.desk(OFFICER).get(f"/inspections/{story.visits[0].inspection_id}/paper")
    ensure(paper["unlock_count"] == 1, f"解锁次数应为 1，实为 {paper['unlock_count']}")
    story.report["paper"] = paper
    who = paper["last_unlocked_by"]["name"]
    when = datetime.fromisoformat(paper["last_unlocked_at"]).astimezone(SHANGHAI)
    counters = f"解锁人 {who}，解锁时间 {when:%Y-%m-%d %H:%M}，解锁次数 {paper['unlock_count']}"
    return f"{row['number']} 补打第 {row['copy']} 次；{counters}"
