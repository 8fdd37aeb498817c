"""Input parsing: JSON strict, text storable, errors as one `Invalid` with every wrong field."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from flask import request
from marshmallow import ValidationError
from webargs.flaskparser import FlaskParser

from inspection_api.core.errors import Invalid
from inspection_api.http.compression import request_body
from inspection_api.http.messages import chinese
from inspection_api.http.texts import is_storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from marshmallow import Schema

MAX_DEPTH = 64


class JsonInvalid(Invalid):
    """The body is not JSON."""

    code = "json_invalid"
    title = "请求内容不是有效的 JSON"


class JsonTooDeep(Invalid):
    """The body nests deeper than anything that we ask for."""

    code = "json_too_deep"
    title = f"请求内容的嵌套超过 {MAX_DEPTH} 层"


class Parser(FlaskParser):
    """webargs for us: unknown members are errors everywhere but in headers, and failures are our problems."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": "raise", "json": "raise"}  # noqa: RUF012

    def load_json(self, req: Any, schema: Any) -> Any:  # noqa: ARG002 - webargs' signature
        """Return the body as JSON, whatever its declared type.

        Raises:
            JsonInvalid: it is no JSON, or has a number that JSON does not know (NaN).
            JsonTooDeep: it nests deeper than 64 levels.
            Invalid: a text in it holds U+0000 or half of a surrogate pair, or a number is infinite.
        """
        try:
            value = json.loads(request_body(), parse_constant=_refuse)
        except RecursionError:
            raise JsonTooDeep from None
        except ValueError:
            raise JsonInvalid from None
        ensure_storable(value)
        return value

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """Return the query's parameters.

        Raises:
            Invalid: one of them holds U+0000.
        """
        ensure_storable(request.args.to_dict())
        return super().load_querystring(req, schema)

    def handle_error(  # noqa: D102 - webargs' hook
        self,
        error: ValidationError,
        req: Any,  # noqa: ARG002
        schema: Any,  # noqa: ARG002
        *,
        error_status_code: int | None,  # noqa: ARG002
        error_headers: Mapping[str, str] | None,  # noqa: ARG002
    ) -> NoReturn:
        by_location = error.messages if isinstance(error.messages, dict) else {}
        raise Invalid(fields=dict(_flat("", next(iter(by_location.values()), {}))))


def checked(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` as an endpoint with this schema would take them; for the command line.

    Raises:
        Invalid: they are not what the schema asks for, by field.
    """
    try:
        return dict(schema.load(values))
    except ValidationError as error:
        raise Invalid(fields=dict(_flat("", error.messages))) from None


def ensure_storable(value: Any) -> None:
    """Raise Invalid unless PostgreSQL can hold every text and number of ``value`` (any JSON), keys included."""
    wrong = {path: problem for path, found in _leaves(value) if (problem := _unstorable(found))}
    if wrong:
        raise Invalid(fields=wrong)


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, leaf) for every key and value, without recursion."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while waiting:
        path, found = waiting.pop()
        if len(path) > MAX_DEPTH:
            raise JsonTooDeep
        if isinstance(found, dict):
            waiting += [((*path, key), inner) for key, inner in found.items()]
            yield from ((".".join(path), key) for key in found)
        elif isinstance(found, list):
            waiting += [((*path, str(index)), inner) for index, inner in enumerate(found)]
        else:
            yield ".".join(path), found


def _unstorable(value: Any) -> str:
    """Return what is wrong with a leaf, or nothing."""
    if isinstance(value, str) and not is_storable(value):
        return "含有 U+0000 或不成对的代理字符"
    return "应为有限的数字" if isinstance(value, float) and not math.isfinite(value) else ""


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _flat(path: str, messages: Any) -> Iterator[tuple[str, str]]:
    """Yield (``a.b.0``, message) for every leaf of marshmallow's tree of messages."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(f"{path}.{key}" if path else str(key), value)
    else:
        yield path.removesuffix("._schema"), "；".join(chinese(str(message)) for message in messages)
