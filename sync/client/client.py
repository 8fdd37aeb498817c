"""The device: capture at any time, and whenever there is a network `synchronise`."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sync.client.clock import Clock, system_clock
from sync.client.identity import Identity, identity_of
from sync.client.line import SIGNATURE_INVALID, Credentials, Line, Refused
from sync.client.mirror import Mirror, begin_again
from sync.client.outbox import Outbox, wait_again
from sync.client.parting import PartingLine, PartingUploads
from sync.client.store import Store, keep
from sync.client.transport import Request
from sync.client.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.client.outbox import Batch
    from sync.client.transport import Transport

APP = "reference/1"
PAGE = 500
_CANNOT_READ = {400, 413, 415}
_GONE = 410
_MOST_REFUSALS = 12
_NO_LOGIN = "login_refused"


class Client:
    """One device of one officer. ``sign_in`` asks the person for his login; ``pause`` waits between retries."""

    def __init__(
        self,
        path: Path,
        *,
        transport: Transport,
        sign_in: Callable[[], Credentials],
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open the device's file, or create it."""
        self._store = Store(path)
        self.clock = clock
        self.line = Line(self._store, transport, sign_in, pause=pause)
        self.outbox = Outbox(self._store, clock, app=APP)
        self.uploads = Uploads(self._store, self.line)
        self.mirror = Mirror(self._store)
        self.capture = self.outbox.capture

    def close(self) -> None:
        """Close the device's file."""
        self._store.close()

    @property
    def identity(self) -> Identity:
        """Return who this device is."""
        with self._store.transaction() as db:
            return identity_of(db)

    def login(self) -> dict[str, Any]:
        """Log in patiently; the token is kept."""
        return self.line.patiently(self.line.login)

    def enrol(self, name: str = "手机") -> dict[str, Any]:
        """Tell the bank of this device and its key; the same again changes nothing. A manager must approve it."""
        mine = self.identity
        return self.line.post("/devices", {"id": mine.device_id, "name": name, "public_key": mine.public_key})

    def handshake(self) -> dict[str, Any]:
        """Exchange the time, before every push, and learn where the server stands.

        A new epoch means that the server was restored: what was acknowledged in the last days is sent again.
        """
        answer = self._greeted()
        with self._store.transaction() as db:
            if self._store.find("epoch") not in {None, answer["epoch"]}:
                wait_again(db)
                begin_again(db)
            keep(db, epoch=answer["epoch"])
        self.outbox.abandon(answer["gaps"])
        return answer

    def _greeted(self) -> dict[str, Any]:
        """Greet; a device that the bank does not know is enrolled first."""
        try:
            return self.line.patiently(self._greet)
        except Refused as refused:
            if refused.code != "device_unknown":
                raise
            self.enrol()
            return self.line.patiently(self._greet)

    def _greet(self) -> dict[str, Any]:
        """Send the handshake once, with the clock read just before: a repeated reading would be an old one."""
        identity, moment = self.identity, self.clock()
        body = {
            "device_id": identity.device_id,
            "boot_id": moment.boot_id,
            "mono_ms": moment.mono_ms,
            "last_seq": self.outbox.last_seq(),
            "app": APP,
        }
        headers = {"Content-Type": "application/json"}
        request = Request(method="POST", path="/sync/handshake", headers=headers, body=json.dumps(body).encode())
        return self.line.once(request).json()

    def push(self) -> list[dict[str, Any]]:
        """Send everything that waits; return the receipts.

        Raises:
            Offline: no answer came; everything still waits, the same bytes will be sent again.
            Refused: the server takes nothing from this device.
        """
        self.handshake()
        return self._drain(self.line, self._react)

    def _drain(self, line: Line, react: Callable[[Batch, Refused], None]) -> list[dict[str, Any]]:
        receipts: list[dict[str, Any]] = []
        refusals = 0
        while (batch := self.outbox.next_batch()) is not None:
            try:
                receipts += self.outbox.store_answer(batch, self._send(line, batch))
            except Refused as refused:
                refusals += 1
                if refusals > _MOST_REFUSALS:
                    raise
                react(batch, refused)
            else:
                refusals = 0
        return receipts

    def _send(self, line: Line, batch: Batch) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Device-Signature": batch.signature,
        }
        body = gzip.compress(batch.body, mtime=0)
        return line.call(Request(method="POST", path="/sync/push", headers=headers, body=body)).json()

    def _react(self, batch: Batch, refused: Refused) -> None:
        """Do what the protocol says about a refused batch; raise what it says nothing about."""
        reactions: dict[str, Callable[[], object]] = {
            SIGNATURE_INVALID: self._enrol_again,
            "device_forked": self._enrol_anew,
            "batch_id_reused": self.outbox.rebuild,
        }
        if refused.code in reactions:
            reactions[refused.code]()
        else:
            self._halve(batch, refused)

    def _react_parting(self, batch: Batch, refused: Refused) -> None:
        """Do the same without a login: nobody can be enrolled, but a batch can be signed anew."""
        if refused.code in {SIGNATURE_INVALID, "batch_id_reused"}:
            self.outbox.rebuild()
        else:
            self._halve(batch, refused)

    def _halve(self, batch: Batch, refused: Refused) -> None:
        if refused.status not in _CANNOT_READ:
            raise refused
        self.outbox.halve(batch, str(refused))

    def _enrol_again(self) -> None:
        """Enrol once more and sign anew; where the bank knows this id with another key, become another device."""
        try:
            self.enrol()
        except Refused as refused:
            if refused.code != "device_foreign":
                raise
            self._enrol_anew()
        self.outbox.rebuild()

    def _enrol_anew(self) -> None:
        self.outbox.renumber()
        self.enrol()
        self.handshake()

    def pull(self) -> None:
        """Take pages until the device is consistent with the server.

        Raises:
            Offline: the pages so far are kept.
            Refused: the device is not approved, or was revoked; then its rows are wiped once the outbox is empty.
        """
        is_consistent = False
        while not is_consistent:
            try:
                is_consistent = self._advance()
            except Refused as refused:
                self._obey(refused)

    def _advance(self) -> bool:
        """Take the next page of the snapshot that is under way, or of the feed; tell whether all is here."""
        if self.mirror.snapshot is None:
            return self.mirror.apply(self._page())
        body = {"device_id": self.identity.device_id, "cursor": self.mirror.snapshot or None}
        self.mirror.apply_snapshot(self.line.post("/sync/snapshot", body))
        return False

    def _page(self) -> dict[str, Any]:
        query = {"device_id": self.identity.device_id, "limit": str(PAGE)}
        if self.mirror.cursor is not None:
            query["cursor"] = self.mirror.cursor
        return self.line.call(Request(method="GET", path=f"/sync/pull?{urlencode(query)}")).json()

    def _obey(self, refused: Refused) -> None:
        """Do what the server says: a lost cursor costs a snapshot, a revoked device its rows, never the outbox."""
        if refused.status == _GONE and (self.mirror.cursor or self.mirror.snapshot):
            self.handshake()
            self.mirror.begin_again()
            return
        if not self.outbox.waiting() and not self.uploads.waiting():
            self._forget_if_ended(refused)
        raise refused

    def _forget_if_ended(self, refused: Refused) -> None:
        if refused.has_ended:
            self.mirror.wipe()

    def verify(self) -> list[dict[str, str]]:
        """Pull, compare what is here with what should be, and repair it by a snapshot; return where it differed.

        Raises:
            Offline, Refused: as `pull`.
        """
        self.pull()
        while (answer := self._compared())["behind"]:
            self.pull()
        if answer["differing"]:
            self.mirror.begin_again()
            self.pull()
        differing: list[dict[str, str]] = answer["differing"]
        return differing

    def _compared(self) -> dict[str, Any]:
        members = {"cursor": self.mirror.cursor, "digests": self.mirror.digests()}
        return self.line.post("/sync/verify", {"device_id": self.identity.device_id, **members})

    def synchronise(self) -> list[dict[str, Any]]:
        """Push, pull, upload the media; return the receipts of the push. A device that has ended parts instead.

        Raises:
            Offline: the rest waits.
            Refused: the server takes nothing, or the device has ended and has nothing more to say.
        """
        try:
            receipts = self.push()
            self._pull_then_upload()
        except Refused as refused:
            if not (self.outbox.waiting() or self.uploads.waiting()):
                self._forget_if_ended(refused)
            elif refused.has_ended or refused.code == _NO_LOGIN:
                return self.part()
            raise
        return receipts

    def _pull_then_upload(self) -> None:
        """Let no file hold up rows; what the files bring about is pulled, too. Who may not pull may still upload."""
        try:
            self.pull()
        except Refused as refused:
            if not refused.is_about_the_device:
                self.uploads.run()
            raise
        if self.uploads.run():
            self.pull()

    def part(self) -> list[dict[str, Any]]:
        """Say without a login what is left to say, with its media, then forget what the bank told (ADR 0012).

        Raises:
            Offline: the rest waits.
            Refused: the device has not ended (the login was wrong, perhaps), or so long ago that nothing counts.
        """
        line = self.line.parting(PartingLine)
        line.identity = self.identity
        receipts = self._drain(line, self._react_parting)
        PartingUploads(self._store, line).run()
        self.mirror.wipe()
        return receipts
