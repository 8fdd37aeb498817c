"""Endpoints of logins, organisations, people and devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from inspection_api.accounts import queries, schemas, service
from inspection_api.accounts.models import Device, Organisation, SessionToken, UserAccount
from inspection_api.accounts.rules import TOKEN_LIFETIME, Origin
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http import cookies
from inspection_api.http.blueprint import LOGGED_IN, PERSON, PUBLIC, Blueprint
from inspection_api.http.runtime import current_runtime
from inspection_api.http.schemas import PageQuery, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime

READ = Permission(Action.ACCOUNTS, "read")
EDIT = Permission(Action.ACCOUNTS, "edit")
ENROL = Permission(Action.ACCOUNTS, "enrol")
ONSITE = Permission(Action.ONSITE, "perform")
MACHINES = Permission(Action.ALERT_RULES, "devices")

blp = Blueprint("accounts", "机构、人员、登录与设备")


@blp.post("/sessions", permission=PUBLIC, body=schemas.TokenLoginInput, out=schemas.SessionSchema, status=201)
def log_in(
    runtime: Runtime, *, bank: str, username: str, password: str, installation_id: UUID | None
) -> dict[str, Any]:
    """Log in: a bearer token for twelve hours; a program says by which installation of it, the same each time."""
    token, row, user = _log_in(runtime, bank, username, password, installation_id)
    return {"token": token, "expires_at": row.expires_at, "user": user}


@blp.post("/sessions/page", permission=PUBLIC, body=schemas.LoginInput, out=schemas.PageSessionSchema, status=201)
def log_in_page(runtime: Runtime, *, bank: str, username: str, password: str) -> dict[str, Any]:
    """Log a page in: a cookie for twelve hours that no script can read; with it, writing takes `X-Xunji-Page`."""
    cookies.ensure_from_our_page(runtime.settings)
    installation_id = cookies.installation(runtime.settings)
    token, row, user = _log_in(runtime, bank, username, password, installation_id)
    cookies.give(runtime.settings, token, lifetime_s=int(TOKEN_LIFETIME.total_seconds()))
    cookies.keep_installation(runtime.settings, installation_id)
    return {"expires_at": row.expires_at, "user": user}


def _log_in(
    runtime: Runtime, bank: str, username: str, password: str, installation_id: UUID | None
) -> tuple[str, SessionToken, UserAccount]:
    who = {"username": username, "password": password, "address": request.remote_addr or ""}
    origin = Origin(agent=request.user_agent.string or None, installation_id=installation_id)
    return service.log_in(runtime.transaction, runtime.nowhere, bank=bank, origin=origin, **who)


@blp.get("/sessions", permission=PERSON, query=PageQuery, out=page_of(schemas.LoginSchema))
def list_sessions(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List my sessions that are still good."""
    statement = queries.sessions_of(ctx.actor, ctx.now)
    return paginate(ctx.session, statement, by=[SessionToken.created_at, SessionToken.id], limit=limit, cursor=cursor)


@blp.delete("/sessions", permission=PERSON, status=204)
def log_out_everywhere(ctx: Context) -> None:
    """Log out everywhere: all my tokens and cookies are dead at once."""
    service.end_all_sessions(ctx)
    cookies.take_back(current_runtime().settings)


@blp.delete("/sessions/<uuid:session_id>", permission=PERSON, status=204)
def end_session(ctx: Context, session_id: UUID) -> None:
    """End one of my sessions."""
    service.end_session(ctx, session_id)


@blp.delete("/sessions/current", permission=LOGGED_IN, status=204)
def log_out(ctx: Context) -> None:
    """Log out: the token is dead at once."""
    service.logout(ctx)
    cookies.take_back(current_runtime().settings)


@blp.get("/me", permission=LOGGED_IN, out=schemas.MeSchema)
def me(ctx: Context) -> dict[str, Any]:
    """Who I am (a machine is no user), in which bank, and the roles that I hold today."""
    return {
        "bank": ctx.bank,
        "user": queries.find_user_of(ctx.session, ctx.actor),
        "assignments": ctx.actor.assignments,
    }


@blp.get(
    "/organisations", permission=LOGGED_IN, query=schemas.OrganisationQuery, out=page_of(schemas.OrganisationSchema)
)
def list_organisations(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the organisations of my subtrees, by path."""
    statement = queries.organisations_of(ctx.actor, **filters)
    return paginate(ctx.session, statement, by=[Organisation.path], limit=limit, cursor=cursor)


@blp.post("/organisations", permission=EDIT, body=schemas.OrganisationInput, out=schemas.OrganisationSchema, status=201)
def create_organisation(ctx: Context, **values: Any) -> Organisation:
    """Create an organisation below one of my subtrees."""
    return service.create_organisation(ctx, **values)


@blp.patch(
    "/organisations/<uuid:organisation_id>",
    permission=EDIT,
    body=schemas.OrganisationEdit,
    out=schemas.OrganisationSchema,
    if_match=True,
)
def edit_organisation(ctx: Context, organisation_id: UUID, *, version: int, **changes: Any) -> Organisation:
    """Rename an organisation, or change its kind: the plans of its old kind end today, those of the new one begin."""
    return service.edit_organisation(ctx, organisation_id, version=version, **changes)


@blp.post(
    "/organisations/<uuid:organisation_id>/close",
    permission=EDIT,
    body=schemas.ClosingInput,
    out=schemas.OrganisationSchema,
)
def close_organisation(ctx: Context, organisation_id: UUID, *, reason: str) -> Organisation:
    """Close an organisation that has nothing open below it and no checkpoint in force; its plans end today."""
    return service.close_organisation(ctx, organisation_id, reason=reason)


@blp.get("/users", permission=READ, query=schemas.UserQuery, out=page_of(schemas.UserSchema))
def list_users(ctx: Context, *, limit: int, cursor: str | None, organisation_id: UUID | None) -> Any:
    """List the users of my subtrees, by name."""
    statement = queries.users_of(ctx.actor, organisation_id)
    return paginate(ctx.session, statement, by=[UserAccount.username], limit=limit, cursor=cursor)


@blp.post("/users", permission=EDIT, body=schemas.UserInput, out=schemas.UserSchema, status=201)
def create_user(ctx: Context, **values: Any) -> UserAccount:
    """Create a user of an organisation in my subtrees."""
    return service.create_user(ctx, **values)


@blp.get("/users/<uuid:user_id>", permission=READ, out=schemas.UserSchema)
def get_user(ctx: Context, user_id: UUID) -> UserAccount:
    """Show one user of my subtrees."""
    return queries.get_one(ctx.session, queries.visible_users(ctx.actor).where(UserAccount.id == user_id))


@blp.put("/users/<uuid:user_id>/staff-number", permission=EDIT, body=schemas.StaffNumberInput, out=schemas.StaffSchema)
def number_staff(ctx: Context, user_id: UUID, *, staff_number: str | None) -> UserAccount:
    """Write down a user's staff number: accounts that share one are one person's, and four eyes need two people."""
    return service.number_staff(ctx, user_id, staff_number=staff_number)


@blp.post("/users/<uuid:user_id>/disable", permission=EDIT, out=schemas.UserSchema)
def disable_user(ctx: Context, user_id: UUID) -> UserAccount:
    """Disable a user: all his sessions end at once."""
    return service.disable_user(ctx, user_id)


@blp.post("/users/<uuid:user_id>/roles", permission=EDIT, body=schemas.RoleInput, out=schemas.RoleSchema, status=201)
def assign_role(ctx: Context, user_id: UUID, **values: Any) -> Any:
    """Give a user a role in an organisation; it counts from his next request on."""
    return service.assign_role(ctx, user_id, **values)


@blp.delete("/users/<uuid:user_id>/roles/<uuid:assignment_id>", permission=EDIT, status=204)
def end_role(ctx: Context, user_id: UUID, assignment_id: UUID) -> None:
    """Take a role away at once."""
    service.end_role(ctx, user_id, assignment_id)


@blp.post("/devices", permission=ONSITE, body=schemas.DeviceInput, out=schemas.DeviceSchema, status=201)
def enrol_device(ctx: Context, *, id: UUID, name: str, public_key: str) -> Device:
    """Enrol my phone; it waits for a manager's approval. The same again answers the same device."""
    return service.enrol(ctx, id, name=name, public_key=public_key)


@blp.get("/devices", permission=LOGGED_IN, query=schemas.DeviceQuery, out=page_of(schemas.DeviceSchema))
def list_devices(ctx: Context, *, limit: int, cursor: str | None, **narrowed: Any) -> Any:
    """List my devices and those of my subtrees."""
    statement = queries.devices_of(ctx.actor, **narrowed)
    return paginate(ctx.session, statement, by=[Device.id], limit=limit, cursor=cursor)


@blp.post("/devices/machines", permission=MACHINES, body=schemas.MachineInput, out=schemas.MachineSchema, status=201)
def enrol_machine(ctx: Context, **values: Any) -> dict[str, Any]:
    """Create an IoT gateway of an organisation; its token is shown this once."""
    device, token = service.enrol_machine(ctx, **values)
    return {"device": device, "token": token}


@blp.post("/devices/<uuid:device_id>/approve", permission=ENROL, out=schemas.DeviceSchema)
def approve_device(ctx: Context, device_id: UUID) -> Device:
    """Approve another person's phone."""
    return service.approve(ctx, device_id)


@blp.post("/devices/<uuid:device_id>/revoke", permission=ENROL, out=schemas.DeviceSchema)
def revoke_device(ctx: Context, device_id: UUID) -> Device:
    """Revoke a device for ever."""
    return service.revoke_device(ctx, device_id)
