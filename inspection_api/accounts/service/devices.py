"""Devices: enrolment with a key, approval by another person, revocation; machines with tokens of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select, update

from inspection_api.accounts import queries, rules
from inspection_api.accounts.errors import DeviceForeign, OrganisationClosed
from inspection_api.accounts.models import Device, Organisation, SessionToken, UserAccount
from inspection_api.accounts.rules import DeviceKind, DeviceStatus
from inspection_api.accounts.service.logins import open_session
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

ENROL = Permission(Action.ACCOUNTS, "enrol")
MACHINES = Permission(Action.ALERT_RULES, "devices")
STATIONS = Permission(Action.STATIONS, "enrol")
ENROLLED_WITH = {DeviceKind.GATEWAY: MACHINES, DeviceKind.PRINT_STATION: STATIONS}


def enrol(ctx: Context, device_id: UUID, *, name: str, public_key: str) -> Device:
    """Register the acting user's phone under an id of its own making; the same again answers the same device.

    Raises:
        DeviceKeyInvalid: the key is not Ed25519.
        DeviceForeign: the id belongs to another user or another key.
        DeviceLimit: the user has two live devices.
    """
    key = rules.public_key_bytes(public_key)
    user = ctx.session.scalars(
        select(UserAccount).where(UserAccount.id == ctx.user_id).with_for_update()
    ).one()  # one enrolment of a user at a time, or two could pass the limit together
    existing = ctx.session.get(Device, device_id)
    if existing is not None:
        return _same(existing, user.id, key)
    rules.ensure_room_for_device(_live_devices(ctx, user.id))
    device = Device(
        id=device_id,
        kind=DeviceKind.OFFICER,
        name=name,
        user_id=user.id,
        organisation_id=user.organisation_id,
        public_key=key,
        status=DeviceStatus.PENDING,
        installation_id=ctx.actor.installation_id,
        created_at=ctx.now,
    )
    ctx.session.add(device)
    ctx.session.flush()
    ctx.record("device.enrolled", device_id=str(device.id))
    return device


def _same(device: Device, user_id: UUID, key: bytes) -> Device:
    if device.user_id != user_id or device.public_key != key:
        raise DeviceForeign
    return device


def _live_devices(ctx: Context, user_id: UUID) -> int:
    statement = select(func.count()).where(Device.user_id == user_id, Device.status != DeviceStatus.REVOKED)
    return ctx.session.execute(statement).scalar_one()


def approve(ctx: Context, device_id: UUID) -> Device:
    """Let a phone pull, and release what it pushed meanwhile (the event does that).

    Raises:
        NotFound: the device is out of scope.
        FourEyes: it is the actor's own.
        DeviceDecided: it was approved or revoked before.
    """
    device = _manageable(ctx, device_id)
    decider = queries.name_of(ctx.session, device.decided_by)
    rules.ensure_may_approve_device(ctx.actor, device.user_id, DeviceStatus(device.status), decided_by_name=decider)
    device.status, device.decided_by, device.decided_at = DeviceStatus.APPROVED, ctx.user_id, ctx.now
    ctx.record("device.approved", device_id=str(device.id), user_id=str(device.user_id))
    return device


def revoke_device(ctx: Context, device_id: UUID) -> Device:
    """Revoke a device for ever, and its tokens with it.

    Raises:
        NotFound: the device is out of scope.
    """
    device = _manageable(ctx, device_id)
    _revoke(ctx, device)
    return device


def on_organisations_closed(ctx: Context, events: Sequence[Recorded]) -> None:
    """Revoke the machines of closed organisations: nobody watches over them any more."""
    closed = {UUID(event.data["organisation_id"]) for event in events}
    machines = select(Device).where(
        Device.organisation_id.in_(closed), Device.kind != DeviceKind.OFFICER, Device.status != DeviceStatus.REVOKED
    )
    for device in ctx.session.scalars(machines.order_by(Device.id).with_for_update()).all():
        _revoke(ctx, device)


def _revoke(ctx: Context, device: Device) -> None:
    device.status, device.decided_by, device.decided_at = DeviceStatus.REVOKED, ctx.actor.user_id, ctx.now
    ctx.session.execute(
        update(SessionToken)
        .where(SessionToken.device_id == device.id, SessionToken.revoked_at.is_(None))
        .values(revoked_at=ctx.now)
    )
    ctx.record("device.revoked", device_id=str(device.id))


def _manageable(ctx: Context, device_id: UUID) -> Device:
    in_scope = queries.in_subtree(Device.organisation_id, ctx.actor.paths(ENROL))
    statement = select(Device).where(Device.id == device_id, in_scope).with_for_update()
    return queries.get_one(ctx.session, statement)


def enrol_machine(ctx: Context, *, kind: str, name: str, organisation_id: UUID) -> tuple[Device, str]:
    """Create a machine of an organisation in scope; return it and its token, which is shown once.

    Raises:
        NotFound: the organisation is out of scope. OrganisationClosed: it has none any more.
    """
    if _home(ctx, DeviceKind(kind), organisation_id).closed_on is not None:
        raise OrganisationClosed(fields={"organisation_id": OrganisationClosed.title})
    device = Device(
        kind=DeviceKind(kind),
        name=name,
        organisation_id=organisation_id,
        status=DeviceStatus.APPROVED,
        decided_by=ctx.actor.user_id,
        decided_at=ctx.now,
        created_at=ctx.now,
    )
    ctx.session.add(device)
    ctx.session.flush()
    token, _ = open_session(ctx, device_id=device.id)
    ctx.record("device.enrolled", device_id=str(device.id))
    return device, token


def _home(ctx: Context, kind: DeviceKind, organisation_id: UUID) -> Organisation:
    """Return the organisation, locked: it is not closed while a machine of its own is made."""
    scope = (
        select(Organisation) if ctx.actor.is_system else queries.visible_organisations(ctx.actor, ENROLLED_WITH[kind])
    )
    home = scope.where(Organisation.id == organisation_id).with_for_update(of=Organisation, read=True)
    return queries.get_one(ctx.session, home.execution_options(populate_existing=True), field="organisation_id")
