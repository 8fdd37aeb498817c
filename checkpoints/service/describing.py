"""What one checkpoint's page shows: its loans, the way to it, the text of its plate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from checkpoints import queries
from checkpoints.rules import plate
from checkpoints.rules.navigation import NavigationLinks, navigation_links
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from checkpoints.models import Checkpoint, CheckpointExit
    from inspection_api.core.context import Context

READ_PLATES = Permission(Action.PLATES, "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A checkpoint with what belongs to it; ``qr_text`` only for whoever may see plates, ``exit`` the one not over."""

    checkpoint: Checkpoint
    loan_ids: Sequence[UUID]
    navigation: NavigationLinks | None
    qr_text: str | None
    exit: CheckpointExit | None

    @property
    def reset_count(self) -> int:
        """Return how often the place was given up."""
        return self.checkpoint.location_generation - 1


def describe(ctx: Context, checkpoint_id: UUID) -> Described:
    """Return one visible checkpoint; the way leads to its bound place, else to its registered one.

    Raises:
        NotFound: out of scope.
    """
    checkpoint = queries.get_checkpoint(ctx.session, ctx.actor, checkpoint_id)
    target = queries.place_of(checkpoint) or queries.registered_place(checkpoint)
    return Described(
        checkpoint=checkpoint,
        loan_ids=queries.loan_ids_of(ctx.session, checkpoint.id),
        navigation=navigation_links(target, checkpoint.name) if target else None,
        qr_text=qr_text(ctx, checkpoint) if ctx.actor.may(READ_PLATES) else None,
        exit=ctx.session.scalars(queries.open_exit_of(checkpoint.id)).one_or_none(),
    )


def qr_text(ctx: Context, checkpoint: Checkpoint) -> str:
    """Return the text of the checkpoint's newest plate."""
    key = ctx.bank.derived_key(plate.KEY_PURPOSE)
    return plate.plate_text(ctx.bank.tag, checkpoint.public_id, checkpoint.plate_generation, key)
