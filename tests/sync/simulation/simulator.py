"""The simulator: a seed makes a script, a script makes a history, and the same seed always makes the same one.

A script is a list of steps, each with a number of its own, so that any part of it can be played too: a failing script
is cut down to the steps that it takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from inspection_api.accounts import service as accounts
from inspection_api.core.errors import Problem
from tests.sync.simulation.actions import ACTIONS
from tests.sync.simulation.decisions import WAITING
from tests.sync.simulation.device import Device, Pen
from tests.sync.simulation.events import EVENTS
from tests.sync.simulation.line import Line
from tests.sync.simulation.watch import Book, DeviceWatch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.simulation.towns import Stage

STEPS = 14
CASTS = (
    (("demo", "officer"), ("other", "officer")),
    (("demo", "officer"), ("demo", "officer"), ("other", "officer")),
    (("demo", "officer"), ("demo", "officer"), ("demo", "colleague")),
    (("demo", "officer"), ("demo", "officer"), ("demo", "colleague"), ("other", "officer")),
    (("demo", "officer"), ("demo", "colleague"), ("demo", "foreign_officer"), ("other", "colleague")),
)
DRAFTS = [str(UUID(int=0xD0 + number)) for number in range(4)]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, on which device (of its bank), and the number that everything else follows from."""

    what: str
    who: int
    number: int

    def __str__(self) -> str:
        return f"Step({self.what!r}, {self.who}, {self.number})"


@dataclass(frozen=True, slots=True)
class Script:
    """Who takes part, and what happens."""

    cast: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]


def script_of(seed: int, steps: int = STEPS) -> Script:
    """Return the script of a seed."""
    chance = Random(seed)  # noqa: S311 - a reproducible mix, no secret
    cast = chance.choice(CASTS)
    table = {**ACTIONS, **EVENTS}
    drawn = chance.choices(list(table), [weight for weight, _ in table.values()], k=steps)
    return Script(cast, tuple(Step(what, chance.randrange(len(cast)), chance.randrange(10**6)) for what in drawn))


@dataclass
class Simulation:
    """A script being played."""

    stage: Stage
    cast: tuple[tuple[str, str], ...]
    devices: list[Device] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    books: dict[str, Book] = field(default_factory=dict)
    pen: Pen = field(default_factory=Pen)
    played: int = 0

    def __post_init__(self) -> None:
        self.books = {name: Book(town) for name, town in self.stage.towns.items()}
        for number, (bank, username) in enumerate(self.cast):
            self.devices.append(self._device(number, bank, username))

    def _device(self, number: int, bank: str, username: str) -> Device:
        town = self.stage.towns[bank]
        watch = DeviceWatch(self.books[bank], trace=self.history)
        line = Line(self.stage.client, watch, None)
        path = self._path(number)
        device = Device(
            f"{bank[0].upper()}{number}", town, username, path, line, self.pen, DRAFTS, self.books[bank].captured
        )
        watch.device = device
        twin = next((each for each in self.devices if each.username == username and each.town is not town), None)
        if twin is not None:
            self._share_identity(twin, device)
        device.client.enrol()
        if number != 1:
            self.approve(device)
        return device

    def _path(self, number: int) -> Path:
        self.stage.folder.mkdir(exist_ok=True)
        return self.stage.folder / f"{id(self)}-{number}.db"

    @staticmethod
    def _share_identity(twin: Device, device: Device) -> None:
        """Give a device of the second bank the id and the key of one of the first."""
        identity = twin.client.identity
        device.client._store.keep(device_id=identity.device_id, private_key=identity.key.private_bytes_raw().hex())

    def approve(self, device: Device) -> str:
        """Approve a device, and let what it had pushed before have its effect."""
        try:
            with device.town.as_user(device.manager) as ctx:
                accounts.approve(ctx, device.id)
        except Problem as problem:
            return problem.code
        self.books[device.town.name].release(device.id)
        return device.label

    def step(self, step: Step) -> None:
        """Play one step and look at everything."""
        chance = Random(step.number)  # noqa: S311 - the same
        self.played += step.number
        device = self.devices[step.who % len(self.devices)]
        if step.what in ACTIONS:
            name, came = device.label, ACTIONS[step.what][1](device, chance)
        else:
            name, came = device.town.name, EVENTS[step.what][1](self, device.town, chance)
        self.history.append(f"{step.what} {name} -> {came}")
        self.check()

    def check(self) -> None:
        """Look at both banks."""
        for book in self.books.values():
            book.check()

    def quiesce(self) -> None:
        """Bring every device to the network and let it finish; then everything must agree."""
        for device in self.devices:
            device.line.is_up = True
            self._readmit(device)
        for device in self.devices:
            assert device.attempt(device.client.synchronise) == "ok", device.label
        self._clear_desks()
        for device in self.devices:
            assert device.attempt(device.client.pull) == "ok"
            assert device.client.outbox.waiting() == 0, device.label
            assert device.client.outbox.set_aside() == []
            device.line.watch.check_mirror()
        self.check()
        for book in self.books.values():
            self._check_settled(book)
            book.check_bytes()

    def _clear_desks(self) -> None:
        """Let supervisors decide what waits for them."""
        chance = Random(self.played)  # noqa: S311 - the same
        for town in self.stage.towns.values():
            for event, waiting in WAITING.items():
                for _ in town.rows(waiting):
                    self.history.append(f"{event} {town.name} -> {EVENTS[event][1](self, town, chance)}")
                    self.check()

    def _readmit(self, device: Device) -> None:
        """Let a device whose id was revoked become another one, and a manager approve it."""
        came = device.attempt(device.client.handshake)
        if came != "ok":
            self.history.append(f"readmit {device.label} after {came}")
            device.client.outbox.renumber()
            device.client.mirror.wipe()
            device.client.enrol()
        self.history.append(f"approve {device.label} -> {self.approve(device)}")

    @staticmethod
    def _check_settled(book: Book) -> None:
        """Nothing waits any more, and every operation that was captured has its receipt."""
        held = [op.label for op_id, op in book.captured.items() if book.receipts.get(op_id, {}).get("status") == "held"]
        missing = [op.label for op_id, op in book.captured.items() if op_id not in book.receipts]
        assert (held, missing) == ([], [])

    def close(self) -> None:
        """Close the devices' files."""
        for device in self.devices:
            device.client.close()
            for leftover in device.path.parent.glob(f"{device.path.name}*"):
                leftover.unlink()


def play(stage: Stage, script: Script) -> tuple[list[str], Exception | None]:
    """Play a script to its end and undo it; return its history, and what broke."""
    with stage.act():
        simulation = Simulation(stage, script.cast)
        try:
            for step in script.steps:
                simulation.step(step)
            simulation.quiesce()
        except Exception as broken:  # noqa: BLE001 - whatever it is, the script that leads to it is wanted
            return simulation.history, broken
        finally:
            simulation.close()
    return simulation.history, None


def shortened(stage: Stage, script: Script) -> Script:
    """Return a script that breaks too, from which no step can be left out."""
    number = 0
    while number < len(script.steps):
        shorter = Script(script.cast, script.steps[:number] + script.steps[number + 1 :])
        if play(stage, shorter)[1] is None:
            number += 1
        else:
            script = shorter
    return script


def report(stage: Stage, seed: int, script: Script, history: list[str]) -> str:
    """Return what a person needs to see what went wrong."""
    least = shortened(stage, script)
    told, broken = play(stage, least)
    lines = [f"seed {seed} broke", *history, "", f"The shortest script: {least.cast}"]
    return "\n".join([*lines, *map(str, least.steps), "", "Its history:", *told, "", repr(broken)])
