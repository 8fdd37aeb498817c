"""The two documents that are made from the program: OpenAPI, and the list of all problems."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import jsonify
from flask_smorest import Api as SmorestApi
from marshmallow import INCLUDE, Schema, fields

from inspection_api.core.errors import Problem
from inspection_api.http.problems import HTTP_TITLES, INTERNAL_ERROR, PROBLEM_JSON, STATUS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response

OURS = ("inspection_api", "sync", "checkpoints", "kiosk_print")
_HEAD = """# Problems

Every failure is `application/problem+json` with a stable `code`; programs decide by `code`, people read `title`.
Written by `python -m inspection_api export-problems`; a test keeps it current.

| code | status | title | when |
|---|---|---|---|
"""


class FieldErrorSchema(Schema):
    """One wrong field."""

    field = fields.String(metadata={"description": "Its path, as in answers.0.item"})
    message = fields.String(metadata={"description": "What is wrong, in Chinese"})


class ProblemSchema(Schema):
    """RFC 9457; further members (ids, times, limits) depend on the code."""

    class Meta:
        """Name the members that every program may count on, and allow the others."""

        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "urn:xunji:problem:<code>"})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; all codes are in docs/problems.md"})
    title = fields.String(required=True, metadata={"description": "One Chinese sentence about the kind"})
    detail = fields.String(metadata={"description": "One Chinese sentence about this occurrence"})
    errors = fields.List(fields.Nested(FieldErrorSchema))
    retry_after_s = fields.Integer()
    request_id = fields.String(required=True)


class Api(SmorestApi):
    """flask-smorest's registry, whose document shows our problems instead of its own errors."""

    ERROR_SCHEMA = ProblemSchema

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document as plain JSON values; limits that are Decimals become numbers."""
        plain: dict[str, Any] = json.loads(json.dumps(self.spec.to_dict(), default=float))
        return plain

    def _openapi_json(self) -> Response:
        return jsonify(self.document())

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def problem_kinds(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Yield every kind of problem that the imported slices know, the base left out."""
    for inner in kind.__subclasses__():
        if inner.__module__.startswith(OURS):
            yield inner
            yield from problem_kinds(inner)


def problem_table() -> str:
    """Return ``docs/problems.md``: all problems of the imported slices by code."""
    rows = {_row(kind.code, _status(kind), kind.title, kind.__doc__ or "") for kind in problem_kinds()}
    known = {kind.code for kind in problem_kinds()}
    for status, (code, title) in {**HTTP_TITLES, 500: INTERNAL_ERROR}.items():
        if code not in known:
            rows.add(_row(code, str(status), title, HTTPStatus(status).phrase))
    return _HEAD + "".join(sorted(rows))


def _status(kind: type[Problem]) -> str:
    """Return the status of a kind; a problem of no kind gets its status from its endpoint, and names it."""
    return str(status_of(kind())) if issubclass(kind, tuple(STATUS)) else "own"


def _row(code: str, status: str, title: str, meaning: str) -> str:
    sentence = " ".join(meaning.split("\n\n", maxsplit=1)[0].split())
    return f"| `{code}` | {status} | {title} | {sentence} |\n"
