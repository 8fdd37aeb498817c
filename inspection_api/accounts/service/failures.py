"""Failures: how often a secret was guessed wrong, and how long whoever guesses has to pause (ASVS 6.3.1)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import rules
from inspection_api.accounts.models import LoginFailure, UserAccount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from inspection_api.core.context import Context

_TURN = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:locks AS bigint[])) key")


def keys_of(ctx: Context, **texts: str) -> dict[str, str]:
    """Return the MACs under which failures are counted, by scope, so that no name and no address is kept."""
    key = ctx.bank.derived_key("login")
    return {scope: hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for scope, text in texts.items()}


def known(ctx: Context, keys: Mapping[str, str]) -> list[rules.Failures]:
    """Return the failures under ``keys`` that still count: an hour without one forgets them."""
    statement = select(LoginFailure.scope, LoginFailure.count, LoginFailure.last_at).where(
        tuple_(LoginFailure.scope, LoginFailure.key).in_(list(keys.items())),
        LoginFailure.last_at > ctx.now - rules.FORGET_FAILURES_AFTER,
    )
    rows = ctx.session.execute(statement)
    return [rules.Failures(scope=scope, count=count, last_at=last_at) for scope, count, last_at in rows]


def pause_s(ctx: Context, keys: Mapping[str, str]) -> int:
    """Return for how many seconds the next guess under ``keys`` does not count, 0 when it does."""
    return rules.pause_s(known(ctx, keys), ctx.now)


def claim_guess(ctx: Context, keys: Mapping[str, str]) -> int:
    """Count a guess as failed before it is judged, or return for how many seconds none counts (0: go on and judge).

    The caller commits before he judges, and forgives a right guess: of guesses at once no more are judged than of
    guesses in turn. The acting person's row is the lock.
    """
    lock_person(ctx, ctx.user_id)
    pause = pause_s(ctx, keys)
    if not pause:
        count(ctx, keys)
    return pause


def lock_person(ctx: Context, user_id: UUID) -> None:
    """Let nothing else that takes this lock happen in a person's name until the transaction ends."""
    ctx.session.execute(select(UserAccount.id).where(UserAccount.id == user_id).with_for_update(key_share=True))


def await_turn(ctx: Context, keys: Mapping[str, str]) -> None:
    """Wait until guesses under any of ``keys`` that came before are committed, and let none pass until this one is.

    All callers name the scopes in the same order, so none waits for one that waits for him.
    """
    locks = [int.from_bytes(bytes.fromhex(mac)[:8], signed=True) for mac in keys.values()]
    ctx.session.execute(_TURN, {"locks": locks})


def count(ctx: Context, keys: Mapping[str, str]) -> None:
    """Count one more failure under each of ``keys``; an hour without failure starts anew."""
    stale = LoginFailure.last_at <= ctx.now - rules.FORGET_FAILURES_AFTER
    counted = {"count": case((stale, 1), else_=LoginFailure.count + 1), "last_at": ctx.now}
    rows = [{"scope": scope, "key": key, "count": 1, "last_at": ctx.now} for scope, key in keys.items()]
    statement = insert(LoginFailure).values(rows)
    ctx.session.execute(statement.on_conflict_do_update(index_elements=["scope", "key"], set_=counted))


def forgive(ctx: Context, keys: Mapping[str, str]) -> None:
    """Forget the failures under ``keys``: the right secret came."""
    mine = tuple_(LoginFailure.scope, LoginFailure.key).in_(list(keys.items()))
    ctx.session.execute(delete(LoginFailure).where(mine))
