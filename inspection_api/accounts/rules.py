"""Decisions about people and devices: pure, with the instant as a parameter."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.accounts.errors import (
    DeviceDecided,
    DeviceKeyInvalid,
    DeviceLimit,
    FourEyes,
    LoginThrottled,
    OrganisationKindInvalid,
    PasswordWeak,
)
from inspection_api.core.permissions import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Actor

TOKEN_LIFETIME = timedelta(hours=12)
MINIMUM_PASSWORD_LENGTH = 10
MAX_LIVE_DEVICES = 2
ED25519_KEY_BYTES = 32
FREE_FAILURES = {"account": 5, "address": 20, "station": 5}
LONGEST_PAUSE = timedelta(minutes=15)
FORGET_FAILURES_AFTER = timedelta(hours=1)


MOST_AGENT_CHARACTERS = 300
_NEVER_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SYSTEMS = (
    (r"HarmonyOS|OpenHarmony", "鸿蒙设备"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android[^;)]*;\s*(?:wv;\s*)?(?P<model>[^;)/]{2,40}?)(?:\s+Build/|[;)])", "安卓手机"),
    (r"Android", "安卓手机"),
    (r"Windows", "Windows 电脑"),
    (r"Macintosh", "苹果电脑"),
    (r"Linux|X11", "Linux 电脑"),
)
_BROWSERS = (
    (r"MicroMessenger/", "微信"),
    (r"HuaweiBrowser/", "华为浏览器"),
    (r"MiuiBrowser/", "小米浏览器"),
    (r"UCBrowser/", "UC 浏览器"),
    (r"M?QQBrowser/", "QQ 浏览器"),
    (r"360SE|QihooBrowser|QHBrowser", "360 浏览器"),
    (r"Edg(?:A|iOS)?/", "Edge"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
"""The first that is found names it: all browsers claim to be Chrome and Safari, and all of Chrome's kin Linux."""
_NO_MODEL = {"K", "Mobile", "U"}


def kept_agent(agent: str | None) -> str | None:
    """Return what is kept of what a program calls itself; None where it says nothing."""
    return _NEVER_SHOWN.sub("", agent)[:MOST_AGENT_CHARACTERS].strip() or None if agent else None


def client_name(agent: str | None) -> str:
    """Return what people call the device and the browser of a session, as far as the program says (``User-Agent``)."""
    parts = [name for name in (_system_of(agent or ""), _first(_BROWSERS, agent or "")) if name]
    return " · ".join(parts) or (agent or "").split("/", 1)[0][:40].strip() or "未知设备"


def _system_of(agent: str) -> str | None:
    for pattern, name in _SYSTEMS:
        found = re.search(pattern, agent)
        if found:
            model = found.groupdict().get("model", "").strip()
            return f"{name} {model}" if model and model not in _NO_MODEL else name
    return None


def _first(table: Sequence[tuple[str, str]], agent: str) -> str | None:
    return next((name for pattern, name in table if re.search(pattern, agent)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where somebody logs in: what the program calls itself (HTTP ``User-Agent``), and which installation it is."""

    agent: str | None = None
    installation_id: UUID | None = None


class OrganisationKind(StrEnum):
    """省行/总行, 分行, 支行, 网点: from the top downwards."""

    PROVINCE = "province"
    BRANCH = "branch"
    SUB_BRANCH = "sub_branch"
    OUTLET = "outlet"


class DeviceKind(StrEnum):
    """What a device is: an officer's phone, or a machine with a token of its own."""

    OFFICER = "officer"
    PRINT_STATION = "print_station"
    BOARD = "board"
    GATEWAY = "gateway"


class DeviceStatus(StrEnum):
    """A phone waits for a manager's approval; a revoked device never comes back."""

    PENDING = "pending"
    APPROVED = "approved"
    REVOKED = "revoked"


DEVICE_ROLES = {
    DeviceKind.PRINT_STATION: Role.PRINT_STATION,
    DeviceKind.BOARD: Role.BOARD,
    DeviceKind.GATEWAY: Role.GATEWAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Wrong guesses of one account, from one address, or of one person at one station."""

    scope: str
    count: int
    last_at: datetime


def ensure_below(kind: OrganisationKind, parent: OrganisationKind | None) -> None:
    """Raise OrganisationKindInvalid unless ``kind`` may stand under ``parent`` (only a province stands alone)."""
    order = list(OrganisationKind)
    alone = parent is None and kind is OrganisationKind.PROVINCE
    if not alone and (parent is None or order.index(kind) <= order.index(parent)):
        raise OrganisationKindInvalid(fields={"kind": "须低于上级机构的类型"})


def ensure_strong(password: str, username: str) -> None:
    """Raise PasswordWeak unless the password is long enough and is not the name."""
    if len(password) < MINIMUM_PASSWORD_LENGTH or username.lower() in password.lower():
        raise PasswordWeak(fields={"password": "至少 10 个字符，且不能包含用户名"})


def next_attempt_at(failures: Failures) -> datetime:
    """Return when the next login counts: at once for the first few failures, then after 2, 4, 8 … seconds."""
    beyond = failures.count - FREE_FAILURES[failures.scope]
    if beyond < 0:
        return failures.last_at
    return failures.last_at + min(LONGEST_PAUSE, timedelta(seconds=2 ** min(beyond + 1, 10)))


def ensure_not_throttled(failures: Sequence[Failures], now: datetime) -> None:
    """Raise LoginThrottled while account or address have to pause (ASVS 6.3.1: no lock-out of others)."""
    pause = pause_s(failures, now)
    if pause:
        raise LoginThrottled(retry_after_s=pause)


def pause_s(failures: Sequence[Failures], now: datetime) -> int:
    """Return for how many whole seconds whoever failed so has to pause, 0 when the next attempt counts."""
    until = max((next_attempt_at(row) for row in failures), default=now)
    return int((until - now).total_seconds()) + 1 if until > now else 0


def ensure_another_person(actor: Actor, user_id: UUID) -> None:
    """Raise FourEyes if the actor would decide about himself."""
    if actor.user_id == user_id:
        raise FourEyes


def public_key_bytes(encoded: str) -> bytes:
    """Return the 32 bytes of a base64url Ed25519 public key.

    Raises:
        DeviceKeyInvalid: anything else.
    """
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != ED25519_KEY_BYTES:
        raise DeviceKeyInvalid(fields={"public_key": "应为 32 字节 Ed25519 公钥的 base64url 编码"})
    return key


def ensure_room_for_device(live_devices: int) -> None:
    """Raise DeviceLimit if the officer has as many live devices as he may."""
    if live_devices >= MAX_LIVE_DEVICES:
        raise DeviceLimit


def ensure_may_approve_device(
    actor: Actor, owner_id: UUID | None, status: DeviceStatus, *, decided_by_name: str | None = None
) -> None:
    """Raise unless ``actor`` may approve: not his own device (four eyes), and not one that is decided."""
    if owner_id is not None:
        ensure_another_person(actor, owner_id)
    if status is not DeviceStatus.PENDING:
        sentence = f"该手机已由{decided_by_name}处理" if decided_by_name else ""
        raise DeviceDecided(sentence, current=status.value, decided_by_name=decided_by_name)
