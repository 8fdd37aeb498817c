"""What is wrong with a device, in words: for the people who look after the offline sync (sync.md §2, the desk)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.protocol.order import GAP_PATIENCE
from sync.protocol.times import MAX_SKEW

MEDIA_PATIENCE = timedelta(hours=24)
SILENCE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a device stands: what waits since when, what is missing, which media never came, and its clock in seconds."""

    last_seen_at: datetime
    held: int
    parked: int
    waiting_since: datetime | None
    missing: int
    missing_since: datetime | None
    media_open: int
    media_since: datetime | None
    clock_skew_s: float | None


def complaints_of(standing: Standing, now: datetime) -> list[str]:
    """Return what should be looked at, the worst first; nothing of a device in good health."""
    found = [
        _parked(standing, now),
        _held(standing, now),
        _media(standing, now),
        _clock(standing),
    ]
    return [complaint for complaint in found if complaint]


def _parked(standing: Standing, now: datetime) -> str:
    if not standing.parked:
        return ""
    longest = _ago(standing.waiting_since, now)
    return f"{standing.parked} 条操作因系统故障搁置（最早已{longest}），修复后运行 sync-reprocess"


def _held(standing: Standing, now: datetime) -> str:
    """Tell for what the held operations wait: a missing number, or something before them."""
    if not standing.held:
        return ""
    if standing.missing_since is None:
        return f"{standing.held} 条操作等待前面的操作（最早已{_ago(standing.waiting_since, now)}）"
    until = "已超过 72 小时，下次整理时放行" if now - standing.missing_since >= GAP_PATIENCE else "满 72 小时后放行"
    missed = f"缺失 {standing.missing} 个序号（已{_ago(standing.missing_since, now)}，{until}）"
    return f"{standing.held} 条操作等待缺失的操作：{missed}"


def _media(standing: Standing, now: datetime) -> str:
    if standing.media_since is None or now - standing.media_since < MEDIA_PATIENCE:
        return ""
    silent = "，设备已久未联系" if now - standing.last_seen_at > SILENCE else ""
    return f"{standing.media_open} 个媒体尚未上传（最早已{_ago(standing.media_since, now)}）{silent}"


def _clock(standing: Standing) -> str:
    if standing.clock_skew_s is None or abs(standing.clock_skew_s) <= MAX_SKEW.total_seconds():
        return ""
    side = "快" if standing.clock_skew_s > 0 else "慢"
    return f"设备时钟{side} {abs(standing.clock_skew_s) / 60:.0f} 分钟"


def _ago(since: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in the largest whole unit."""
    seconds = int((now - (since or now)).total_seconds())
    for unit, length in (("天", 86_400), ("小时", 3_600)):
        if seconds >= length:
            return f" {seconds // length} {unit}"
    return f" {seconds // 60} 分钟"
