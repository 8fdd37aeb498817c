"""A job followed step by step: what its asker sees after each delivery of its own handler, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from inspection_api.core.events import EventDelivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.worker import Outbox
    from tests.factories import World

T = TypeVar("T")


def steps(outbox: Outbox, world: World, handler: str, look: Callable[[], T]) -> list[T]:
    """Deliver all that is due, one by one; return what ``look`` gives after each delivery to ``handler``."""
    seen, known = [], delivered(world, handler)
    while outbox._deliver_one(world.bank):
        if known != (known := delivered(world, handler)):
            seen.append(look())
    return seen


def delivered(world: World, handler: str) -> int:
    """Return how many deliveries to ``handler`` are done."""
    done = select(func.count()).where(EventDelivery.handler == handler, EventDelivery.done_at.is_not(None))
    with world.transaction() as ctx:
        return ctx.session.scalars(done).one()
