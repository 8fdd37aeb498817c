"""Blueprints whose endpoints state their permission, and own the transaction.

``permission=`` has no default: leaving it out is an error at import. The wrapper reads the body (bounded, before any
transaction is open), opens the bank's transaction, authenticates, checks the permission, and only then parses input;
it commits before the response leaves, and any exception rolls back. GET runs READ ONLY (architecture.md §3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask_smorest import Blueprint as SmorestBlueprint

from inspection_api.core.context import SYSTEM
from inspection_api.core.errors import Problem
from inspection_api.core.permissions import Permission
from inspection_api.http import auth
from inspection_api.http.auth import Access
from inspection_api.http.compression import MAX_BODY_BYTES, receive, request_body
from inspection_api.http.parser import Parser
from inspection_api.http.runtime import current_runtime
from inspection_api.http.schemas import IdempotencyKey, IfMatch

if TYPE_CHECKING:
    from marshmallow import Schema

    from inspection_api.http.runtime import Caller, Runtime

View = Callable[..., Any]
PREFIX = "/api/v1"
JSON = "application/json"
PDF = "application/pdf"

TRACED: Mapping[str, Any] = {"read_only": False}
"""The transaction of a GET that writes its access event."""
SNAPSHOT: Mapping[str, Any] = {"read_only": True, "isolation": "REPEATABLE READ"}
"""The transaction of an endpoint of any method that writes nothing and sees the bank as of one instant."""


class Signed(Enum):
    """Streamed endpoints that a device may also call without a login, by its signature (ADR 0012)."""

    SIGNED = auto()


PUBLIC = Access.PUBLIC
LOGGED_IN = Access.LOGGED_IN
PERSON = Access.PERSON
SIGNED = Signed.SIGNED


class Blueprint(SmorestBlueprint):
    """A slice's endpoints under ``/api/v1``; ``name`` is the tag in the OpenAPI document."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, description: str) -> None:
        """Create the blueprint of one slice."""
        super().__init__(name, name, url_prefix=PREFIX, description=description)
        self._gated: dict[View, int] = {}

    def get(self, rule: str, *, permission: Permission | Access, **options: Any) -> Callable[[View], View]:
        """Register a READ ONLY endpoint; see :meth:`endpoint`."""
        return self.endpoint("GET", rule, permission=permission, **options)

    def post(self, rule: str, *, permission: Permission | Access, **options: Any) -> Callable[[View], View]:
        """Register a POST endpoint; see :meth:`endpoint`."""
        return self.endpoint("POST", rule, permission=permission, **options)

    def patch(self, rule: str, *, permission: Permission | Access, **options: Any) -> Callable[[View], View]:
        """Register a PATCH endpoint; see :meth:`endpoint`."""
        return self.endpoint("PATCH", rule, permission=permission, **options)

    def put(self, rule: str, *, permission: Permission | Access, **options: Any) -> Callable[[View], View]:
        """Register a PUT endpoint; see :meth:`endpoint`."""
        return self.endpoint("PUT", rule, permission=permission, **options)

    def delete(self, rule: str, *, permission: Permission | Access, **options: Any) -> Callable[[View], View]:
        """Register a DELETE endpoint; see :meth:`endpoint`."""
        return self.endpoint("DELETE", rule, permission=permission, **options)

    def endpoint(
        self,
        method: str,
        rule: str,
        *,
        permission: Permission | Access,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        out: type[Schema] | None = None,
        status: int = 200,
        if_match: bool = False,
        idempotent: bool = False,
        transaction: Mapping[str, Any] | None = None,
        streamed: bool | Signed = False,
        gives: str | type[Schema] | None = None,
    ) -> Callable[[View], View]:
        """Register a view.

        The view's first argument is the Context; with ``streamed`` it is a Caller that opens its own short
        transactions, and on a PUBLIC endpoint the Runtime. Path variables and the parsed ``query`` and ``body``
        follow as keywords; ``if_match`` adds ``version`` (int), ``idempotent`` adds ``idempotency_key``. ``out`` None
        means the view returns a response itself: of the media type ``gives``, or JSON of that schema (None: without a
        body). ``transaction`` is TRACED or SNAPSHOT where GET's READ ONLY, or the writing of the others, is not what it
        needs. ``streamed=SIGNED`` lets a device without a login call, too: its service must verify the signature before
        anything else.
        """

        def decorate(view: View) -> View:
            handler = self._parsing(view, query, body, if_match=if_match, idempotent=idempotent)
            if out is not None or status == 204:  # noqa: PLR2004 - No Content
                handler = self.response(status, out)(handler)
            mode = transaction or {"read_only": method == "GET"}
            most_bytes = self._gated.get(view)
            who = auth.claimant_of if most_bytes else auth.caller_of
            handler = _guarded(handler, permission, mode, who, streamed=streamed)
            handler = _in_turn(handler, most_bytes) if most_bytes else handler
            raw = {} if out is not None or status == 204 else _raw_answer(gives, status)  # noqa: PLR2004 - No Content
            documented = self.doc(**_security(permission), **raw)(handler)
            self.route(rule, methods=[method])(documented)
            return view

        return decorate

    def gated(self, most_bytes: int = MAX_BODY_BYTES) -> Callable[[View], View]:
        """Mark a view, just before it is registered, that devices call in herds: each worker takes on a few at once.

        Its body, of at most ``most_bytes``, is received before: a slow line takes nobody's turn (``admission.py``).
        """

        def marked(view: View) -> View:
            self._gated[view] = most_bytes
            return view

        return marked

    def _parsing(
        self,
        view: View,
        query: type[Schema] | None,
        body: type[Schema] | None,
        *,
        if_match: bool,
        idempotent: bool,
    ) -> View:
        handler = view
        if body is not None:
            handler = self.arguments(body, location="json", as_kwargs=True)(handler)
        if query is not None:
            handler = self.arguments(query, location="query", as_kwargs=True)(handler)
        if if_match:
            handler = self.arguments(IfMatch, location="headers", as_kwargs=True)(_with_version(handler))
        if idempotent:
            handler = self.arguments(IdempotencyKey, location="headers", as_kwargs=True)(handler)
        return handler


def _with_version(handler: View) -> View:
    """Hand ``If-Match: "7"`` to the view as ``version=7``."""

    @wraps(handler)
    def versioned(*args: Any, if_match: str, **kwargs: Any) -> Any:
        return handler(*args, version=int(if_match.strip('"')), **kwargs)

    return versioned


def _guarded(
    handler: View,
    permission: Permission | Access,
    mode: Mapping[str, Any],
    who: Callable[[Runtime, Permission | Access], Caller],
    *,
    streamed: bool | Signed,
) -> View:
    """Wrap ``handler`` in what its kind of endpoint needs.

    ``mode`` is that of its transaction; with ``streamed``, ``who`` says who opens the transactions.
    """

    @wraps(handler)
    def public(**kwargs: Any) -> Any:
        return handler(current_runtime(), **kwargs)

    @wraps(handler)
    def streaming(**kwargs: Any) -> Any:
        runtime = current_runtime()
        device = auth.device_of(runtime) if streamed is SIGNED else None
        return handler(device or who(runtime, permission), **kwargs)

    @wraps(handler)
    def transactional(**kwargs: Any) -> Any:
        request_body()
        return _in_transaction(current_runtime(), handler, permission, kwargs, mode)

    if permission is PUBLIC:
        return public
    return streaming if streamed else transactional


def _in_turn(handler: View, most_bytes: int) -> View:
    """Receive the body, then let ``handler`` wait for its turn, or refuse it before anything is looked at."""

    @wraps(handler)
    def waiting(**kwargs: Any) -> Any:
        receive(most_bytes)
        with current_runtime().gate.entered():
            return handler(**kwargs)

    return waiting


def _in_transaction(
    runtime: Runtime, handler: View, permission: Permission | Access, kwargs: dict[str, Any], mode: Mapping[str, Any]
) -> Any:
    bank, secret = auth.credentials(runtime)
    actor = SYSTEM
    try:
        with runtime.gate.passed(), runtime.database.transaction(bank, **mode) as ctx:
            actor = auth.identified(runtime, ctx, secret, permission)
            return handler(ctx.acting_as(actor), **kwargs)
    except Problem as problem:
        runtime.leave_trace(bank, actor, problem)
        raise


def raw_body(*kinds: str) -> dict[str, Any]:
    """Return the OpenAPI member of a body of one of the media types that the view reads itself, for ``blp.doc``."""
    return {"requestBody": {"required": True, "content": {kind: _content(kind)[kind] for kind in kinds}}}


def raw_headers(**meanings: str) -> dict[str, Any]:
    """Return the OpenAPI member of headers that the view reads itself (``Upload_Offset=…``), for ``blp.doc``."""
    return {
        "parameters": [
            {"in": "header", "name": name.replace("_", "-"), "description": meaning, "schema": {"type": "string"}}
            for name, meaning in meanings.items()
        ]
    }


def _raw_answer(kind: str | type[Schema] | None, status: int) -> dict[str, Any]:
    """Return the OpenAPI member of an answer that the view writes itself."""
    body = {"content": _content(kind)} if kind else {}
    return {"responses": {str(status): {"description": HTTPStatus(status).phrase, **body}}}


def _content(kind: str | type[Schema]) -> dict[str, Any]:
    return (
        {kind: {"schema": {"type": "string", "format": "binary"}}}
        if isinstance(kind, str)
        else {JSON: {"schema": kind}}
    )


def _security(permission: Permission | Access) -> dict[str, Any]:
    """Return the OpenAPI members that say who may call."""
    if permission is PUBLIC:
        return {"security": []}
    name = str(permission) if isinstance(permission, Permission) else permission.value
    return {"security": [{"bearer": []}], "x-permission": name}
