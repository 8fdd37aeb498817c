"""Input parsing: bodies bounded, JSON strict, errors as one `Invalid` with every wrong field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from flask import request
from webargs.flaskparser import FlaskParser

from inspection_api.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from marshmallow import ValidationError


class JsonInvalid(Invalid):
    """The body is not JSON."""

    code = "json_invalid"
    title = "请求内容不是有效的 JSON"


class Parser(FlaskParser):
    """webargs for us: unknown members are errors everywhere but in headers, and failures are our problems."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": "raise", "json": "raise"}  # noqa: RUF012

    def load_json(self, req: Any, schema: Any) -> Any:  # noqa: ARG002 - webargs' signature
        """Return the body as JSON, whatever its declared type.

        Raises:
            JsonInvalid: it is no JSON, or has a number that JSON does not know (NaN).
        """
        try:
            return json.loads(request.get_data(), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise JsonInvalid from None

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


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _flat(path: str, messages: Any) -> Iterator[tuple[str, str]]:
    """Yield (``a.b.0``, message) for every leaf of marshmallow's tree of messages."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(f"{path}.{key}" if path else str(key), value)
    else:
        yield path.removesuffix("._schema"), "；".join(_chinese(str(message)) for message in messages)


_CHINESE = {
    "Missing data for required field.": "必填",
    "Field may not be null.": "不能为空",
    "Unknown field.": "未知字段",
    "Not a valid string.": "应为文本",
    "Not a valid integer.": "应为整数",
    "Not a valid number.": "应为数字",
    "Not a valid boolean.": "应为 true 或 false",
    "Not a valid date.": "应为日期（YYYY-MM-DD）",
    "Not a valid datetime.": "应为带时区的时间（ISO 8601）",
    "Not a valid UUID.": "应为 UUID",
    "Not a valid list.": "应为列表",
    "Not a valid mapping type.": "应为对象",
    "Invalid input type.": "应为对象",
    "String does not match expected pattern.": "格式不正确",
}


def _chinese(message: str) -> str:
    """Return marshmallow's message in Chinese; what is not in the table (limits with numbers) stays as it is."""
    return _CHINESE.get(message, message)
