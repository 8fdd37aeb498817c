"""What the doctor says of a device."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.protocol.complaints import Standing, complaints_of

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
HEALTHY: dict[str, Any] = {
    "last_seen_at": NOW,
    "held": 0,
    "parked": 0,
    "waiting_since": None,
    "missing": 0,
    "missing_since": None,
    "media_open": 0,
    "media_since": None,
    "clock_skew_s": None,
}


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def complaints(**changes: Any) -> list[str]:
    return complaints_of(Standing(**{**HEALTHY, **changes}), NOW)


def test_a_healthy_device_has_none() -> None:
    assert complaints(clock_skew_s=300.0, media_open=3, media_since=ago(hours=23)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"parked": 2, "waiting_since": ago(minutes=5)},
            "2 条操作因系统故障搁置（最早已 5 分钟），修复后运行 sync-reprocess",
        ),
        ({"held": 1, "waiting_since": ago(hours=3)}, "1 条操作等待前面的操作（最早已 3 小时）"),
        (
            {"held": 4, "waiting_since": ago(hours=1), "missing": 2, "missing_since": ago(days=2)},
            "4 条操作等待缺失的操作：缺失 2 个序号（已 2 天，满 72 小时后放行）",
        ),
        (
            {"held": 4, "waiting_since": ago(hours=1), "missing": 2, "missing_since": ago(days=3)},
            "4 条操作等待缺失的操作：缺失 2 个序号（已 3 天，已超过 72 小时，下次整理时放行）",
        ),
        ({"media_open": 3, "media_since": ago(days=1)}, "3 个媒体尚未上传（最早已 1 天）"),
        (
            {"media_open": 3, "media_since": ago(days=9), "last_seen_at": ago(days=8)},
            "3 个媒体尚未上传（最早已 9 天），设备已久未联系",
        ),
        ({"clock_skew_s": 600.0}, "设备时钟快 10 分钟"),
        ({"clock_skew_s": -3600.0}, "设备时钟慢 60 分钟"),
    ],
)
def test_every_complaint_says_what_and_since_when(changes: dict[str, Any], sentence: str) -> None:
    assert complaints(**changes) == [sentence]


def test_the_worst_comes_first() -> None:
    found = complaints(clock_skew_s=9e3, parked=1, waiting_since=ago(days=2))
    assert [sentence[:1] for sentence in found] == ["1", "设"]
