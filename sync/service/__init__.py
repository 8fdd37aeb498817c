"""Use cases of the protocol: handshake, push, pull, snapshot, verify."""

from __future__ import annotations

from sync.service.compaction import compact, withdraw_finished
from sync.service.epoch import begin_epoch
from sync.service.handshake import shake_hands
from sync.service.pull import feed_head, pull
from sync.service.push import push
from sync.service.releasing import on_devices_approved
from sync.service.snapshot import snapshot
from sync.service.verify import verify

__all__ = [
    "begin_epoch",
    "compact",
    "feed_head",
    "on_devices_approved",
    "pull",
    "push",
    "shake_hands",
    "snapshot",
    "verify",
    "withdraw_finished",
]
