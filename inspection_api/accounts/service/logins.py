"""Logins: passwords, failures, sessions, and who is behind a token."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from inspection_api.accounts import queries, rules
from inspection_api.accounts.errors import LoginRefused
from inspection_api.accounts.models import SessionToken, UserAccount
from inspection_api.accounts.rules import Origin
from inspection_api.accounts.service import failures
from inspection_api.core.context import Actor
from inspection_api.core.errors import NotFound, Unauthenticated
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from inspection_api.core.context import Context

_UNKNOWN = Origin()


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
    origin: Origin = _UNKNOWN,
) -> tuple[str, SessionToken, UserAccount]:
    """Return a fresh bearer token, its stored row and the user, who logs in from ``origin``.

    ``inside`` opens a transaction in the bank with a ``code``, ``outside`` one in no bank: there, failures at banks
    that we do not have are counted, so that no answer tells which banks we have.

    Raises:
        LoginThrottled: account or address must pause.
        LoginRefused: unknown, wrong or disabled; the failure is counted.
    """
    try:
        with inside(code=bank) as ctx:
            entered = _log_in(ctx, username, password, address, origin)
    except NotFound:
        entered = None
        with outside() as ctx:
            _is_right(ctx, _failure_keys(ctx, f"{bank}\n{username}", f"{bank}\n{address}"), None, password)
    if entered is None:
        raise LoginRefused
    return entered


def _log_in(
    ctx: Context, username: str, password: str, address: str, origin: Origin
) -> tuple[str, SessionToken, UserAccount] | None:
    """Return what the right password opens, None for a wrong one: its failure is to be committed."""
    keys = _failure_keys(ctx, username, address)
    user = ctx.session.scalars(select(UserAccount).where(UserAccount.username == username)).one_or_none()
    if not _is_right(ctx, keys, user, password) or user is None:
        ctx.record("login.failed", keys=keys)
        return None
    failures.forgive(ctx, {"account": keys["account"]})
    token, row = open_session(ctx, user_id=user.id, origin=origin)
    ctx.acting_as(Actor(user_id=user.id)).record("login.succeeded", session_id=str(row.id))
    return token, row, user


def _is_right(ctx: Context, keys: Mapping[str, str], user: UserAccount | None, password: str) -> bool:
    """Tell whether this guess is right; count it if not, also where there is nobody, at the price of a verification.

    Guesses at once are verified at once, but answered in turn, each when the failures before it are committed: so no
    more of them learn anything than of guesses in turn, and a right password is never slowed by others that are right.

    Raises:
        LoginThrottled: account or address must pause.
    """
    rules.ensure_not_throttled(failures.known(ctx, keys), ctx.now)
    is_right = _password_fits(user, password)
    failures.await_turn(ctx, keys)
    rules.ensure_not_throttled(failures.known(ctx, keys), ctx.now)
    if not is_right:
        failures.count(ctx, keys)
    return is_right


def _password_fits(user: UserAccount | None, password: str) -> bool:
    try:
        _hasher().verify(user.password_hash if user else _nobody_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return user is not None and user.disabled_at is None


def _failure_keys(ctx: Context, username: str, address: str) -> dict[str, str]:
    """Return under what failures are counted: the account as seen from this address, and the address."""
    return failures.keys_of(ctx, account=f"{username.lower()}\n{address}", address=address)


def open_session(
    ctx: Context, *, user_id: UUID | None = None, device_id: UUID | None = None, origin: Origin = _UNKNOWN
) -> tuple[str, SessionToken]:
    """Store a session for a user (12 hours) or a machine (until revoked); return its token, shown once."""
    secret = secrets.token_urlsafe(32)
    row = SessionToken(
        secret_hash=_secret_hash(secret),
        user_id=user_id,
        device_id=device_id,
        agent=rules.kept_agent(origin.agent),
        installation_id=origin.installation_id,
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
    _revoke(ctx, SessionToken.id == ctx.actor.session_id)


def end_session(ctx: Context, session_id: UUID) -> None:
    """Revoke one of the actor's own sessions, for a phone that was lost.

    Raises:
        NotFound: it is none of his, or has ended.
    """
    if not _revoke(ctx, *queries.live(ctx.actor, ctx.now), SessionToken.id == session_id):
        raise NotFound


def end_all_sessions(ctx: Context) -> None:
    """Revoke all of the actor's own sessions, this one too; what his phones hold still comes in, signed (ADR 0012)."""
    _revoke(ctx, *queries.live(ctx.actor, ctx.now))


def _revoke(ctx: Context, *which: ColumnElement[bool]) -> list[UUID]:
    """Revoke these sessions and return their ids."""
    ended = update(SessionToken).where(*which).values(revoked_at=ctx.now)
    ids = sorted(ctx.session.scalars(ended.returning(SessionToken.id)))
    for session_id in ids:
        ctx.record("session.revoked", session_id=str(session_id))
    return ids
