"""What happens at the bank meanwhile; each function returns what the history says about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointLocation
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Device as DeviceRow
from inspection_api.media.models import Media
from inspection_api.tasks import service as tasks
from inspection_api.templates import service as templates
from inspection_api.templates.models import TemplateVersion
from kiosk_print import service as papers
from sync import service as sync
from tests.sync.simulation.decisions import decide, resolve
from tests.sync.simulation.offices import handle_paper, read_meters

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.sync.simulation.simulator import Simulation
    from tests.sync.simulation.towns import Town


def reassign(simulation: Simulation, town: Town, random: Random) -> str:
    number, officer = random.randrange(4), random.choice(("officer", "colleague"))
    with town.as_user("manager") as ctx:
        checkpoints.assign(ctx, town.checkpoints[number], officer_id=town.world.people[officer])
    return f"{number} to {officer}"


def approve(simulation: Simulation, town: Town, random: Random) -> str:
    device = random.choice([each for each in simulation.devices if each.town is town])
    return simulation.approve(device)


def revoke(simulation: Simulation, town: Town, random: Random) -> str:
    device = random.choice([each for each in simulation.devices if each.town is town])
    with town.as_user(device.manager) as ctx:
        if ctx.session.get(DeviceRow, device.id) is None:
            return "unknown"
        accounts.revoke_device(ctx, device.id)
    return device.label


def reissue(simulation: Simulation, town: Town, random: Random) -> str:
    number = random.randrange(4)
    with town.as_user("manager") as ctx:
        checkpoints.reissue_plate(ctx, town.checkpoints[number])
    return str(number)


def publish(simulation: Simulation, town: Town, random: Random) -> str:
    with town.as_user("province_manager") as ctx:
        current = ctx.session.get_one(TemplateVersion, town.street.portfolio.version_id)
        definition = {**current.definition, "title": f"第{random.randrange(10**6)}版"}
        draft = templates.draft(ctx, current.template_id, definition=definition)
        proposed = templates.propose(ctx, draft.id, version=draft.version)
        version_id, version = proposed.id, proposed.version
    with town.as_user("second_province_manager") as ctx:
        templates.publish(ctx, version_id, version=version)
    return "ok"


def confirm(simulation: Simulation, town: Town, random: Random) -> str:
    """Confirm the place of the first checkpoint whose place is in doubt."""
    with town.as_user("manager") as ctx:
        doubtful = select(CheckpointLocation).where(
            CheckpointLocation.status == "provisional",
            CheckpointLocation.valid_to.is_(None),
            CheckpointLocation.checkpoint_id.in_(town.checkpoints[:4]),
        )
        found = ctx.session.scalars(doubtful.order_by(CheckpointLocation.bound_at, CheckpointLocation.id)).first()
        if found is None:
            return "none"
        checkpoints.confirm(ctx, found.checkpoint_id, found.id)
        return str(town.checkpoints.index(found.checkpoint_id))


def store_media(simulation: Simulation, town: Town, random: Random) -> str:
    """Let the bytes of some records arrive."""
    with town.world.transaction() as ctx:
        waiting = ctx.session.scalars(select(Media).where(Media.status == "declared", Media.inspection_id.is_not(None)))
        arriving = sorted(waiting, key=lambda medium: medium.sha256)[: random.choice((1, 4, 100))]
        for medium in arriving:
            medium.status, medium.stored_at = "stored", ctx.now
            ctx.record("media.stored", media_id=str(medium.id), inspection_id=str(medium.inspection_id))
    return "ok"


def rename(simulation: Simulation, town: Town, random: Random) -> str:
    number = random.randrange(len(town.checkpoints))
    with town.world.transaction() as ctx:
        row = ctx.session.get_one(Checkpoint, town.checkpoints[number])
        row.name = f"{row.name[:6]}{random.randrange(100)}"
    return str(number)


def compact(simulation: Simulation, town: Town, random: Random) -> str:
    """Forget what nobody needs, now and then with all removals, as if long ago: every cursor behind them expires."""
    is_long_ago = random.random() < 0.5
    with town.world.transaction() as ctx:
        sync.compact(replace(ctx, now=ctx.now + timedelta(days=3_650 * is_long_ago)))
    return "all removals" if is_long_ago else "ok"


def wait(simulation: Simulation, town: Town, random: Random) -> str:
    """Let time pass, up to the end of the print windows, and do what happens by the clock."""
    hours = random.choice((0.1, 1, 5, 30, 24 * 4, 24 * 9))
    simulation.stage.clock.advance(hours=hours)
    for each in simulation.stage.towns.values():
        with each.world.transaction() as ctx:
            tasks.sweep(ctx)
        with each.world.transaction() as ctx:
            papers.sweep(ctx)
    return f"{hours} h"


EVENTS: dict[str, tuple[int, Callable[[Simulation, Town, Random], str]]] = {
    "reassign": (3, reassign),
    "approve": (5, approve),
    "revoke": (1, revoke),
    "reissue": (1, reissue),
    "publish": (1, publish),
    "confirm": (2, confirm),
    "store_media": (3, store_media),
    "rename": (3, rename),
    "resolve": (2, resolve),
    "decide": (3, decide),
    "compact": (2, compact),
    "wait": (4, wait),
    "handle_paper": (3, handle_paper),
    "read_meters": (2, read_meters),
}
"""Every event at a bank, with its weight among the steps."""
