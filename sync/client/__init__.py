"""The reference client of the offline protocol: what a phone does, written only against sync.md.

It imports nothing of the rest of the project, so that it can be read, ported or copied as it is: the standard library,
and `cryptography` for Ed25519. Every step is one SQLite transaction, so the process may be killed at any instant.
"""

from __future__ import annotations

from sync.client.client import Client
from sync.client.clock import Moment, system_clock
from sync.client.line import Credentials, Offline, Refused
from sync.client.outbox import MediaFile, ProtocolBroken
from sync.client.store import new_id
from sync.client.transport import HttpTransport, Lost, Request, Response, Transport

__all__ = [
    "Client",
    "Credentials",
    "HttpTransport",
    "Lost",
    "MediaFile",
    "Moment",
    "Offline",
    "ProtocolBroken",
    "Refused",
    "Request",
    "Response",
    "Transport",
    "new_id",
    "system_clock",
]
