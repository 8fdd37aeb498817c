"""Logins: passwords, failures, sessions, and who is behind a token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import queries, rules
from inspection_api.accounts.errors import LoginRefused
from inspection_api.accounts.models import LoginFailure, SessionToken, UserAccount
from inspection_api.core.context import Actor
from inspection_api.core.errors import NotFound, Unauthenticated
from inspection_api.core.events import Recorded, Trace
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from inspection_api.core.context import Context


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody_hash() -> str:
    """Return a hash to verify against when there is no such user, so that both answers take as long."""
    return _hasher().hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password`` (about 0.1 s: that is its purpose)."""
    return _hasher().hash(password)


def log_in(
    inside: Callable[..., AbstractContextManager[Context]],
    outside: Callable[[], AbstractContextManager[Context]],
    *,
    bank: str,
    username: str,
    password: str,
    address: str,
) -> tuple[str, SessionToken, UserAccount]:
    """Return a fresh bearer token, its stored row and the user.

    ``inside`` opens a transaction in the bank with a ``code``, ``outside`` one in no bank: there, failures at banks
    that we do not have are counted, so that no answer tells which banks we have.

    Raises:
        LoginThrottled: account or address must pause.
        LoginRefused: unknown, wrong or disabled; the failure is counted.
    """
    try:
        with inside(code=bank) as ctx:
            return _log_in(ctx, username, password, address)
    except NotFound:
        with outside() as ctx:
            _refuse_stranger(ctx, f"{bank}\n{username}", password, f"{bank}\n{address}")
        raise LoginRefused from None


def _log_in(ctx: Context, username: str, password: str, address: str) -> tuple[str, SessionToken, UserAccount]:
    keys = _failure_keys(ctx, username, address)
    rules.ensure_not_throttled(_failures(ctx, keys), ctx.now)
    user = ctx.session.scalars(select(UserAccount).where(UserAccount.username == username)).one_or_none()
    if not _password_fits(user, password) or user is None or user.disabled_at is not None:
        raise LoginRefused(trace=[Trace("login.failed", {"keys": keys})])
    ctx.session.execute(
        delete(LoginFailure).where(LoginFailure.scope == "account", LoginFailure.key == keys["account"])
    )
    token, row = open_session(ctx, user_id=user.id)
    ctx.acting_as(Actor(user_id=user.id)).record("login.succeeded", session_id=str(row.id))
    return token, row, user


def _refuse_stranger(ctx: Context, username: str, password: str, address: str) -> None:
    """Spend what a wrong password costs: the check of the pause, one verification, one more failure."""
    keys = _failure_keys(ctx, username, address)
    rules.ensure_not_throttled(_failures(ctx, keys), ctx.now)
    _password_fits(None, password)
    _count_failure(ctx, keys)


def _password_fits(user: UserAccount | None, password: str) -> bool:
    try:
        return _hasher().verify(user.password_hash if user else _nobody_hash(), password) and user is not None
    except (VerificationError, InvalidHashError):
        return False


def _failure_keys(ctx: Context, username: str, address: str) -> dict[str, str]:
    """Return the MACs under which failures are counted: the account as seen from this address, and the address."""
    key = ctx.bank.derived_key("login")
    texts = {"account": f"{username.lower()}\n{address}", "address": address}
    return {scope: hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for scope, text in texts.items()}


def _failures(ctx: Context, keys: dict[str, str]) -> list[rules.Failures]:
    statement = select(LoginFailure).where(
        tuple_(LoginFailure.scope, LoginFailure.key).in_(list(keys.items())),
        LoginFailure.last_at > ctx.now - rules.FORGET_FAILURES_AFTER,
    )
    return [
        rules.Failures(scope=row.scope, count=row.count, last_at=row.last_at) for row in ctx.session.scalars(statement)
    ]


def on_login_failed(ctx: Context, events: Sequence[Recorded]) -> None:
    """Count failed logins per account and address; an hour without failure starts anew."""
    for event in events:
        _count_failure(ctx, event.data["keys"])


def _count_failure(ctx: Context, keys: Mapping[str, str]) -> None:
    stale = LoginFailure.last_at <= ctx.now - rules.FORGET_FAILURES_AFTER
    counted = {"count": case((stale, 1), else_=LoginFailure.count + 1), "last_at": ctx.now}
    rows = [{"scope": scope, "key": key, "count": 1, "last_at": ctx.now} for scope, key in keys.items()]
    statement = insert(LoginFailure).values(rows)
    ctx.session.execute(statement.on_conflict_do_update(index_elements=["scope", "key"], set_=counted))


def open_session(
    ctx: Context, *, user_id: UUID | None = None, device_id: UUID | None = None
) -> tuple[str, SessionToken]:
    """Store a session for a user (12 hours) or a machine (until revoked); return its token, shown once."""
    secret = secrets.token_urlsafe(32)
    row = SessionToken(
        secret_hash=_secret_hash(secret),
        user_id=user_id,
        device_id=device_id,
        created_at=ctx.now,
        expires_at=ctx.now + rules.TOKEN_LIFETIME if user_id else None,
    )
    ctx.session.add(row)
    ctx.session.flush()
    return f"xj.{ctx.bank.tag}.{secret}", row


def authenticate(ctx: Context, secret: str) -> Actor:
    """Return who holds the session with this secret, with the roles that are valid today.

    Raises:
        Unauthenticated: unknown, expired or revoked, or its holder was disabled or revoked since.
    """
    actor = queries.find_actor(ctx.session, _secret_hash(secret), ctx.now, local_day(ctx.now))
    if actor is None:
        raise Unauthenticated
    return actor


def _secret_hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def logout(ctx: Context) -> None:
    """Revoke the session that the request came with."""
    ctx.session.execute(update(SessionToken).where(SessionToken.id == ctx.actor.session_id).values(revoked_at=ctx.now))
    ctx.record("session.revoked", session_id=str(ctx.actor.session_id))
