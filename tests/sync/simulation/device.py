"""A device in a simulation: the reference client on a line that fails, and an officer who writes things down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sync.client import Client, Credentials, Moment, Offline, Refused, Request
from tests.factories import PASSWORD
from tests.sync.phone import calm_answers, fix
from tests.sync.simulation.drafts import Captured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from random import Random

    from tests.sync.simulation.line import Line
    from tests.sync.simulation.towns import Town


@dataclass
class Pen:
    """Gives every captured operation a name and every value a number that never comes twice."""

    number: int = 0

    def next(self) -> int:
        self.number += 1
        return self.number


@dataclass
class Device:
    """A phone of one officer in one bank; ``drafts`` are record ids that all devices of both banks share.

    ``ledger`` is what all devices of the bank have captured, ``captured`` what this one has.
    """

    label: str
    town: Town
    username: str
    path: Path
    line: Line
    pen: Pen
    drafts: list[str]
    ledger: dict[str, Captured]
    skew: timedelta = timedelta(0)
    boot: int = 1
    booted_at: datetime | None = None
    captured: dict[str, Captured] = field(default_factory=dict)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.booted_at = self._now()
        self.line.token = lambda: self.town.world.headers(self.username)["Authorization"].removeprefix("Bearer ")
        self._open()

    def _open(self) -> None:
        self.client = Client(
            self.path,
            transport=self.line,
            sign_in=lambda: Credentials(bank=self.town.world.bank.code, username=self.username, password=PASSWORD),
            clock=self.moment,
            pause=lambda _: None,
        )

    def crash(self) -> None:
        """End the program at once and start it again on the same file."""
        self.client.close()
        self._open()

    def reboot(self) -> None:
        """Start the phone anew: its monotonic clock begins at nothing."""
        self.boot, self.booted_at = self.boot + 1, self._now()
        self.crash()

    def _now(self) -> datetime:
        return self.town.world.database.clock()

    def moment(self) -> Moment:
        """Return the phone's clock."""
        since_boot = self._now() - (self.booted_at or self._now())
        mono_ms = 10_000_000 + int(since_boot.total_seconds() * 1000)
        return Moment(wall=self._now() + self.skew, mono_ms=mono_ms, boot_id=f"{self.label}-{self.boot}")

    @property
    def id(self) -> str:
        return self.client.identity.device_id

    @property
    def user_id(self) -> UUID:
        return self.town.world.people[self.username]

    @property
    def manager(self) -> str:
        """Return who decides about this device."""
        return "foreign_manager" if self.username == "foreign_officer" else "second_manager"

    def attempt(self, action: Callable[[], object]) -> str:
        """Do something over the line; return what came of it."""
        try:
            action()
        except Offline:
            return "offline"
        except Refused as refused:
            return refused.code
        return "ok"

    def write(self, kind: str, entity_id: str, payload: dict[str, Any], values: dict[str, str], **how: Any) -> str:
        """Capture an operation; return the name that it has in the history."""
        base = how.get("base_version", 0)
        op_id = self.client.capture(kind, entity_id, payload, **how)
        label = f"{self.label}.{self.pen.next()}"
        self.captured[op_id] = self.ledger[op_id] = Captured(
            label=label,
            op_id=op_id,
            username=self.username,
            kind=kind,
            entity_id=entity_id,
            base_version=base,
            values=values,
            depends_on=tuple(how.get("depends_on", ())),
        )
        return label

    def save(self, random: Random) -> str:
        """Change some fields of a draft."""
        number = random.randrange(len(self.drafts))
        draft, values = self.drafts[number], self._values(random)
        payload = {
            "checkpoint_id": str(self.place(number)),
            "template_version_id": str(self.town.street.portfolio.version_id),
            "answers": [{"item": item, "value": value} for item, value in values.items() if item != "note"],
            **({"note": values["note"]} if "note" in values else {}),
        }
        return self.write("inspection.save", draft, payload, values, **self._context(random, draft))

    def submit(self, random: Random) -> str:
        """Submit a whole visit, of a draft or of a record that nobody knew."""
        number = random.randrange(len(self.drafts))
        record = self.drafts[number] if random.random() < 0.6 else str(uuid4())
        place = self.place(number)
        values = {"power_kwh": self._number(), **({"tax_ytd": self._number()} if random.random() < 0.7 else {})}
        values |= {"note": f"备注{self._number()}"} if random.random() < 0.5 else {}
        stamp = self.client.clock().wire()
        answers = calm_answers(**{"tax_ytd": None, **{name: values[name] for name in values if name != "note"}})
        payload = {
            "checkpoint_id": str(place),
            "task_id": str(self.town.tasks[place]) if place in self.town.tasks and random.random() < 0.7 else None,
            "template_version_id": str(self.town.street.portfolio.version_id),
            "scan": {"qr": self.town.street.plate(place), "at": stamp, "fixes": [fix()]},
            "fixes": [fix(0.0 if random.random() < 0.85 else 2_000.0)],
            "answers": answers,
            "media": [self.photo(item, stamp) for item in ("power_kwh", "tax_ytd")],
            **({"note": values["note"]} if "note" in values else {}),
        }
        return self.write("inspection.submit", record, payload, values, **self._context(random, record))

    def bind(self, random: Random) -> str:
        """Bind a checkpoint, perhaps one that is bound already, perhaps somebody else's."""
        place = random.choice(self.town.checkpoints)
        fixes = [fix(metres, acc=10.0 if random.random() < 0.7 else 60.0) for metres in (1, 2, 3)]
        stamp = self.client.clock().wire()
        payload = {"qr": self.town.street.plate(place), "fixes": fixes, "photo": self.photo("plate", stamp)}
        return self.write("checkpoint.bind", str(place), payload, {})

    def unlock(self, random: Random) -> str:
        """Ask for a paper to be opened again."""
        held = sorted(self.client.mirror.all("inspection")) or self.drafts
        payload = {
            "inspection_id": random.choice(held),
            "reason_code": "missed",
            "reason_text": "出差在外，未能及时打印",
        }
        return self.write("unlock.request", str(uuid4()), payload, {})

    def lose_a_row(self, random: Random) -> list[dict[str, str]]:
        """Let the phone forget a row without knowing it; return what a verification must find."""
        rows = self.client._store.rows("SELECT entity, id FROM entity ORDER BY entity, id")
        entity, id_ = random.choice(rows)
        with self.client._store.transaction() as db:
            db.execute("DELETE FROM entity WHERE entity = ? AND id = ?", (entity, id_))
        return [{"entity": str(entity), "bucket": str(id_)[:2]}]

    def place(self, number: int) -> UUID:
        """Return the checkpoint of a draft: the officer's own, mostly."""
        own = {"officer": [0, 1, 2], "colleague": [3, 0], "foreign_officer": [4]}[self.username]
        return self.town.checkpoints[own[number % len(own)]]

    def photo(self, item: str, stamp: dict[str, Any]) -> dict[str, Any]:
        """Declare a photo whose bytes nobody has seen yet."""
        facts = {"id": str(uuid4()), "kind": "photo", "mime": "image/jpeg", "bytes": 1000, "sha256": uuid4().hex * 2}
        return {**facts, "item": item, "captured": stamp, "fix": fix()}

    def _values(self, random: Random) -> dict[str, str]:
        names = random.sample(["note", "power_kwh", "tax_ytd"], random.randint(1, 3))
        return {name: f"备注{self._number()}" if name == "note" else self._number() for name in sorted(names)}

    def _number(self) -> str:
        return f"{10_000 + self.pen.next()}.5"

    def _context(self, random: Random, record: str) -> dict[str, Any]:
        """Return the version that the device has seen, and now and then an earlier operation that must come first."""
        known = self.client.mirror.find("inspection", record)
        earlier = [op_id for op_id, op in self.captured.items() if op.kind == "inspection.save"]
        leans = (random.choice(earlier),) if earlier and random.random() < 0.1 else ()
        return {"base_version": known[0] if known else 0, "depends_on": leans}

    def waiting(self) -> list[tuple[int, dict[str, Any]]]:
        """Return what has no receipt yet, in order."""
        rows = self.client._store.rows("SELECT seq, content FROM op WHERE state = 'waiting' ORDER BY seq")
        return [(int(str(seq)), json.loads(str(content))) for seq, content in rows]

    def request(self, ops: Sequence[tuple[int, dict[str, Any]]]) -> Request:
        """Return a push of some operations, as if it had overtaken the others on the line."""
        envelope = {
            "protocol": 1,
            "device_id": self.id,
            "batch_id": str(uuid4()),
            "sent": self.moment().wire(),
            "app": "overtaking",
            "ops": [{**content, "seq": seq} for seq, content in ops],
        }
        body = json.dumps(envelope).encode()
        token = self.client._store.find("token") or ""
        headers = {"Content-Type": "application/json", "Device-Signature": self.client.identity.sign(body)}
        return Request(
            method="POST", path="/sync/push", headers={**headers, "Authorization": f"Bearer {token}"}, body=body
        )
