"""Use cases of the protocol: handshake, push, pull, snapshot, verify; the supervisor's desk, and the devices'."""

from __future__ import annotations

from sync.service.compaction import compact, withdraw_finished
from sync.service.desk import accept, get_quarantined, list_conflicts, list_quarantine, refuse, resolve
from sync.service.devices import MANAGE, get_device, list_devices
from sync.service.doctor import examine
from sync.service.epoch import begin_epoch
from sync.service.handshake import shake_hands
from sync.service.parting import uploader
from sync.service.places import on_places_decided
from sync.service.pull import pull
from sync.service.push import push
from sync.service.releasing import on_devices_approved
from sync.service.reprocess import find_stuck, reprocess, review
from sync.service.settings import set_bad_signature
from sync.service.snapshot import snapshot
from sync.service.verify import verify

__all__ = [
    "MANAGE",
    "accept",
    "begin_epoch",
    "compact",
    "examine",
    "find_stuck",
    "get_device",
    "get_quarantined",
    "list_conflicts",
    "list_devices",
    "list_quarantine",
    "on_devices_approved",
    "on_places_decided",
    "pull",
    "push",
    "refuse",
    "reprocess",
    "resolve",
    "review",
    "set_bad_signature",
    "shake_hands",
    "snapshot",
    "uploader",
    "verify",
    "withdraw_finished",
]
