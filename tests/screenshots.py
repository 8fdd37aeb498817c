"""`make screenshots`: every page as a phone and a PC show it, from a running `make run`, into ``var/screenshots``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection_api.core.periods import local_day
from tests.browser import chromium
from tests.kiosk_pictures import station
from tests.phone_pictures import walk
from tests.pictures import Shot, take

ROOT = Path(__file__).parents[1]
LAST_MONTHS = f"from={local_day(datetime.now(UTC) - timedelta(days=60))}&to={local_day(datetime.now(UTC))}"

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
    Shot("board-error", "hq", "/board?view=report&report=completion&from=2026-03-01&to=2026-02-01"),
    Shot("board-forbidden", "admin", "/board"),
)


def main(address: str, names: list[str]) -> int:
    """Take all pictures, or those of these names; return the exit status."""
    folder = ROOT / "var/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        wide = [
            line for shot in SHOTS if not names or shot.name in names for line in take(browser, address, shot, folder)
        ]
        wide += station(browser, address, folder) if not names or "kiosk" in names else []
    wide += walk(address, folder) if not names or "m" in names else []
    sys.stdout.write("".join(f"{line}\n" for line in wide or [f"screenshots are in {folder}"]))
    return 1 if wide else 0


if __name__ == "__main__":
    sys.exit(main(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}", sys.argv[1:]))
