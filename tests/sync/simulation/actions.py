"""What a device and its network may do in one step; each function returns what the history says about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Device as DeviceRow
from sync.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.sync.simulation.device import Device


def push(device: Device, random: Random) -> str:
    return device.attempt(device.client.push)


def push_in_small_batches(device: Device, random: Random) -> str:
    device.client.outbox.rebuild()
    device.client._store.keep(most_ops=str(random.randint(1, 2)))
    return device.attempt(device.client.push)


def _with_fault(fault: str) -> Callable[[Device, Random], str]:
    def act(device: Device, random: Random) -> str:
        setattr(device.line, fault, random.choice((1, 2, 6)))
        came = device.attempt(device.client.push)
        setattr(device.line, fault, 0)
        return came

    return act


def echo(device: Device, random: Random) -> str:
    """Let an old push arrive once more, long after its answer."""
    if not device.line.sent:
        return "nothing"
    answer = device.line.push(random.choice(device.line.sent))
    return str(answer.json().get("code", answer.status))


def overtake(device: Device, random: Random) -> str:
    """Let the later half of the outbox arrive before the rest; the answer is lost."""
    waiting = device.waiting()
    later = waiting[random.randint(0, len(waiting)) :]
    if not later:
        return "nothing"
    random.shuffle(later)
    answer = device.line.push(device.request(later))
    return str(answer.json().get("code", answer.status))


def pull(device: Device, random: Random) -> str:
    came = device.attempt(device.client.pull)
    if came == "ok":
        device.line.watch.check_mirror()
    return came


def abort_pull(device: Device, random: Random) -> str:
    """Lose the line after a few pages; those stay."""
    device.line.pages_left = random.randint(0, 2)
    came = device.attempt(device.client.pull)
    device.line.pages_left = None
    return came


def snapshot(device: Device, random: Random) -> str:
    """Ask for everything again, perhaps over a line that breaks; what is here stays until everything has come."""
    device.client.mirror.begin_again()
    return (abort_pull if random.random() < 0.5 else pull)(device, random)


def verify(device: Device, random: Random) -> str:
    """Compare what is here with the bank; a row that the phone has lost meanwhile is found and brought back."""
    came = device.attempt(device.client.pull)
    if came != "ok":
        return came
    lost = device.lose_a_row(random) if random.random() < 0.7 else []
    assert device.client.verify() == lost
    device.line.watch.check_mirror()
    return "found what was lost" if lost else "ok"


def synchronise(device: Device, random: Random) -> str:
    """Push, pull, upload; a device that has ended says what it has to say and holds nothing of the bank any more."""
    came = device.attempt(device.client.synchronise)
    if came == "ok" and device.client.mirror.cursor is None:
        assert not any(device.client.mirror.all(entity) for entity in ENTITIES)
        return "parted"
    if came == "ok":
        device.line.watch.check_mirror()
    return came


def crash(device: Device, random: Random) -> str:
    device.crash()
    return "ok"


def reboot(device: Device, random: Random) -> str:
    device.reboot()
    return "ok"


def jump(device: Device, random: Random) -> str:
    """Set the phone's wall clock somewhere else, by up to a year."""
    device.skew = timedelta(minutes=random.choice((-525_600, -90, -3, 0, 2, 45, 10_000)))
    return str(device.skew)


def reinstall(device: Device, random: Random) -> str:
    """Become another device: a new id and key; the operations keep their ids. Its officer has the old one revoked."""
    with device.town.as_user(device.manager) as ctx:
        if ctx.session.get(DeviceRow, device.id) is not None:
            accounts.revoke_device(ctx, device.id)
    device.client.outbox.renumber()
    device.client.mirror.wipe()
    return device.attempt(device.client.enrol)


def offline(device: Device, random: Random) -> str:
    device.line.is_up = not device.line.is_up
    return "up" if device.line.is_up else "down"


ACTIONS: dict[str, tuple[int, Callable[[Device, Random], str]]] = {
    "save": (14, lambda device, random: device.save(random)),
    "submit": (8, lambda device, random: device.submit(random)),
    "bind": (3, lambda device, random: device.bind(random)),
    "unlock": (1, lambda device, random: device.unlock(random)),
    "push": (8, push),
    "small_batches": (2, push_in_small_batches),
    "lose_requests": (2, _with_fault("lose_requests")),
    "lose_answers": (4, _with_fault("lose_answers")),
    "double": (3, _with_fault("double")),
    "server_dies": (2, _with_fault("server_dies")),
    "echo": (3, echo),
    "overtake": (5, overtake),
    "pull": (5, pull),
    "abort_pull": (3, abort_pull),
    "snapshot": (2, snapshot),
    "verify": (2, verify),
    "synchronise": (4, synchronise),
    "crash": (2, crash),
    "reboot": (1, reboot),
    "jump": (1, jump),
    "reinstall": (1, reinstall),
    "offline": (1, offline),
}
"""Every step of a device, with its weight among the others."""
