"""`make screenshots`: every page as a phone and a PC show it, from a running `make run`, into ``var/screenshots``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inspection_api.accounts.errors import DeviceLimit
from inspection_api.core.periods import local_day
from tests.browser import chromium
from tests.desk_pictures import DESK_SHOTS
from tests.kiosk_pictures import station
from tests.phone_pictures import walk
from tests.pictures import Shot, refusal, take
from tests.web.test_phone_troubles import NO_DATABASE, NO_KEYS

ROOT = Path(__file__).parents[1]
LAST_MONTHS = f"from={local_day(datetime.now(UTC) - timedelta(days=60))}&to={local_day(datetime.now(UTC))}"

REQUESTED = {"id": "01a23269-71e9-71e8-8c41-a1980eb0ce97", "kind": "report_export", "done": 0, "total": 8, "result": {}}
REQUESTED |= {"problem": None, "finished_at": None, "file_name": None, "expires_at": None}
REQUESTED |= {"requested_at": f"{datetime.now(UTC) - timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}"}
RUNNING = REQUESTED | {"status": "running", "done": 3}
FAILED = REQUESTED | {"status": "failed", "problem": "export_quota_exceeded"}
DONE = REQUESTED | {
    "status": "done",
    "file_name": "completion.xlsx",
    "expires_at": f"{local_day(datetime.now(UTC))}T15:59:00Z",
}
"""Jobs as the server shows them, in each of their states: no picture waits for the worker."""


def page_of(*items: dict[str, Any]) -> dict[str, Any]:
    """Return the answer that is a list's only page."""
    return {"json": {"items": items, "next_cursor": None}}


SHOTS = (
    Shot("login", None, "/login"),
    Shot(
        "login-wrong",
        None,
        "/login",
        ("button.primary",),
        fills=(("[name=bank]", "demo"), ("[name=username]", "hq"), ("[name=password]", "wrong-password")),
    ),
    Shot("account", "hq", "/account"),
    Shot("account-officer", "o0101", "/account"),
    Shot("account-logout", "hq", "/account", ("text=退出所有设备",)),
    Shot("desk", "m0101", "/desk"),
    Shot("desk-unlock", "m0101", "/desk", ("[data-kind=unlock] button:text-is('详情')",)),
    Shot("desk-unlock-decide", "m0101", "/desk", ("[data-kind=unlock] button:text-is('批准')",)),
    Shot("desk-void", "m0101", "/desk", ("[data-kind=void] button:text-is('详情')",)),
    Shot("desk-quarantine", "m0101", "/desk", ("[data-kind=quarantine] button:text-is('详情')",)),
    Shot("desk-conflict", "m0101", "/desk", ("[data-kind=conflict] button:text-is('详情')",)),
    Shot("desk-conflict-decide", "m0101", "/desk", ("[data-kind=conflict] .buttons button:nth-child(2)",)),
    Shot("desk-binding", "m0101", "/desk", ("[data-kind=binding] button:text-is('详情')",)),
    Shot("desk-binding-decide", "m0101", "/desk", ("[data-kind=binding] button:text-is('确认')",)),
    Shot("desk-proposal", "m0101", "/desk", ("[data-kind=proposal] button:text-is('详情')",)),
    Shot("desk-exit", "a01", "/desk", ("[data-kind=exit] button:text-is('详情')",)),
    Shot("desk-alert", "risk", "/desk", ("[data-kind^=alert] button:text-is('详情')",)),
    Shot("desk-team", "m0101", "/desk#team"),
    Shot("desk-team-branch", "b01", "/desk#team"),
    Shot("desk-phones", "m0101", "/desk#phones"),
    Shot("desk-phones-give-up", "m0101", "/desk#phones", ("[data-phone] button:text-is('停用')",)),
    Shot("desk-inbox", "m0101", "/desk#inbox"),
    Shot("desk-empty", "admin", "/desk"),
    Shot("board", "hq", "/board"),
    Shot("board-branch", "b01", "/board"),
    Shot("board-sub-branch", "m0101", "/board"),
    Shot("board-officer", "o0101", "/board"),
    Shot("board-completion", "hq", "/board?view=report&report=completion"),
    Shot("board-list", "b01", "/board?view=report&report=details", (".report tbody a[aria-label]",)),
    Shot(
        "board-task",
        "b01",
        "/board?view=report&report=details",
        (".report tbody a[aria-label]", ".list a:has-text('任务经过')"),
    ),
    Shot(
        "board-record",
        "b01",
        f"/board?view=report&report=records&{LAST_MONTHS}",
        (".report tbody a[aria-label]", ".list a:has-text('检查记录')"),
    ),
    *(
        Shot(f"board-{report}", "hq", f"/board?view=report&report={report}")
        for report in ("coverage", "series", "comparison", "indicators", "conclusions", "branch_checks", "alerts")
    ),
    *(
        Shot(f"board-{report.replace('_', '-')}", "hq", f"/board?view=report&report={report}&{LAST_MONTHS}")
        for report in ("month_end", "migrations", "anomalies", "details", "records")
    ),
    Shot("desk-unreachable", "m0101", "/desk", answers=(("**/api/v1/todos?*", None),)),
    Shot("desk-team-unreachable", "m0101", "/desk#team", answers=(("**/api/v1/tasks?*", None),)),
    Shot("board-unreachable", "hq", "/board", answers=(("**/api/v1/reports/**", None),)),
    Shot(
        "board-list-empty",
        "b01",
        "/board?view=report&report=details",
        (".report tbody a[aria-label]:text-is('0')",),
    ),
    Shot(
        "board-list-unreachable",
        "b01",
        "/board?view=report&report=details",
        (".report tbody a[aria-label]",),
        answers=(("**/api/v1/reports/details/**", None),),
    ),
    Shot("board-exports-empty", "hq", "/board?view=exports", answers=(("**/api/v1/jobs?*", page_of()),)),
    Shot("board-exports", "hq", "/board?view=exports", answers=(("**/api/v1/jobs?*", page_of(DONE, RUNNING, FAILED)),)),
    Shot(
        "board-export-failed",
        "hq",
        "/board?view=report&report=completion",
        ("button:text-is('导出 Excel')",),
        answers=(("**/completion/exports?*", {"json": FAILED}),),
    ),
    Shot("board-error", "hq", "/board?view=report&report=completion&from=2026-03-01&to=2026-02-01"),
    Shot("board-forbidden", "admin", "/board"),
    *DESK_SHOTS,
    Shot("m-no-storage", "o0102", "/m", script=NO_DATABASE, shows="text=storage_unavailable"),
    Shot("m-no-keys", "o0102", "/m", script=NO_KEYS, shows="text=key_unsupported"),
    Shot(
        "m-third-device",
        "o0102",
        "/m",
        ("button:text-is('在此设备上开始使用')",),
        answers=(("**/api/v1/devices", refusal(DeviceLimit())),),
        shows="text=device_limit",
    ),
)


def main(address: str, names: list[str]) -> int:
    """Take all pictures, or those of these names; return the exit status: 1 where a picture lacks or is too wide."""
    folder = ROOT / "var/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        faults = [
            line for shot in SHOTS if not names or shot.name in names for line in take(browser, address, shot, folder)
        ]
        faults += station(browser, address, folder) if not names or "kiosk" in names else []
    faults += walk(address, folder) if not names or "m" in names else []
    sys.stdout.write("".join(f"{line}\n" for line in faults or [f"screenshots are in {folder}"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}", sys.argv[1:]))
