"""Endpoints of QR plates on paper: labels, whole sheets as a job, and one plate for plate makers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import PDF, TRACED, Blueprint
from inspection_api.http.schemas import StartedJobSchema
from kiosk_print import schemas, service
from kiosk_print.labels import Picture

if TYPE_CHECKING:
    from uuid import UUID

    from checkpoints.models import Checkpoint
    from inspection_api.core.context import Context
    from inspection_api.jobs.models import Job

ISSUE_PLATES = Permission(Action.PLATES, "issue")
SVG, PNG = "image/svg+xml", "image/png"

blp = Blueprint("plates", "二维码牌：标签与制牌")


@blp.post("/checkpoints/labels", permission=ISSUE_PLATES, body=schemas.LabelsInput, gives=PDF)
def print_labels(ctx: Context, **values: Any) -> Response:
    """Print the QR plates of checkpoints: a PDF of label sheets or single plates."""
    return Response(service.print_labels(ctx, **values), mimetype="application/pdf")


@blp.get("/checkpoints/<uuid:checkpoint_id>/plate.svg", permission=ISSUE_PLATES, transaction=TRACED, gives=SVG)
def get_plate_svg(ctx: Context, checkpoint_id: UUID) -> Response:
    """Give a checkpoint's newest plate to a plate maker, as outlines at any size."""
    return _picture(*service.picture_plate(ctx, checkpoint_id, Picture.SVG), Picture.SVG, SVG)


@blp.get("/checkpoints/<uuid:checkpoint_id>/plate.png", permission=ISSUE_PLATES, transaction=TRACED, gives=PNG)
def get_plate_png(ctx: Context, checkpoint_id: UUID) -> Response:
    """Give a checkpoint's newest plate to a plate maker, as a picture of 600 dots per inch."""
    return _picture(*service.picture_plate(ctx, checkpoint_id, Picture.PNG), Picture.PNG, PNG)


def _picture(checkpoint: Checkpoint, picture: bytes, kind: Picture, mime: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="plate-{checkpoint.public_id}.{kind.value}"'}
    return Response(picture, mimetype=mime, headers=disposition)


@blp.post(
    "/label-sheets",
    permission=ISSUE_PLATES,
    body=schemas.LabelSheetsInput,
    out=StartedJobSchema,
    status=202,
)
def print_label_sheets(ctx: Context, **values: Any) -> Job:
    """Print the QR plates of an organisation and all below it, as a job with progress and one PDF at the end."""
    return service.request_label_sheets(ctx, **values)
