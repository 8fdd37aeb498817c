"""A checkpoint's place, online: bind it on the spot, confirm or reject a doubtful one, give it up (domain.md §3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from checkpoints import queries
from checkpoints.errors import AlreadyBound, FourEyes, LocationDecided, PlatePhotoUnfit
from checkpoints.models import Checkpoint, CheckpointLocation, CheckpointReset
from checkpoints.rules import binding, fence, lifecycle, plate
from checkpoints.rules.binding import Location, LocationStatus
from checkpoints.rules.lifecycle import State, Step
from checkpoints.service.bindings import NewBinding, apply_bindings, stand
from checkpoints.service.editing import get_locked
from checkpoints.service.scans import ensure_plate, note_scans
from inspection_api.accounts.queries import get_one, name_of
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Action, Permission
from inspection_api.media import queries as media
from inspection_api.media.rules import kinds
from inspection_api.media.rules.kinds import Kind
from inspection_api.media.rules.uploads import Status

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.media.models import Media

BIND = Permission(Action.BINDING, "bind")
DECIDE = Permission(Action.BINDING, "decide")
RESET = Permission(Action.RESET, "reset")

_OWN_BINDING = "绑定人不能确认自己的绑定，请由另一位管理人员处理。"
_OWN_RESET = "重置位置的人不能再次绑定，请由另一人到现场绑定。"


def bind(
    ctx: Context, checkpoint_id: UUID, *, qr: str, fixes: Sequence[dict[str, Any]], photo_media_id: UUID
) -> CheckpointLocation:
    """Give an unbound checkpoint its place, with its own plate in hand and a photo of the mounted plate.

    Raises:
        NotFound: out of scope.
        FourEyes: the actor reset it himself.
        AlreadyBound, StateForbids: it has a place, or its state has no such step.
        QrInvalid, QrRevoked: the plate is not this checkpoint's, or counts no more.
        FixMock, FixStale, FixTooCoarse, AxisSwapped, CoordinateOutOfRange: the fixes bind nothing.
        MediaNotFound: the photo is not the actor's.
        PlatePhotoUnfit: it is no photo, too large, refused, or a visit's.
    """
    places = queries.facts_of(ctx, [checkpoint_id], BIND, bound=[checkpoint_id])
    checkpoint = get_locked(ctx, checkpoint_id, BIND)
    if checkpoint.id not in places.bindable:
        raise FourEyes(_OWN_RESET)
    _ensure_unbound(State(checkpoint.state))
    generation = _ensure_own_plate(ctx, checkpoint, qr)
    photo = _own_photo(ctx, photo_media_id)
    received = [fence.fix_as_received(fix) for fix in fixes]
    near = queries.neighbours_of(ctx.session, [fix.point for fix in received])
    decision = binding.decide_binding(
        received,
        registered=places.checkpoints[checkpoint.id].registered,
        neighbours=[place.point for place in near if place.customer_id != checkpoint.customer_id],
    )
    location = Location(
        id=new_id(),
        checkpoint_id=checkpoint.id,
        generation=checkpoint.location_generation,
        point=binding.ensure_bound(decision, checkpoint_id=str(checkpoint.id)),
        status=decision.status or LocationStatus.PROVISIONAL,
        bound_by=ctx.user_id,
        bound_at=ctx.now,
        valid_from=ctx.now,
    )
    made = NewBinding(
        location=location,
        device_id=ctx.actor.device_id,
        reasons=[reason.value for reason in decision.reasons],
        fixes=list(fixes),
        photo_media_id=photo.id,
    )
    apply_bindings(ctx, [made])
    note_scans(ctx, [(checkpoint.id, generation)])
    return ctx.session.get_one(CheckpointLocation, location.id)


def _own_photo(ctx: Context, media_id: UUID) -> Media:
    photo = media.get_own(ctx.session, ctx.actor, media_id)
    is_sound = kinds.is_admissible(Kind.PHOTO, photo.mime, photo.bytes) and photo.status != Status.REFUSED
    if not is_sound or media.is_used_by_visit(ctx.session, photo):
        raise PlatePhotoUnfit
    return photo


def _ensure_unbound(state: State) -> None:
    if state in {State.ACTIVE, State.PENDING_CONFIRM, State.EXIT_PROPOSED}:
        raise AlreadyBound(state=state.value)
    lifecycle.next_state(state, Step.BIND)


def _ensure_own_plate(ctx: Context, checkpoint: Checkpoint, qr: str) -> int:
    parts = plate.ensure_genuine(qr, bank_tag=ctx.bank.tag, key=ctx.bank.derived_key(plate.KEY_PURPOSE))
    if parts.public_id != checkpoint.public_id:
        raise plate.invalid(qr)
    ensure_plate(ctx, checkpoint, parts.generation, qr)
    return parts.generation


def confirm(ctx: Context, checkpoint_id: UUID, location_id: UUID) -> CheckpointLocation:
    """Let a doubtful place stand; its rivals are rejected, and the visits that waited for it are released.

    Raises:
        NotFound: out of scope.
        LocationDecided: it waits for nobody.
        FourEyes: the actor bound it, or a rival of it.
        StateForbids: the checkpoint's state has no such step.
    """
    checkpoint, chosen, rivals = _contest(ctx, checkpoint_id, location_id)
    lifecycle.next_state(State(checkpoint.state), Step.CONFIRM)
    for rival in rivals:
        _decide(ctx, rival, LocationStatus.REJECTED)
    _decide(ctx, chosen, LocationStatus.CONFIRMED)
    ctx.session.flush()
    stand(ctx, [checkpoint.id])
    ctx.record("checkpoint.binding_confirmed", checkpoint_id=str(checkpoint.id), location_id=str(chosen.id))
    return chosen


def reject(ctx: Context, checkpoint_id: UUID, location_id: UUID) -> CheckpointLocation:
    """Reject a doubtful place; without a rival the checkpoint is unbound again.

    Raises:
        NotFound: out of scope.
        LocationDecided: it waits for nobody.
        FourEyes: the actor bound it, or a rival of it.
        StateForbids: the checkpoint's state has no such step.
    """
    checkpoint, chosen, rivals = _contest(ctx, checkpoint_id, location_id)
    after = lifecycle.next_state(State(checkpoint.state), Step.REJECT)
    _decide(ctx, chosen, LocationStatus.REJECTED)
    if rivals:
        ctx.session.flush()
        stand(ctx, [checkpoint.id])
    else:
        checkpoint.state, checkpoint.location_lon, checkpoint.location_lat = after.value, None, None
        ctx.session.flush()
    ctx.record("checkpoint.binding_rejected", checkpoint_id=str(checkpoint.id), location_id=str(chosen.id))
    return chosen


def _contest(
    ctx: Context, checkpoint_id: UUID, location_id: UUID
) -> tuple[Checkpoint, CheckpointLocation, list[CheckpointLocation]]:
    """Return the checkpoint, the place in question and its rivals, all locked, if the actor may judge between them."""
    checkpoint = get_locked(ctx, checkpoint_id, DECIDE)
    all_of_it = select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == checkpoint.id)
    chosen = get_one(ctx.session, all_of_it.where(CheckpointLocation.id == location_id).with_for_update())
    waiting = all_of_it.where(
        CheckpointLocation.status == LocationStatus.PROVISIONAL, CheckpointLocation.valid_to.is_(None)
    )
    contested = ctx.session.scalars(waiting.order_by(CheckpointLocation.id).with_for_update()).all()
    if chosen not in contested:
        decider = name_of(ctx.session, chosen.decided_by)
        sentence = f"该位置已由{decider}处理" if decider else ""
        raise LocationDecided(sentence, current=chosen.status, decided_by_name=decider)
    for each in contested:
        lifecycle.ensure_other_person(ctx.user_id, each.bound_by, sentence=_OWN_BINDING)
    return checkpoint, chosen, [each for each in contested if each is not chosen]


def _decide(ctx: Context, location: CheckpointLocation, status: LocationStatus) -> None:
    location.status, location.decided_by, location.decided_at = status.value, ctx.user_id, ctx.now
    if status is LocationStatus.REJECTED:
        location.valid_to = max(ctx.now, location.valid_from)


def reset(ctx: Context, checkpoint_id: UUID, *, reason: str) -> Checkpoint:
    """Give a place up: the next generation begins unbound, and another person must bind it.

    Raises:
        NotFound: out of scope.
        StateForbids: the checkpoint is not active.
    """
    checkpoint = get_locked(ctx, checkpoint_id, RESET)
    after = lifecycle.next_state(State(checkpoint.state), Step.RESET)
    ended = select(CheckpointLocation).where(
        CheckpointLocation.checkpoint_id == checkpoint.id, CheckpointLocation.valid_to.is_(None)
    )
    for location in ctx.session.scalars(ended.with_for_update()):
        location.status, location.valid_to = LocationStatus.SUPERSEDED.value, max(ctx.now, location.valid_from)
    checkpoint.state, checkpoint.location_lon, checkpoint.location_lat = after.value, None, None
    checkpoint.location_generation += 1
    generation = checkpoint.location_generation
    ctx.session.add(
        CheckpointReset(
            checkpoint_id=checkpoint.id, generation=generation, reason=reason, reset_by=ctx.user_id, reset_at=ctx.now
        )
    )
    ctx.session.flush()
    ctx.record("checkpoint.reset", checkpoint_id=str(checkpoint.id), generation=generation)
    return checkpoint
