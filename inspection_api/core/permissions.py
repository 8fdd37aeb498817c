"""The permission matrix of domain.md §6, as one table of data.

A *permission* is an action (a row of the matrix) and a capability (what is to be done). A cell lists the capabilities
of a role: ``all`` is every capability of the row, a plain word holds for the whole organisation subtree of the role
assignment, and ``own:word`` only for what belongs to the actor (granted to him, or made by him). Whoever has any
capability of a row may also read it, within the same reach. Four-eyes rules (¶ in the matrix) are about the object,
not the role: they are ``ensure_…`` functions in each slice's ``rules.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class Role(StrEnum):
    """Who may hold a role assignment; the last three are devices. The order is the order of the matrix' columns."""

    ADMINISTRATOR = "administrator"
    PROVINCE_MANAGER = "province_manager"
    BRANCH_MANAGER = "branch_manager"
    SUB_BRANCH_MANAGER = "sub_branch_manager"
    LOAN_OFFICER = "loan_officer"
    EXCEPTION_HANDLER = "exception_handler"
    APPROVER = "approver"
    RISK_MANAGER = "risk_manager"
    SERVICE_MANAGER = "service_manager"
    INFORMATION_OFFICER = "information_officer"
    ENTERPRISE_USER = "enterprise_user"
    AUDITOR = "auditor"
    PRINT_STATION = "print_station"
    BOARD = "board"
    GATEWAY = "gateway"


class Action(StrEnum):
    """The rows of the matrix."""

    ACCOUNTS = "accounts"
    CONFIGURATION = "configuration"
    RULES = "rules"
    TEMPLATES = "templates"
    CHECKPOINTS = "checkpoints"
    PLATES = "plates"
    BINDING = "binding"
    RESET = "reset"
    EXIT = "exit"
    TASKS = "tasks"
    ONSITE = "onsite"
    REMOTE = "remote"
    SELF_CHECK = "self_check"
    AMENDMENT = "amendment"
    PAPERS = "papers"
    UNLOCK = "unlock"
    EXCEPTIONS = "exceptions"
    ALERT_REVIEW = "alert_review"
    ALERT_FEEDBACK = "alert_feedback"
    ALERT_RULES = "alert_rules"
    REPORTS = "reports"
    PERSONAL_EXPORT = "personal_export"
    AUDIT = "audit"
    TELEMETRY = "telemetry"
    CUSTOMERS = "customers"
    WATCH_LIST = "watch_list"
    RECTIFICATION = "rectification"
    FOLLOW_UP = "follow_up"
    QUARANTINE = "quarantine"
    EVIDENCE = "evidence"
    CLOSING = "closing"
    SILENCE = "silence"
    LEGAL_HOLD = "legal_hold"
    STATIONS = "stations"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a route asks of its caller, for example ``Permission(Action.CHECKPOINTS, "edit")``."""

    action: Action
    capability: str

    def __str__(self) -> str:
        """Return the stable name that clients and the OpenAPI document show."""
        return f"{self.action}.{self.capability}"


PEOPLE = tuple(role for role in Role if role not in {Role.PRINT_STATION, Role.BOARD, Role.GATEWAY})
"""The roles that a person may hold; the others are machines'."""
CONFINED = frozenset({Role.PRINT_STATION, Role.BOARD})
"""Machines that stand where anybody passes: their tokens open what the matrix names, and not one thing more."""


class Reach(StrEnum):
    """How far a role's capability goes: nothing, what is his own, or the whole subtree of the assignment."""

    NONE = "none"
    OWN = "own"
    SUBTREE = "subtree"


# fmt: off
MATRIX: dict[Action, str] = {
    #               admin | province | branch | sub_branch | officer | exception | approver | risk | service
    #               | information | enterprise | auditor | print_station | board | gateway
    Action.ACCOUNTS: "all|read|enrol|enrol||||||||read|||",
    Action.CONFIGURATION: "all|edit|read|read|read|||read||||read|||",
    Action.RULES: "|edit,edit_dates|edit,edit_dates|edit_dates|read|||read||||read|||",
    Action.TEMPLATES: "|propose,publish|read|read|read|||propose||||read|||",
    Action.CHECKPOINTS: "|edit|edit|edit|own:propose|||read||read|own:read|read|||",
    Action.PLATES: "|issue|issue|issue|read|||||||read|own:released||",
    Action.BINDING: "|decide|decide|bind,decide|own:bind||||||||||",
    Action.RESET: "|reset|reset|reset||||||||read|||",
    Action.EXIT: "|propose,approve|propose,approve|propose|own:propose||approve|read||||read|||",
    Action.TASKS: "|edit|edit|edit||own:edit||edit|||||||",
    Action.ONSITE: "|perform|perform|perform|own:perform|own:perform||perform|||||||",
    Action.REMOTE: "|perform|perform|perform|own:perform|||perform|||own:join||||",
    Action.SELF_CHECK: "||||own:confirm||||||own:perform||||",
    Action.AMENDMENT: "|||amend|own:request||approve||||||||",
    Action.PAPERS: "|read|print,void|print,void|own:print||opinion|read||||read|own:released||",
    Action.UNLOCK: "|approve|approve|request,approve|own:request||approve|||||read|||",
    Action.EXCEPTIONS: "|approve|approve|approve|own:request||approve|||||read|||",
    Action.ALERT_REVIEW: "|||||||review|review|review||read|||",
    Action.ALERT_FEEDBACK: (
        "|feedback,close|feedback,close|feedback,close|own:feedback|own:feedback||feedback,close||||read|||"
    ),
    Action.ALERT_RULES: "devices|edit,devices|read|read||||edit,devices|devices|||read|||",
    Action.REPORTS: (
        "|completion,alerts|completion,alerts|completion,alerts|own:completion,own:alerts||completion,alerts"
        "|completion,alerts|alerts|alerts||completion,alerts||own:aggregates|"
    ),
    Action.PERSONAL_EXPORT: "|export|export|export||||export||||export|||",
    Action.AUDIT: "security|||||||||||read|||",
    Action.TELEMETRY: "||||||||||||||own:ingest",
    Action.CUSTOMERS: "|edit|edit|edit|own:propose|||read||read|own:read|read|||",
    Action.WATCH_LIST: "|edit|edit|edit|own:propose|||edit||||read|||",
    Action.RECTIFICATION: "|open,verify|open,verify|open,verify|own:open,own:do|own:do||open,verify|||own:do|read|||",
    Action.FOLLOW_UP: "|read|read|record|own:record|own:record||record||||read|||",
    Action.QUARANTINE: "|decide|decide|decide|own:drafts||decide|||||read|||",
    Action.EVIDENCE: "|review|review|review||||review||||read|||",
    Action.CLOSING: "|freeze,review|freeze|||||review||||read|||",
    Action.SILENCE: "|silence,connectors|silence|||||silence||||read|||",
    Action.LEGAL_HOLD: "|hold||||||||||hold|||",
    Action.STATIONS: "enrol|enrol|enrol|enrol||||||||read|||",
}
# fmt: on


def reach(role: Role, permission: Permission) -> Reach:
    """Return how far ``role`` may use ``permission`` (domain.md §6)."""
    words = _cell(role, permission.action)
    wanted = permission.capability
    if words & {"all", wanted} or (wanted == "read" and any(not word.startswith("own:") for word in words)):
        return Reach.SUBTREE
    if f"own:{wanted}" in words or (wanted == "read" and words):
        return Reach.OWN
    return Reach.NONE


def is_named(role: Role, permission: Permission) -> bool:
    """Tell whether the matrix gives ``role`` this very capability, and does not merely let it read along."""
    return bool(_cell(role, permission.action) & {permission.capability, f"own:{permission.capability}"})


@cache
def _cell(role: Role, action: Action) -> frozenset[str]:
    """Return the words of one cell of the matrix."""
    cells = MATRIX[action].split("|")
    return frozenset(word for word in cells[list(Role).index(role)].split(",") if word)
