"""Up-casting: what an app of an older format says, said in today's, before it is decoded (sync.md §3.4).

An old app can always push, so a format that changes the payload of a type adds a step from the one before it; held,
parked and quarantined operations, whose bytes are kept, take the same way. There has been one format so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from sync.protocol.envelope import OP_FORMATS

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
Upcasts = Mapping[tuple[str, int], Upcast]

UPCASTS: Upcasts = MappingProxyType({})
"""By type of operation and format: the payload's members in the next format. Without a row nothing has changed."""

_MEMBERS = msgspec.json.Decoder(dict[str, Any])


def is_known_format(op_format: int) -> bool:
    """Tell whether the handshake names a format among those that are understood."""
    oldest, newest = OP_FORMATS
    return oldest <= op_format <= newest


def upcast(
    kind: str, payload: msgspec.Raw, op_format: int, *, upcasts: Upcasts = UPCASTS, newest: int = OP_FORMATS[1]
) -> msgspec.Raw:
    """Return the payload of an operation of type ``kind`` in the newest format; untouched where no step changes it.

    Raises:
        msgspec.ValidationError: a step cannot read it, so it has not even the shape of its own format.
        msgspec.DecodeError: it is no JSON object.
    """
    formats = range(op_format, newest)
    steps = [upcasts[kind, each] for each in formats if (kind, each) in upcasts]
    if not steps:
        return payload
    members = _MEMBERS.decode(payload)
    for step in steps:
        members = _taken(step, members)
    return msgspec.Raw(msgspec.json.encode(members))


def _taken(step: Upcast, members: dict[str, Any]) -> dict[str, Any]:
    try:
        return step(members)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise msgspec.ValidationError(str(error)) from error
