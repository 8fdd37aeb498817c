"""The text of a scanned plate: genuine, of this checkpoint, and in force when it was scanned (domain.md §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checkpoints.rules import plate
from checkpoints.rules.plate import Plate

if TYPE_CHECKING:
    from checkpoints.rules.values import CheckpointFacts
    from sync.protocol.facts import Facts
    from sync.protocol.times import Bound


class Scanned(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The plate on the wall (None: this text proves nothing), what speaks against it, and security events."""

    plate: Plate | None = None
    codes: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()


def judge_scan(facts: Facts, checkpoint: CheckpointFacts, text: str, at: Bound) -> Scanned:
    """Judge a scanned text; a plate that ended within the time bound counts, but a person must look at it."""
    parts = plate.parse(text)
    sender = facts.sender
    genuine = parts is not None and plate.is_genuine(parts, bank_tag=sender.bank_tag, key=sender.plate_key)
    if parts is None or not genuine or parts.public_id != checkpoint.public_id:
        return Scanned(codes=("qr_invalid",), traces=("security.qr_invalid",))
    issued = plate.find_plate(facts.plates.get(checkpoint.id, []), parts.generation)
    if issued is None:
        return Scanned(codes=("qr_invalid",))
    revoked = {plate.is_revoked_at(issued, end) for end in at.ends}
    if revoked == {True}:
        return Scanned(codes=("qr_revoked",))
    return Scanned(plate=issued, codes=("time_bounded",) if len(revoked) > 1 else ())


def judge_typed(facts: Facts, checkpoint: CheckpointFacts, text: str, at: Bound) -> Scanned:
    """Judge what was typed where no camera could read the plate: at best its code, which proves nothing by itself.

    Code and symbol stand on the same plate, but the code also stands on every list: a person must look at it.
    """
    if text.strip().casefold() == checkpoint.code.casefold():
        return Scanned(codes=("qr_manual",))
    scanned = judge_scan(facts, checkpoint, text, at)
    return msgspec.structs.replace(scanned, codes=("qr_manual", *scanned.codes))
