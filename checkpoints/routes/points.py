"""Endpoints of checkpoints: description, officer, plate, scan, place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints import queries, schemas, service
from checkpoints.models import Checkpoint, CheckpointAssignment, CheckpointExit, CheckpointLocation, ExitType
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import get_one, visible_users
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import LOGGED_IN, Blueprint
from inspection_api.http.schemas import page_of

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.CHECKPOINTS, "read")
EDIT = Permission(Action.CHECKPOINTS, "edit")
ISSUE = Permission(Action.PLATES, "issue")
PERFORM = Permission(Action.ONSITE, "perform")
BIND = Permission(Action.BINDING, "bind")
DECIDE = Permission(Action.BINDING, "decide")
RESET = Permission(Action.RESET, "reset")
READ_EXITS = Permission(Action.EXIT, "read")
PROPOSE = Permission(Action.EXIT, "propose")
APPROVE = Permission(Action.EXIT, "approve")
READ_CONFIGURATION = Permission(Action.CONFIGURATION, "read")
CONFIGURE = Permission(Action.CONFIGURATION, "edit")

blp = Blueprint("checkpoints", "检查点：二维码牌、定位与退出")


@blp.post("/checkpoints", permission=EDIT, body=schemas.CheckpointInput, out=schemas.CheckpointSchema, status=201)
def create_checkpoint(ctx: Context, **values: Any) -> Checkpoint:
    """Create an unbound checkpoint with its first plate."""
    return service.create(ctx, **values)


@blp.get("/checkpoints", permission=READ, query=schemas.CheckpointQuery, out=page_of(schemas.FoundCheckpointSchema))
def list_checkpoints(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the checkpoints in my scope, by code; the nearest first if a point is asked about."""
    statement = queries.checkpoints_of(ctx.actor, filters)
    return paginate(ctx.session, statement, by=queries.order_of(filters), limit=limit, cursor=cursor)


@blp.get("/checkpoints/<uuid:checkpoint_id>", permission=READ, out=schemas.CheckpointDetailSchema)
def get_checkpoint(ctx: Context, checkpoint_id: UUID) -> service.Described:
    """Show one checkpoint, the way to it, and the text of its plate."""
    return service.describe(ctx, checkpoint_id)


@blp.patch(
    "/checkpoints/<uuid:checkpoint_id>",
    permission=EDIT,
    body=schemas.CheckpointEdit,
    out=schemas.CheckpointSchema,
    if_match=True,
)
def edit_checkpoint(ctx: Context, checkpoint_id: UUID, *, version: int, **changes: Any) -> Checkpoint:
    """Change what a checkpoint says about itself."""
    return service.edit(ctx, checkpoint_id, version=version, **changes)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/assign",
    permission=EDIT,
    body=schemas.AssignInput,
    out=schemas.CheckpointSchema,
)
def assign_checkpoint(ctx: Context, checkpoint_id: UUID, *, officer_id: UUID) -> Checkpoint:
    """Make an officer responsible; open tasks follow him."""
    return service.assign(ctx, checkpoint_id, officer_id=officer_id)


@blp.post("/checkpoints/assign", permission=EDIT, body=schemas.AssignManyInput, out=schemas.ChangedSchema)
def assign_checkpoints(ctx: Context, **values: Any) -> dict[str, int]:
    """Make an officer responsible for many checkpoints at once."""
    return {"changed": service.assign_many(ctx, **values)}


@blp.get(
    "/users/<uuid:user_id>/handovers",
    permission=EDIT,
    query=schemas.HandoverQuery,
    out=page_of(schemas.HandoverSchema),
)
def list_handovers(ctx: Context, user_id: UUID, *, limit: int, cursor: str | None, unassigned: bool) -> Any:
    """List what an officer has handed over: to whom, and what is without an officer now."""
    user = get_one(ctx.session, visible_users(ctx.actor, EDIT).where(UserAccount.id == user_id))
    statement = queries.handed_over_by(ctx.actor, user.id, unassigned=unassigned)
    by = [CheckpointAssignment.checkpoint_id, CheckpointAssignment.valid_from]
    return paginate(ctx.session, statement, by=by, limit=limit, cursor=cursor)


@blp.post("/checkpoints/transfer", permission=EDIT, body=schemas.TransferInput, out=schemas.ChangedSchema)
def transfer_checkpoints(ctx: Context, **values: Any) -> dict[str, int]:
    """Hand checkpoints to another organisation, all or none."""
    return {"changed": service.transfer(ctx, **values)}


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/archive",
    permission=APPROVE,
    body=schemas.ArchiveInput,
    out=schemas.CheckpointSchema,
)
def archive_checkpoint(ctx: Context, checkpoint_id: UUID, *, reason: str) -> Checkpoint:
    """Put an exited checkpoint away; a re-activation fetches it back."""
    return service.archive(ctx, checkpoint_id, reason=reason)


@blp.post("/checkpoints/<uuid:checkpoint_id>/plates", permission=ISSUE, out=schemas.PlateSchema, status=201)
def reissue_plate(ctx: Context, checkpoint_id: UUID) -> Checkpoint:
    """Issue a new plate; the old one lives until the new one is first scanned, 30 days at most."""
    return service.reissue_plate(ctx, checkpoint_id)


@blp.post("/checkpoints/scan", permission=PERFORM, body=schemas.ScanInput, out=schemas.ScannedSchema)
def scan_plate(ctx: Context, *, qr: str, fixes: list[dict[str, Any]]) -> service.Scanned:
    """Say in one sentence what a scanned plate means here and now."""
    return service.look_up(ctx, qr=qr, fixes=fixes)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/bind",
    permission=BIND,
    body=schemas.BindInput,
    out=schemas.LocationSchema,
    status=201,
)
def bind_checkpoint(ctx: Context, checkpoint_id: UUID, **values: Any) -> CheckpointLocation:
    """Give an unbound checkpoint its place, on the spot."""
    return service.bind(ctx, checkpoint_id, **values)


@blp.get("/checkpoints/<uuid:checkpoint_id>/locations", permission=READ, out=schemas.LocationListSchema)
def list_locations(ctx: Context, checkpoint_id: UUID) -> dict[str, Any]:
    """List all places that a checkpoint has or had, each drawn in its fence; rivals stand side by side."""
    return {"items": queries.drawn_locations(ctx.session, ctx.actor, checkpoint_id)}


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/locations/<uuid:location_id>/confirm",
    permission=DECIDE,
    out=schemas.LocationSchema,
)
def confirm_location(ctx: Context, checkpoint_id: UUID, location_id: UUID) -> CheckpointLocation:
    """Let another person's doubtful place stand; the visits that waited for it are released."""
    return service.confirm(ctx, checkpoint_id, location_id)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/locations/<uuid:location_id>/reject",
    permission=DECIDE,
    out=schemas.LocationSchema,
)
def reject_location(ctx: Context, checkpoint_id: UUID, location_id: UUID) -> CheckpointLocation:
    """Reject another person's doubtful place."""
    return service.reject(ctx, checkpoint_id, location_id)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/reset",
    permission=RESET,
    body=schemas.ResetInput,
    out=schemas.CheckpointSchema,
)
def reset_checkpoint(ctx: Context, checkpoint_id: UUID, *, reason: str) -> Checkpoint:
    """Give a checkpoint's place up; another person must bind the next one."""
    return service.reset(ctx, checkpoint_id, reason=reason)


@blp.get("/exit-types", permission=LOGGED_IN, out=schemas.ExitTypeListSchema)
def list_exit_types(ctx: Context) -> dict[str, Any]:
    """List the types of exit that the bank knows."""
    return {"items": queries.exit_types(ctx.session)}


@blp.put("/exit-types/<code>", permission=CONFIGURE, body=schemas.ExitTypeInput, out=schemas.ExitTypeSchema)
def put_exit_type(ctx: Context, code: str, **values: Any) -> ExitType:
    """Add a type of exit, give it another label, or retire it; its code is for ever."""
    return service.put_exit_type(ctx, code, **values)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/exits",
    permission=PROPOSE,
    body=schemas.ExitInput,
    out=schemas.ExitSchema,
    status=201,
)
def propose_exit(ctx: Context, checkpoint_id: UUID, **values: Any) -> CheckpointExit:
    """Propose that a checkpoint leaves; somebody else approves it."""
    return service.propose_exit(ctx, checkpoint_id, **values)


@blp.get("/exits", permission=READ_EXITS, query=schemas.ExitQuery, out=page_of(schemas.ExitSchema))
def list_exits(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the exits of the checkpoints in my scope, the oldest first."""
    statement = queries.exits_of(ctx.actor, **filters)
    return paginate(ctx.session, statement, by=[CheckpointExit.id], limit=limit, cursor=cursor)


@blp.get("/exits/<uuid:exit_id>", permission=READ_EXITS, out=schemas.ExitSchema)
def get_exit(ctx: Context, exit_id: UUID) -> CheckpointExit:
    """Show one exit."""
    return queries.get_exit(ctx.session, ctx.actor, exit_id)


@blp.post("/exits/<uuid:exit_id>/approve", permission=APPROVE, body=schemas.ExitApproval, out=schemas.ExitSchema)
def approve_exit(ctx: Context, exit_id: UUID, **values: Any) -> CheckpointExit:
    """Approve somebody else's proposal; a day ahead makes it a scheduled exit."""
    return service.approve_exit(ctx, exit_id, **values)


@blp.post("/exits/<uuid:exit_id>/refuse", permission=APPROVE, body=schemas.ExitRefusal, out=schemas.ExitSchema)
def refuse_exit(ctx: Context, exit_id: UUID, *, note: str) -> CheckpointExit:
    """Refuse somebody else's proposal; the checkpoint stays."""
    return service.refuse_exit(ctx, exit_id, note=note)


@blp.post("/exits/<uuid:exit_id>/withdraw", permission=PROPOSE, body=schemas.ExitEnd, out=schemas.ExitSchema)
def withdraw_exit(ctx: Context, exit_id: UUID, *, reason: str) -> CheckpointExit:
    """Take my own proposal back before it is decided."""
    return service.withdraw_exit(ctx, exit_id, reason=reason)


@blp.post("/exits/<uuid:exit_id>/call-off", permission=APPROVE, body=schemas.ExitEnd, out=schemas.ExitSchema)
def call_off_exit(ctx: Context, exit_id: UUID, *, reason: str) -> CheckpointExit:
    """Call a scheduled exit off before its day."""
    return service.call_off_exit(ctx, exit_id, reason=reason)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/reactivate",
    permission=APPROVE,
    body=schemas.ReactivationInput,
    out=schemas.CheckpointSchema,
)
def reactivate_checkpoint(ctx: Context, checkpoint_id: UUID, **values: Any) -> Checkpoint:
    """Bring an exited checkpoint back, as a new episode."""
    return service.reactivate(ctx, checkpoint_id, **values)


@blp.get("/organisations/<uuid:organisation_id>/radius", permission=READ_CONFIGURATION, out=schemas.RadiusSchema)
def get_radius(ctx: Context, organisation_id: UUID) -> service.Radius:
    """Show the radius that an organisation's new checkpoints get."""
    return service.usual_radius(ctx, organisation_id)


@blp.put(
    "/organisations/<uuid:organisation_id>/radius",
    permission=CONFIGURE,
    body=schemas.RadiusInput,
    out=schemas.RadiusSchema,
)
def put_radius(ctx: Context, organisation_id: UUID, *, radius_m: int) -> service.Radius:
    """Set the radius of an organisation's new checkpoints, and of those below it that say nothing else."""
    return service.put_usual_radius(ctx, organisation_id, radius_m=radius_m)
