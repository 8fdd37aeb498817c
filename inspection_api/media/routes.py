"""tus 1.0 (core, creation, creation-with-upload, checksum, expiration, termination), and how media are looked at."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from email.utils import format_datetime
from typing import BinaryIO
from uuid import UUID

from flask import Response, request, url_for

from inspection_api.core.context import Context
from inspection_api.core.errors import Problem
from inspection_api.core.storage import in_chunks
from inspection_api.http import problems
from inspection_api.http.blueprint import LOGGED_IN, PERSON, PUBLIC, TRACED, Blueprint, raw_body, raw_headers
from inspection_api.http.compression import ensure_plain
from inspection_api.http.runtime import Caller, Runtime
from inspection_api.media import queries, service
from inspection_api.media.errors import ChecksumMismatch
from inspection_api.media.rules import uploads
from inspection_api.media.rules.kinds import MAX_BYTES
from inspection_api.media.service import Progress

_LARGEST = max(MAX_BYTES.values())
_READ_BYTES = 1 << 16

TUS = {"Tus_Resumable": "1.0.0"}
CHUNK = TUS | {
    "Upload_Offset": "Where the upload stands, in bytes.",
    "Upload_Checksum": "`sha256` or `sha1`, a space, and the base64 of the digest of these bytes: others are not kept.",
}

blp = Blueprint("media", "照片、录音与视频：tus 断点续传与查看")


@blp.after_request
def _speak_tus(response: Response) -> Response:
    response.headers["Tus-Resumable"] = uploads.TUS_VERSION
    return response


@blp.errorhandler(ChecksumMismatch)
def tell_checksum_mismatch(problem: Problem) -> Response:
    """Answer with tus's own status."""
    return problems.respond(problem, status=460)


@blp.endpoint("OPTIONS", "/media", permission=PUBLIC, status=204)
def describe(_runtime: Runtime) -> Response:
    """Say which tus extensions are spoken."""
    headers = {
        "Tus-Version": uploads.TUS_VERSION,
        "Tus-Extension": uploads.TUS_EXTENSIONS,
        "Tus-Max-Size": str(_LARGEST),
        "Tus-Checksum-Algorithm": ",".join(uploads.CHECKSUM_ALGORITHMS),
    }
    return Response(status=204, headers=headers)


@blp.post("/media", permission=PERSON, streamed=True, status=201)
@blp.doc(
    **raw_headers(
        **TUS,
        Upload_Length="The length of the whole, in bytes.",
        Upload_Metadata="`id`, `sha256` (hexadecimal digits) and `filetype`, each with a space and the base64 of its"
        " value, with commas between.",
    )
)
def create(caller: Caller) -> Response:
    """Declare a media and take its first bytes, if any; the same id again answers the same place.

    Whoever inspects no more declares nothing new, and brings what his operations have declared.
    """
    uploads.ensure_tus_version(request.headers.get("Tus-Resumable"))
    declaration = uploads.parse_declaration(
        request.headers.get("Upload-Metadata"), request.headers.get("Upload-Length")
    )
    progress = service.create(caller.transaction, declaration)
    if request.content_type == uploads.CHUNK_TYPE and progress.offset == 0:
        progress = _append(caller, declaration.id, offset=0)
    response = _progress(201, progress)
    response.headers["Location"] = url_for("media.append", media_id=declaration.id)
    return response


@blp.endpoint("HEAD", "/media/<uuid:media_id>", permission=PERSON, streamed=True)
@blp.doc(**raw_headers(**TUS))
def find_progress(caller: Caller, media_id: UUID) -> Response:
    """Say where my upload stands."""
    uploads.ensure_tus_version(request.headers.get("Tus-Resumable"))
    return _progress(200, service.find_progress(caller.transaction, media_id))


@blp.patch("/media/<uuid:media_id>", permission=PERSON, streamed=True, status=204)
@blp.doc(**raw_body(uploads.CHUNK_TYPE), **raw_headers(**CHUNK))
def append(caller: Caller, media_id: UUID) -> Response:
    """Append bytes at ``Upload-Offset``; the last ones make the media stored."""
    uploads.ensure_tus_version(request.headers.get("Tus-Resumable"))
    uploads.ensure_chunk_type(request.content_type)
    offset = uploads.parse_count("Upload-Offset", request.headers.get("Upload-Offset"))
    return _progress(204, _append(caller, media_id, offset=offset))


@blp.delete("/media/<uuid:media_id>", permission=PERSON, streamed=True, status=204)
@blp.doc(**raw_headers(**TUS))
def terminate(caller: Caller, media_id: UUID) -> Response:
    """Throw the partial bytes of my upload away; its slot stays."""
    uploads.ensure_tus_version(request.headers.get("Tus-Resumable"))
    with caller.transaction() as ctx:
        service.terminate(ctx, media_id)
    return Response(status=204)


@blp.get("/media/<uuid:media_id>/thumbnail", permission=LOGGED_IN, gives="image/jpeg")
def thumbnail(ctx: Context, media_id: UUID) -> Response:
    """Show a photo small, without its metadata: mine, or of my subtree."""
    return _file(service.open_thumbnail(ctx, media_id), "image/jpeg", f"{media_id}.jpg")


@blp.get(
    "/media/<uuid:media_id>/original", permission=queries.REVIEW, transaction=TRACED, gives="application/octet-stream"
)
def original(ctx: Context, media_id: UUID) -> Response:
    """Download the untouched bytes; that somebody did is recorded before they leave."""
    media, file = service.open_original(ctx, media_id)
    return _file(file, media.mime, f"{media_id}{mimetypes.guess_extension(media.mime) or ''}")


def _append(caller: Caller, media_id: UUID, *, offset: int) -> Progress:
    ensure_plain()
    checksum = uploads.parse_checksum(request.headers.get("Upload-Checksum"))
    request.max_content_length = _LARGEST + 1
    return service.append(
        caller.transaction, media_id, _body(), offset=offset, coming=request.content_length, checksum=checksum
    )


def _body() -> Iterator[bytes]:
    while chunk := request.stream.read(_READ_BYTES):
        yield chunk


def _progress(status: int, progress: Progress) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(progress.offset)
    response.headers["Upload-Length"] = str(progress.length)
    if progress.expires_at is not None:
        response.headers["Upload-Expires"] = format_datetime(progress.expires_at, usegmt=True)
    return response


def _file(file: BinaryIO, mime: str, name: str) -> Response:
    """Send a file as a download: never shown inline, never under a name that a user chose."""
    response = Response(in_chunks(file), mimetype=mime)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
