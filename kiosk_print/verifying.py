"""The page behind the QR of a paper: whoever holds the sheet sees whether it is genuine (domain.md §2.3).

Plain HTML without a script, made on the server, for any phone; it stands outside the API and takes no login. A PDF that
the holder brings is hashed as it comes in and kept nowhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template, request

from inspection_api.core.errors import Problem, TooLarge
from inspection_api.http.pages import policy
from inspection_api.http.problems import status_of
from inspection_api.http.runtime import current_runtime
from kiosk_print import service
from kiosk_print.rules import codes

if TYPE_CHECKING:
    from inspection_api.http.runtime import Runtime
    from kiosk_print.service.verification import Verified

PATH = "/verify"
MOST_BYTES = 10 << 20
POLICY = policy(style_src="'self'", form_action="'self'")

blp = Blueprint(
    "verify", __name__, url_prefix=PATH, template_folder="templates", static_folder="public", static_url_path="/static"
)


def look_up(runtime: Runtime, code: str, *, sha256: str | None = None) -> Verified:
    """Return what the public may know about the print behind a code.

    Raises:
        RateLimited: this address has asked too often.
        NotFound: forged, of no bank, or never printed; all answer alike.
    """
    runtime.strangers.take(request.remote_addr or "")
    parts = codes.parse_code(code)
    with runtime.transaction(tag=parts.tag) as ctx:
        return service.verify(ctx, parts, sha256=sha256)


@blp.get("/<code>")
def show_paper(code: str) -> Response:
    """Show whether the paper is genuine and still valid."""
    return _page(code)


@blp.post("/<code>")
def compare_file(code: str) -> Response:
    """Show, too, whether the PDF that was sent along is that print to the last byte."""
    if (request.content_length or 0) > MOST_BYTES:
        return _refusal(TooLarge(max_bytes=MOST_BYTES))
    file = request.files.get("file")
    return _page(code, hashlib.sha256(file.read()).hexdigest() if file else None)


def _page(code: str, sha256: str | None = None) -> Response:
    try:
        found = look_up(current_runtime(), code, sha256=sha256)
    except Problem as problem:
        return _refusal(problem)
    return _made(found, None, 200)


def _refusal(problem: Problem) -> Response:
    response = _made(None, problem, status_of(problem))
    if "retry_after_s" in problem.members:
        response.headers["Retry-After"] = str(problem.members["retry_after_s"])
    return response


def _made(found: Verified | None, problem: Problem | None, status: int) -> Response:
    response = make_response(render_template("verify.html", found=found, problem=problem, status=status), status)
    response.headers["Content-Security-Policy"] = POLICY
    return response
