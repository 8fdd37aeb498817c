"""A second opinion on drafts: what a record must say after every operation that the server took (sync.md §4).

Only three fields are followed, each with values that never come twice. Who changed a field last, and in which version,
decides: another device's change that the author had not seen stays, and his value is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FIELDS = ("note", "power_kwh", "tax_ytd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One operation as its device wrote it down; ``label`` stands for its id in the history."""

    label: str
    op_id: str
    username: str
    kind: str
    entity_id: str
    base_version: int
    values: dict[str, str]
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The last change of a field."""

    value: str
    version: int
    device_id: str
    seq: int


@dataclass
class Draft:
    """One record: its fields, whether it was submitted, and the values that clashed, by field and device."""

    fields: dict[str, Change] = field(default_factory=dict)
    is_submitted: bool = False
    clashes: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, op: Captured, *, version: int, device_id: str, seq: int) -> None:
        """Let an operation that the server took have its effect."""
        if self.is_submitted:
            return
        self.is_submitted = op.kind == "inspection.submit"
        before = dict(self.fields)
        for name, value in op.values.items():
            self._set(op, name, Change(value=value, version=version, device_id=device_id, seq=seq))
        if self.is_submitted:
            unseen = {name for name, last in before.items() if _is_unseen(last, op, device_id)}
            self.fields = {
                name: last
                for name, last in self.fields.items()
                if name in op.values or name in unseen or name == "note"
            }

    def decide(self, name: str, value: str | None, *, version: int) -> None:
        """Let a supervisor's decision stand: nobody has seen it yet, so whatever else comes for the field clashes."""
        last = self.fields.get(name)
        if value is None:
            self.fields.pop(name, None)
        elif last is None or last.value != value:
            self.fields[name] = Change(value=value, version=version, device_id="desk", seq=0)

    def _set(self, op: Captured, name: str, change: Change) -> None:
        last = self.fields.get(name)
        if last is None or last.value == change.value:
            self.fields[name] = change
        elif _is_unseen(last, op, change.device_id):
            self.clashes[name, change.device_id] = change.value
        elif last.device_id != change.device_id or last.seq < change.seq:
            self.fields[name] = change


def _is_unseen(last: Change, op: Captured, device_id: str) -> bool:
    return last.device_id != device_id and last.version > op.base_version
