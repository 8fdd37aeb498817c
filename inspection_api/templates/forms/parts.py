"""What a form is made of: the parts of a definition, as it is stored in JSON and never changes once published."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from inspection_api.core.permissions import Role


class ItemType(StrEnum):
    """是否, 单选, 多选, 数值+单位, 金额, 日期, 文本, 签名, 媒体, 只读(贷款字段)."""

    YES_NO = "yes_no"
    SINGLE = "single"
    MULTIPLE = "multiple"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TEXT = "text"
    SIGNATURE = "signature"
    MEDIA = "media"
    READ_ONLY = "read_only"


class MediaKind(StrEnum):
    """图片, 语音, 视频."""

    PHOTO = "photo"
    AUDIO = "audio"
    VIDEO = "video"


class ProofKind(StrEnum):
    """What proves an item: media, 证件/单据号码, or a second person (双人核实)."""

    PHOTO = "photo"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT_NUMBER = "document_number"
    SECOND_PERSON = "second_person"


class RuleKind(StrEnum):
    """Rules over several items."""

    AT_LEAST_ONE = "at_least_one"
    AT_MOST_ONE_NON_ZERO = "at_most_one_non_zero"
    REASON_IF_INDICATOR = "reason_if_indicator"
    ORDERED = "ordered"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a definition: immutable, and strict about unknown fields."""


class Option(_Part, frozen=True):
    """One choice: a stable code, and the word that people read."""

    code: str
    label: str


class Indicator(_Part, frozen=True):
    """预警指示: ``code`` (W01…) is raised when the answer is one of ``adverse``."""

    code: str
    adverse: tuple[bool | str, ...]


class Condition(_Part, frozen=True):
    """Holds when ``item`` was answered with one of ``one_of``, or, with ``any_indicator``, when any was raised."""

    item: str | None = None
    one_of: tuple[bool | str, ...] = ()
    any_indicator: bool = False


class Evidence(_Part, frozen=True):
    """验证方式 as a rule: at least ``min_count`` media of ``kind``, each of at least ``min_seconds``.

    A document number and a second person are no media: ``item`` is the item whose answer is the number, or names (or
    is signed by) that person.
    """

    kind: ProofKind
    min_count: int = 1
    min_seconds: int = 0
    item: str = ""


class Group(_Part, frozen=True):
    """A heading of the form."""

    key: str
    label: str


class Item(_Part, frozen=True):
    """One thing to check: the question, the 规定动作, and how the answer is proved.

    ``minimum`` and ``maximum`` are decimal strings. Items of one ``number`` share a printed line: the first one's
    ``heading`` is its text, each ``caption`` stands before its blank. ``source`` names where a read-only value comes
    from (``loan.amount``), ``fed`` marks a value that the bank's systems may deliver. Only visitors who held one of
    ``roles`` on the day of the visit are asked; without any, all are.
    """

    key: str
    group: str
    label: str
    type: ItemType
    number: str = ""
    heading: str = ""
    caption: str = ""
    unit: str = ""
    decimals: int = 2
    minimum: str | None = None
    maximum: str | None = None
    max_length: int = 500
    required: bool = False
    required_if: Condition | None = None
    visible_if: Condition | None = None
    options: tuple[Option, ...] = ()
    not_applicable: bool = False
    indicator: Indicator | None = None
    evidence: tuple[Evidence, ...] = ()
    media_limits: dict[MediaKind, int] = {}
    required_action: str = ""
    verification: str = ""
    source: str = ""
    fed: bool = False
    roles: tuple[Role, ...] = ()


class Rule(_Part, frozen=True):
    """A rule over ``items``; ``value`` is the answer that needs a reason, ``evidence`` may lie at any of the items."""

    kind: RuleKind
    items: tuple[str, ...]
    value: str = ""
    evidence: tuple[Evidence, ...] = ()


class Definition(_Part, frozen=True):
    """A whole form; ``min_dwell_s`` is how long an honest visit takes at least (domain.md §3.3)."""

    title: str
    groups: tuple[Group, ...]
    items: tuple[Item, ...]
    rules: tuple[Rule, ...] = ()
    instructions: tuple[str, ...] = ()
    min_dwell_s: int = 300
