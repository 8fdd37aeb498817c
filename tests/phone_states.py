"""Pictures of what a phone in use comes to: its dialogs, every fate of an entry, and refusals by the bank."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from inspection_api.accounts.errors import DeviceLimit
from inspection_api.core.errors import Unauthenticated
from sync.errors import DeviceUnknown, DeviceWiped
from sync.protocol.verdicts import MESSAGES
from tests.pictures import Script, Shot, refusal, take_beside, tap

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

NO_PLACE = """navigator.geolocation.watchPosition = (_, fail) => fail({ code: 1 });
navigator.geolocation.getCurrentPosition = () => null;"""
STANDING = """const coords = { longitude: 114.5, latitude: 38.04, accuracy: 12 };
const tell = (found) => found({ coords, timestamp: Date.now() });
navigator.geolocation.watchPosition = (found) => setInterval(tell, 500, found);"""
WRONG_CLOCK = "const now = Date.now; Date.now = () => now() + 20 * 60_000;"
STORE = """
  const { name } = (await indexedDB.databases()).find((each) => each.name.startsWith("xunji-"));
  const opened = indexedDB.open(name);
  const db = await new Promise((done) => { opened.onsuccess = () => done(opened.result); });
  const all = (store) => new Promise((done) => {
    const asked = db.transaction(store).objectStore(store).getAll();
    asked.onsuccess = () => done(asked.result);
  });
  const write = (store, work) => new Promise((done) => {
    const tx = db.transaction(store, "readwrite");
    work(tx.objectStore(store));
    tx.oncomplete = done;
  });
"""


def in_store(work: str) -> Script:
    """Return the step that reads and writes the phone's own data: what takes days, or other people, to come about."""
    return Script(f"async () => {{{STORE}{work} db.close(); }}")


FATES = {
    "conflict": ["field_conflict"],
    "quarantined": ["outside", "answers_invalid"],
    "rejected": ["forbidden_or_unknown"],
    "held": ["held"],
    "parked": ["parked"],
    "extra": ["extra"],
    "superseded": ["superseded"],
    "applied": ["applied"],
}
RECEIPTS = [
    {
        "status": status,
        "code": codes[0],
        "codes": codes,
        "message": "；".join(MESSAGES[code] for code in codes),
        "fields": {"answers.tax_ytd": {"outcome": "conflict", "server": {"value": "5"}}},
        "version": 3,
    }
    for status, codes in FATES.items()
]
WITH_FATES = in_store(
    f"const receipts = {json.dumps(RECEIPTS)};"
    """
  const form = (await all("row")).find((row) => row.e === "template_version").id;
  const about = "石家庄恒通机械制造有限公司 · 一号厂房";
  const payload = { template_version_id: form, answers: [{ item: "tax_ytd", value: "3.50" }], media: [] };
  const id = (index) => `0190aaaa-0000-7000-8000-00000000000${index}`;
  const captured = { wall: new Date().toISOString() };
  const said = (op_id) => ({ op_id, type: "inspection.submit", entity_id: op_id, payload, captured });
  const done = { seq: 0, state: "acked", acked_at: Date.now() };
  const made = (op_id) => ({ op_id, ...done, about, content: said(op_id) });
  await write("op", (ops) => receipts.forEach((_, index) => ops.put(made(id(index)))));
  await write("receipt", (told) => receipts.forEach((each, index) => told.put({ op_id: id(index), ...each })));
  location.hash = "#/outbox";
"""
)
WITHOUT_FATES = in_store("""
  const ours = (await all("op")).map((op) => op.op_id).filter((id) => id.startsWith("0190aaaa"));
  for (const store of ["op", "receipt"]) await write(store, (rows) => ours.forEach((id) => rows.delete(id)));
""")
"""What the pictures wrote goes again: the visit behind them has an outbox of its own."""
AT_A_NEW_PLATE = Script("""async () => {
  const asked = await fetch("/api/v1/checkpoints?state=unbound&limit=1", { headers: { "X-Xunji-Page": "1" } });
  const { items: [{ id }] } = await asked.json();
  sessionStorage.setItem("xunji.scanned", JSON.stringify({ id, qr: "XJ1", at: Date.now() }));
  location.hash = `#/point/${id}`;
}""")
TWO_FORMS = in_store("""
  const rows = await all("row");
  const form = rows.find((row) => row.e === "template_version");
  const [{ checkpoint_id: id }] = (await all("op")).map((op) => op.content.payload).filter((each) => each.scan);
  const template_id = "0190bbbb-0000-7000-8000-000000000000";
  const definition = { ...form.d.definition, title: "小微企业专项检查表" };
  await write("row", (held) => {
    for (const task of rows.filter((row) => row.e === "task")) held.delete([task.e, task.id]);
    held.put({ ...form, id: template_id, d: { ...form.d, template_id, definition } });
  });
  sessionStorage.setItem("xunji.scanned", JSON.stringify({ id, qr: "XJ1", at: Date.now(), reason: "damaged" }));
  location.hash = `#/point/${id}`;
""")
ALERTED = in_store("""
  const { id: customer_id } = (await all("row")).find((row) => row.e === "customer");
  const subject_date = new Date().toISOString().slice(0, 10);
  const d = { customer_id, subject_date, rule: "work_stopped", level: 3, handling: "new", cleared_on: null };
  const id = "0190cccc-0000-7000-8000-000000000000";
  await write("row", (held) => held.put({ e: "alert", id, v: 1, d, round: 99 }));
  location.hash = "#/alerts";
""")
CUT_OFF = in_store("""
  const draft_id = location.hash.split("/").at(-1);
  const heard = [...document.querySelectorAll("[data-item]")].find((each) => each.innerText.includes("语音("));
  const blob = new Blob(["…"]);
  const made = { kind: "audio", seconds: 47.2, at: Date.now(), fix: null, mime: "audio/webm", blob };
  const slice = { draft_id, item: heard.dataset.item, recording_id: draft_id, place: 0, ...made };
  await write("slice", (slices) => slices.put(slice));
  location.hash = "#/";
  await new Promise((done) => setTimeout(done, 500));
  location.hash = `#/visit/${draft_id}`;
""")


def unlocked(paper: dict[str, Any]) -> dict[str, Any]:
    """Let a paper be open for printing until tomorrow."""
    closes_at = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    return {**paper, "state": "open", "closes_at": closes_at, "deciders": []}


STATION = {"id": "0190dddd-0000-7000-8000-000000000000", "name": "一楼大厅自助机具"}
PAPER = "#/papers"
STATES = (
    Shot("m-location-refused", None, "/m", (".task a",), script=NO_PLACE, shows="text=location_refused"),
    Shot(
        "m-login-expired",
        None,
        "/m",
        answers=(("**/api/v1/sync/handshake", refusal(Unauthenticated())),),
        shows="text=登录已过期",
    ),
    Shot(
        "m-crowded",
        None,
        "/m",
        answers=(
            ("**/api/v1/sync/handshake", refusal(DeviceUnknown())),
            ("**/api/v1/devices", refusal(DeviceLimit())),
        ),
        shows="text=device_limit",
    ),
    Shot("m-wrong-clock", None, "/m", script=WRONG_CLOCK, shows="text=clock_skew"),
    Shot(
        "m-release",
        None,
        f"/m{PAPER}",
        ("main ul a:has-text('打印期限已过')", "button:text-is('到机具打印')"),
        answers=(
            ("**/api/v1/inspections/*/paper", unlocked),
            ("**/api/v1/print-stations?*", {"json": {"items": [STATION], "next_cursor": None}}),
        ),
        shows="dialog[open]",
    ),
    Shot(
        "m-unlock",
        None,
        f"/m{PAPER}",
        ("main ul a:has-text('打印期限已过') >> nth=-1", "button:text-is('申请解锁')"),
        shows="dialog[open]",
    ),
    Shot(
        "m-void",
        None,
        f"/m{PAPER}",
        ("main ul a:has-text('已打印')", "button:text-is('申请作废')"),
        answers=(("**/api/v1/inspections/*/paper", lambda paper: {**paper, "void_requests": []}),),
        shows="dialog[open]",
    ),
    Shot("m-feedback", None, "/m", (ALERTED, "main li button"), shows="dialog[open]"),
    Shot(
        "m-bind",
        None,
        "/m",
        (AT_A_NEW_PLATE,),
        script=STANDING,
        shows=".act button:enabled",
    ),
    Shot("m-bind-photo", None, "/m", (AT_A_NEW_PLATE, ".act button:enabled"), script=STANDING, shows="dialog.capture"),
    Shot("m-fates", None, "/m", (WITH_FATES,), shows="[data-status=conflict] >> text=您填"),
)
FORMS = Shot(
    "m-forms",
    None,
    "/m",
    (TWO_FORMS, ".act button:enabled"),
    answers=(("**/api/v1/sync/push", None), ("**/api/v1/media**", None)),
    shows="dialog[open] >> text=用哪张检查表",
)
ENDED = Shot(
    "m-ended",
    None,
    "/m",
    answers=(("**/api/v1/sync/handshake", refusal(DeviceWiped(wipe=True))),),
    shows="text=本手机已被停用",
)
"""The one comes last, since it takes the phone's tasks away; what the other takes away comes with the next pull."""


def states(page: Page, address: str, folder: Path) -> list[str]:
    """Take a picture of each of these states beside the phone's own page, which stays as it is."""
    faults = [line for shot in STATES for line in take_beside(page.context, address, shot, folder)]
    tap(page, WITHOUT_FATES)
    return faults + take_beside(page.context, address, ENDED, folder)
