"""Pictures of `/desk` that the demo bank has no case of: kinds that rarely wait, and a race that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.templates.default_template import DEFINITION
from inspection_api.todos.queries.office import RECOMPUTES, TEMPLATES
from inspection_api.todos.queries.papers import OPINIONS
from inspection_api.todos.schemas import TodoKindSchema
from inspection_api.todos.service import KindView
from kiosk_print.errors import UnlockDecided
from sync.service.desk.waiting import AMENDMENTS
from tests.pictures import Script, Shot, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.todos.queries.kind import Kind

TODOS = "**/api/v1/todos?*"
FILLED_IN = Script("""() => {
  for (const each of document.querySelectorAll("dialog textarea")) each.value = "情况属实，已电话核实";
}""")
AMENDED = {
    "reason": "企业次日补来报税截图，原填写少计一个月",
    "answers": [{"item": "tax_ytd", "value": "12.50"}, {"item": "inflow_ytd", "value": "36"}],
    "note": "已与企业财务核对",
}
RECOMPUTED = {
    "since": "2026-04-01",
    "reason": "规则由每季一次改为每月一次，自本季起补足",
    "difference": {"create": 128, "cancel": 3, "keep": 412, "items": []},
}
LOST = UnlockDecided("该申请已由李建国处理", current="approved", decided_by_name="李建国")


def standing_for(kind: Kind, was: str, **told: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Let one thing of the queue be of another kind, with its words and its decisions as the server has them."""
    seen = KindView(code=kind.code, title=kind.title, number=1, if_nothing=kind.if_nothing, decisions=kind.decisions)

    def queue(answer: dict[str, Any]) -> dict[str, Any]:
        (item, *_others) = [each for each in answer["items"] if each["kind"] == was]
        waits = {**item, "kind": kind.code, "if_nothing": next(iter(kind.if_nothing)), "note_text": None, **told}
        return {**answer, "items": [waits], "kinds": [TodoKindSchema().dump(seen)], "total": 1}

    return queue


NOWHERE = {"checkpoint_name": None, "customer_name": None, "organisation_name": "省行"}
OPINION = ((TODOS, standing_for(OPINIONS, "unlock")),)
AMENDMENT = (
    (TODOS, standing_for(AMENDMENTS, "quarantine")),
    ("**/api/v1/sync/quarantine/*", lambda answer: {**answer, "content": AMENDED}),
)
RECOMPUTE = (
    (TODOS, standing_for(RECOMPUTES, "unlock", note_text="支行检查", **NOWHERE)),
    ("**/api/v1/recomputes/*", {"json": RECOMPUTED}),
)
TEMPLATE = (
    (TODOS, standing_for(TEMPLATES, "unlock", **NOWHERE)),
    ("**/api/v1/template-versions/*", {"json": {"number": 2, "definition": DEFINITION}}),
)
DESK_SHOTS = (
    Shot("desk-opinion", "m0101", "/desk", ("[data-kind=opinion] button:text-is('详情')",), answers=OPINION),
    Shot("desk-opinion-decide", "m0101", "/desk", ("[data-kind=opinion] button.primary",), answers=OPINION),
    Shot("desk-amendment", "m0101", "/desk", ("[data-kind=amendment] button:text-is('详情')",), answers=AMENDMENT),
    Shot("desk-recompute", "m0101", "/desk", ("[data-kind=recompute] button:text-is('详情')",), answers=RECOMPUTE),
    Shot(
        "desk-template",
        "m0101",
        "/desk",
        ("[data-kind=template] button:text-is('详情')", "dialog summary"),
        answers=TEMPLATE,
    ),
    Shot(
        "desk-race",
        "m0101",
        "/desk",
        ("[data-kind=unlock] button:text-is('批准')", FILLED_IN, "dialog button.primary"),
        answers=(("**/api/v1/unlock-requests/*/decision", refusal(LOST)),),
        shows="dialog >> text=unlock_decided",
    ),
)
