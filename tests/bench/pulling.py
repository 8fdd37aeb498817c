"""Pull of a whole working set by four devices at once beside plain rows, and the idle pull of one device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.drive import Driven, drive
from tests.bench.figures import Figure, figure, p50_ms

if TYPE_CHECKING:
    from tests.bench.stage import Stage
    from tests.sync.phone import Phone

REPEATS = 3
DEVICES = 4
LIMIT = 1000
_IDLE_PULLS = 200


def measure(stage: Stage, phone: Phone) -> list[Figure]:
    """Return the figures of pull for the officer whose phone this is."""
    officer = f"officer_id={stage.world.people[phone.username]}&limit={LIMIT}"
    mine = f"/api/v1/sync/pull?device_id={phone.id}&limit={LIMIT}"
    whole = _runs(stage, phone, mine, f"/pull?{officer}", devices=DEVICES, times=1, follow=True)
    idle = f"{mine}&cursor={_last_cursor(phone)}"
    quiet = _runs(stage, phone, idle, f"/idle?{officer}", devices=1, times=_IDLE_PULLS, follow=False)
    rates = [[run.rows / run.wall_s for run in side] for side in whole]
    medians = [[p50_ms(run.seconds) for run in side] for side in quiet]
    return [
        figure(f"sync.pull.{DEVICES}.rows_per_s", "rows/s", *rates),
        figure("sync.pull.rows", "rows", *[[run.rows / DEVICES for run in side] for side in whole]),
        figure("sync.pull.idle.p50_ms", "ms", *medians),
    ]


def _runs(
    stage: Stage, phone: Phone, path: str, bare: str, *, devices: int, **job: Any
) -> tuple[list[Driven], list[Driven]]:
    """Return the repetitions of product and skeleton, in turns, after one of each to warm up."""
    product = {"port": stage.product.port, "headers": phone.headers, "path": path, **job}
    skeleton = {"port": stage.skeleton.port, "headers": {}, "path": bare, **job}
    pairs = [
        (
            drive([product] * devices, server_pid=stage.product.pid),
            drive([skeleton] * devices, server_pid=stage.skeleton.pid),
        )
        for _ in range(REPEATS + 1)
    ][1:]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _last_cursor(phone: Phone) -> str:
    page = phone.pull(limit=LIMIT)
    while page["has_more"]:
        page = phone.pull(page["cursor"], limit=LIMIT)
    return str(page["cursor"])
