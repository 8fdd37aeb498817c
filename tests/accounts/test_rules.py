"""Decisions about devices that no request reaches today; what programs call themselves, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.accounts import rules
from inspection_api.accounts.errors import DeviceDecided, DeviceKeyInvalid
from inspection_api.accounts.rules import DeviceStatus
from inspection_api.core.context import Actor


def test_a_machine_without_owner_is_decided_by_anybody_who_may_and_only_once() -> None:
    rules.ensure_may_approve_device(Actor(), None, DeviceStatus.PENDING)
    with pytest.raises(DeviceDecided):
        rules.ensure_may_approve_device(Actor(), None, DeviceStatus.APPROVED)


@pytest.mark.parametrize("encoded", ["", "A", "äöü", "A" * 42, "A" * 44, "A" * 42 + "="])
def test_a_device_key_is_thirty_two_bytes_of_base64url(encoded: str) -> None:
    assert rules.public_key_bytes("A" * 43) == bytes(32)
    with pytest.raises(DeviceKeyInvalid):
        rules.public_key_bytes(encoded)


WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (None, "未知设备"),
        (WINDOWS, "Windows 电脑 · Chrome"),
        (f"{WINDOWS} Edg/120.0.0.0", "Windows 电脑 · Edge"),
        ("Mozilla/5.0 (Linux; Android 10; K) Chrome/120.0 Mobile Safari/537.36", "安卓手机 · Chrome"),
        (
            "Mozilla/5.0 (Linux; Android 11; M2012K11AC Build/RKQ1; wv) Chrome/86 MicroMessenger/8",
            "安卓手机 M2012K11AC · 微信",
        ),
        ("Mozilla/5.0 (Android; Mobile) Firefox/121.0", "安卓手机 · Firefox"),
        ("Mozilla/5.0 (Linux; Android 12; HarmonyOS; ALN-AL00) Chrome/114 HuaweiBrowser/14", "鸿蒙设备 · 华为浏览器"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "iPhone · Safari"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux 电脑"),
        ("python-requests/2.32", "python-requests"),
    ],
)
def test_a_program_is_named_as_people_call_it(agent: str | None, name: str) -> None:
    assert rules.client_name(agent) == name


@given(st.none() | st.text(max_size=400))
def test_whatever_a_program_says_is_kept_short_and_printable(agent: str | None) -> None:
    kept = rules.kept_agent(agent)
    assert kept is None or ((0 < len(kept) <= rules.MOST_AGENT_CHARACTERS and kept.isprintable()) or not kept.isascii())
    assert 0 < len(rules.client_name(kept)) <= 80
    assert rules.kept_agent(kept) == kept
