"""Every failure leaves as ``application/problem+json`` (RFC 9457): Chinese title, stable ``code``, the exact fields."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import g, jsonify
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException

from inspection_api.core import errors
from inspection_api.core.logs import log

if TYPE_CHECKING:
    from flask import Flask, Response

STATUS: dict[type[errors.Problem], int] = {
    errors.Malformed: 400,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.Gone: 410,
    errors.Locked: 423,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

HTTP_TITLES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "请求格式有误"),
    404: ("not_found", "找不到该内容"),
    405: ("method_not_allowed", "不支持该请求方法"),
    413: ("too_large", "内容超过大小限制"),
    415: ("unsupported_media_type", "不支持该内容类型"),
}
INTERNAL_ERROR = ("internal_error", "系统内部错误，请联系管理员并提供请求编号")
PROBLEM_JSON = "application/problem+json"


class ConcurrentChange(errors.Conflict):
    """Somebody else made the same thing at the same moment; the second try sees it."""

    code = "concurrent_change"
    title = "他人刚刚提交了相同的内容，请刷新后重试"


_SERVER_BUSY = {"55P03": "lock_timeout", "40001": "serialization_failure", "40P01": "deadlock"}


def status_of(problem: errors.Problem) -> int:
    """Return the HTTP status of a problem's kind."""
    return next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), 400)


def install(app: Flask) -> None:
    """Answer every failure of ``app`` as problem+json."""
    app.register_error_handler(errors.Problem, respond)
    app.register_error_handler(HTTPException, _respond_http)
    app.register_error_handler(OperationalError, _respond_database)
    app.register_error_handler(IntegrityError, _respond_constraint)
    app.register_error_handler(PoolExhausted, _respond_busy)
    app.register_error_handler(Exception, _respond_unexpected)


def respond(problem: errors.Problem, *, status: int | None = None) -> Response:
    """Return the problem+json of a refusal; ``status`` where a foreign protocol has its own (tus: 460)."""
    body: dict[str, object] = {"code": problem.code, "title": problem.title, **problem.members}
    if problem.detail:
        body["detail"] = problem.detail
    if problem.fields:
        body["errors"] = [{"field": field, "message": message} for field, message in problem.fields.items()]
    response = _response(status or status_of(problem), body)
    if "retry_after_s" in problem.members:
        response.headers["Retry-After"] = str(problem.members["retry_after_s"])
    if isinstance(problem, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _respond_http(error: HTTPException) -> Response:
    status = error.code or 500
    code, title = HTTP_TITLES.get(status, (HTTPStatus(status).name.lower(), "请求未能完成"))
    response = _response(status, {"code": code, "title": title})
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _respond_database(error: OperationalError) -> Response:
    code = _SERVER_BUSY.get(getattr(error.orig, "sqlstate", None) or "", "database_unavailable")
    log.warning("database_refused", code=code)
    return respond(errors.Unavailable(reason=code, retry_after_s=2))


def _respond_constraint(error: IntegrityError) -> Response:
    """Answer the loser of a race, whom only the database's constraint could stop, as the conflict that it is."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    log.warning("constraint_refused", constraint=constraint)
    return respond(ConcurrentChange(constraint=constraint))


def _respond_busy(_error: PoolExhausted) -> Response:
    log.warning("database_refused", code="pool_exhausted")
    return respond(errors.Unavailable(reason="pool_exhausted", retry_after_s=2))


def _respond_unexpected(error: Exception) -> Response:
    log.error("unexpected_error", request_id=g.get("request_id"), exc_info=error)
    code, title = INTERNAL_ERROR
    return _response(500, {"code": code, "title": title})


def _response(status: int, body: dict[str, object]) -> Response:
    response = jsonify(
        {"type": f"urn:xunji:problem:{body['code']}", "status": status, **body, "request_id": g.get("request_id")}
    )
    response.status_code = status
    response.content_type = PROBLEM_JSON
    return response
