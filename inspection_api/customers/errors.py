"""The customers' problems."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Invalid


class UsccInvalid(Invalid):
    """The code has the wrong form or its check character does not fit."""

    code = "uscc_invalid"
    title = "统一社会信用代码有误"


class UsccTaken(Conflict):
    """Another customer of the bank has this code; ``existing_id`` names it if the actor may see it."""

    code = "uscc_taken"
    title = "该统一社会信用代码已有客户"


class OfficerUnfit(Conflict):
    """The named person has no role today that visits customers of this organisation."""

    code = "officer_unfit"
    title = "该人员不能负责此机构的客户"
