"""Endpoints of tables: take them in, give them out, and the template to fill in."""

from __future__ import annotations

from io import BytesIO
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from flask import Response, request

from inspection_api.core.permissions import Action, Permission
from inspection_api.core.workbooks import MIME
from inspection_api.http.blueprint import Blueprint, raw_body
from inspection_api.http.compression import ensure_plain, stream_into
from inspection_api.http.schemas import StartedJobSchema
from inspection_api.imports import schemas, service
from inspection_api.imports.delimited import MIME as CSV

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Caller
    from inspection_api.imports.service import Outcome
    from inspection_api.jobs.models import Job

EDIT = Permission(Action.CUSTOMERS, "edit")
EXPORT = Permission(Action.PERSONAL_EXPORT, "export")
MAX_FILE_BYTES = 20 << 20

blp = Blueprint("imports", "客户、借据与检查点的导入导出")


@blp.get("/imports/template", permission=EDIT, gives=MIME)
def get_template(_ctx: Context) -> Response:
    """Fetch the workbook to fill in."""
    file = BytesIO()
    service.template(file)
    response = Response(file.getvalue(), mimetype=MIME)
    response.headers["Content-Disposition"] = 'attachment; filename="template.xlsx"'
    return response


@blp.post("/imports", permission=EDIT, query=schemas.ImportQuery, out=schemas.OutcomeSchema, streamed=True)
@blp.doc(**raw_body(MIME, CSV))
def import_tables(caller: Caller, *, dry_run: bool, table: str | None) -> Outcome:
    """Import customers, loans and checkpoints from an XLSX or CSV of at most 20 MiB, all or nothing; or only try."""
    with TemporaryFile() as file:
        _receive(file)
        return service.take_in(caller.transaction, file, mime=request.mimetype, table=table, dry_run=dry_run)


def _receive(file: BinaryIO) -> None:
    ensure_plain()
    stream_into(file, MAX_FILE_BYTES)


@blp.post("/exports/portfolio", permission=EXPORT, body=schemas.ExportInput, out=StartedJobSchema, status=202)
def export_tables(ctx: Context, **values: Any) -> Job:
    """Export customers, loans and checkpoints of an organisation as the same tables, as a job."""
    return service.request_export(ctx, **values)
