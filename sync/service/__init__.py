"""Use cases of the protocol: handshake, push, pull."""

from __future__ import annotations

from sync.service.handshake import shake_hands
from sync.service.pull import feed_head, pull
from sync.service.push import push

__all__ = ["feed_head", "pull", "push", "shake_hands"]
