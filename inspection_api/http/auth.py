"""Tokens: ``xj.<bank tag>.<secret>``. The tag finds the bank, the bank's database knows the secret's hash.

Programs send theirs in the Authorization header, pages have theirs in a cookie (``cookies.py``); the header wins.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

from flask import request

from inspection_api.core.context import Actor
from inspection_api.core.errors import Forbidden, Unauthenticated
from inspection_api.core.permissions import CONFINED, Permission, is_named
from inspection_api.http.cookies import find_token
from inspection_api.http.runtime import Caller, Runtime

if TYPE_CHECKING:
    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context


class Access(Enum):
    """Endpoints that need no role: for anybody at all, for whoever is logged in, for people and not for machines."""

    PUBLIC = "public"
    LOGGED_IN = "logged_in"
    PERSON = "person"


_DEVICE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"xj\.([0-9a-f]{8})\.([A-Za-z0-9_-]{43})")


def credentials(runtime: Runtime) -> tuple[Bank, str]:
    """Return the bank and the secret of the request's token.

    Raises:
        Unauthenticated: no token, not a token of ours, or no such bank.
        CrossSiteRequest: it is a cookie's, and the request does not come from one of our pages.
    """
    match = _TOKEN.fullmatch(_bearer() if "Authorization" in request.headers else find_token(runtime.settings) or "")
    bank = runtime.banks.find_by_tag(match[1]) if match else None
    if match is None or bank is None:
        raise Unauthenticated
    return bank, match[2]


def _bearer() -> str:
    scheme, _, token = request.headers["Authorization"].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def identified(runtime: Runtime, ctx: Context, secret: str, permission: Permission | Access) -> Actor:
    """Return the actor behind ``secret`` if he may use ``permission``.

    Raises:
        Unauthenticated: the token is unknown, expired or revoked, or its user is disabled.
        Forbidden: none of his roles has the permission.
    """
    actor = runtime.authenticate(ctx, secret)
    ensure_may(actor, permission)
    return actor


def ensure_may(actor: Actor, permission: Permission | Access) -> None:
    """Raise Forbidden unless one of the actor's roles has ``permission``, or he is one of those whom it admits."""
    if not _is_admitted(actor, permission):
        raise Forbidden(permission=permission.value if isinstance(permission, Access) else str(permission))


def _is_admitted(actor: Actor, permission: Permission | Access) -> bool:
    """Tell whether ``actor`` may call; what a CONFINED machine may is named for it in the matrix (security.md, 27)."""
    is_confined = any(held.role in CONFINED for held in actor.assignments)
    if isinstance(permission, Permission):
        named = any(is_named(held.role, permission) for held in actor.assignments)
        return named or (actor.may(permission) and not is_confined)
    return not is_confined and (actor.user_id is not None or permission is not Access.PERSON)


def caller_of(runtime: Runtime, permission: Permission | Access) -> Caller:
    """Authenticate in a short transaction and return the caller, for endpoints that stream."""
    bank, secret = credentials(runtime)
    with runtime.database.transaction(bank, read_only=True) as ctx:
        actor = identified(runtime, ctx, secret, permission)
    return Caller(runtime=runtime, bank=bank, actor=actor)


def claimant_of(runtime: Runtime, permission: Permission | Access) -> Caller:
    """Return whoever brings a token; he is identified by it in his transactions."""
    bank, secret = credentials(runtime)
    return Caller(runtime=runtime, bank=bank, identify=lambda ctx: identified(runtime, ctx, secret, permission))


def device_of(runtime: Runtime) -> Caller | None:
    """Return the device that calls without a login, None where the request has one or names no device (ADR 0012).

    It is only named (``Device-Bank``, ``Device-Id``), may nothing, and proves itself by signing the body.

    Raises:
        Unauthenticated: no such bank, or no id.
    """
    tag = request.headers.get("Device-Bank")
    if tag is None or "Authorization" in request.headers:
        return None
    bank = runtime.banks.find_by_tag(tag)
    device_id = request.headers.get("Device-Id", "")
    if bank is None or not _DEVICE_ID.fullmatch(device_id):
        raise Unauthenticated
    return Caller(runtime=runtime, bank=bank, actor=Actor(device_id=UUID(device_id)))
