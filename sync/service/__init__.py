"""Use cases of the protocol: handshake, push, pull, snapshot, verify, and the supervisor's desk."""

from __future__ import annotations

from sync.service.compaction import compact, withdraw_finished
from sync.service.desk import accept, list_conflicts, list_quarantine, refuse, resolve
from sync.service.epoch import begin_epoch
from sync.service.handshake import shake_hands
from sync.service.pull import feed_head, pull
from sync.service.push import push
from sync.service.releasing import on_devices_approved
from sync.service.snapshot import snapshot
from sync.service.verify import verify

__all__ = [
    "accept",
    "begin_epoch",
    "compact",
    "feed_head",
    "list_conflicts",
    "list_quarantine",
    "on_devices_approved",
    "pull",
    "push",
    "refuse",
    "resolve",
    "shake_hands",
    "snapshot",
    "verify",
    "withdraw_finished",
]
