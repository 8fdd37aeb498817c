"""The phone's modules, run in a browser against the vectors that every client of the protocol is held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.templates import forms
from inspection_api.templates.default_template import DEFINITION
from inspection_api.templates.forms.proofs import Medium
from inspection_api.web.pages import ASSETS
from tests.browser import chromium, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

VECTORS = Path(__file__).parents[2] / "sync" / "client" / "vectors"


def cases(name: str, **only: Any) -> list[dict[str, Any]]:
    read = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return [each for each in read if only.items() <= each.items()]


@pytest.fixture(scope="module")
def page(built_apps: Callable[[str], Flask]) -> Iterator[Any]:
    with served(built_apps("rolled back")) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{url}/login")
        yield page


def ran(page: Any, module: str, script: str, given: list[dict[str, Any]]) -> list[Any]:
    """Return what ``script``, an async function of the module and one case, makes of each case."""
    url = ASSETS.url(f"static/m/{module}")
    run = f"""async ([url, cases]) => {{
      const module = await import(url);
      const one = {script};
      return Promise.all(cases.map((each) => one(module, each)));
    }}"""
    return list(page.evaluate(run, [url, given]))


def compared(given: list[dict[str, Any]], expected: str, found: list[Any]) -> None:
    assert {each["name"]: each[expected] for each in given} == {
        each["name"]: result for each, result in zip(given, found, strict=True)
    }


def test_signatures(page: Any) -> None:
    given = cases("signature")
    script = """async ({ signed }, { private_key, public_key, body }) => {
      const jwk = { kty: "OKP", crv: "Ed25519", d: private_key, x: public_key };
      const key = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
      return signed({ key }, body);
    }"""
    found = ran(page, "device/identity.js", script, given)
    assert [each["header"] == header for each, header in zip(given, found, strict=True)] == [
        each["valid"] for each in given
    ]


def test_requests_of_a_device_that_has_ended(page: Any) -> None:
    """Uploads are signed by the line, a push before it comes to the line."""
    given = cases("parting")
    script = """async ({ partingSend }, { token, device_id, method, path, upload, ...given }) => {
      const jwk = { kty: "OKP", crv: "Ed25519", d: given.private_key, x: given.public_key };
      const key = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
      const { signed } = await import(IDENTITY);
      const mine = path === "/sync/push" ? { "Device-Signature": await signed({ key }, given.signed) } : {};
      let sent = null;
      const note = (_method, _path, { headers }) => { sent = headers; };
      const send = partingSend(note, { deviceId: device_id, key }, token.split(".")[1]);
      await send(method, path, { headers: { ...upload, ...mine } });
      return Object.fromEntries(Object.entries(sent).filter(([name]) => name.startsWith("Device-")));
    }""".replace("IDENTITY", f'"{ASSETS.url("static/m/device/identity.js")}"')
    found = ran(page, "device/parting.js", script, given)
    assert [each["headers"] == headers for each, headers in zip(given, found, strict=True)] == [
        each["valid"] for each in given
    ]


def test_plates(page: Any) -> None:
    given = cases("plate")
    compared(given, "parts", ran(page, "rules/plate.js", "({ parse }, { text }) => parse(text)", given))


def test_what_a_plate_means(page: Any) -> None:
    given = cases("recognise")
    script = """({ recognise }, { text, checkpoints, bank_tag, now }) => {
      const { state, checkpoint } = recognise(text, checkpoints, { bankTag: bank_tag, now: Date.parse(now) });
      return [state, checkpoint?.id ?? null];
    }"""
    found = ran(page, "rules/plate.js", script, given)
    assert found == [[each["state"], each["checkpoint"]] for each in given]


def test_a_plate_that_the_phone_does_not_hold_is_fetched_and_that_is_said(page: Any) -> None:
    given = cases("recognise")[:1]
    script = """async ({ decide }, { text, bank_tag, checkpoints }) => {
      const said = document.createElement("div");
      const heard = [];
      const held = [];
      const app = {
        officer: { bank: { tag: bank_tag } },
        now: Date.now,
        position: { fixes: () => [] },
        mirror: { all: async () => held },
        runner: { run: async () => heard.push(said.textContent) && held.push({ ...checkpoints[0], name: "一号点" }) },
      };
      const real = fetch;
      globalThis.fetch = async () => {
        globalThis.fetch = real;
        const answer = { answer: { code: "inside", sentence: "", may_start: true }, checkpoint: { id: "point" } };
        return Response.json(answer);
      };
      await decide(app, text, "another", said);
      return [...heard, said.textContent];
    }"""
    (found,) = ran(page, "views/scan.js", script, given)
    assert found == [
        "二维码牌有效，正在同步…",
        "这是“一号点”的二维码牌，不是要检查的检查点（wrong_point）",
    ]


def test_the_geofence(page: Any) -> None:
    given = cases("geofence")
    script = "({ decide }, { fixes, centre, radius_m }) => decide(fixes, centre, radius_m)"
    found = ran(page, "rules/fence.js", script, given)
    compared(given, "verdict", [each["verdict"] for each in found])
    for name in ("distance_m", "accuracy_m"):
        metres = [each[name] for each in found]
        compared(given, name, [None if far is None else round(far, 2) for far in metres])


def test_the_direction_of_a_checkpoint(page: Any) -> None:
    here = {"lon": 114.5, "lat": 38.0}
    there = {
        "北": (0, 1),
        "东北": (1, 0.8),
        "东": (1, 0.1),
        "南": (-0.1, -1),
        "西南": (-1, -0.8),
        "西": (-1, 0),
        "西北": (-1, 0.9),
    }
    given = [{"here": here, "there": {"lon": 114.5 + east, "lat": 38.0 + north}} for east, north in there.values()]
    fence = ASSETS.url("static/m/rules/fence.js")
    script = f"""async ({{ directionOf }}, {{ here, there }}) => {{
      const {{ bearingOf }} = await import("{fence}");
      return directionOf(bearingOf(here, there));
    }}"""
    assert ran(page, "parts/way.js", script, given) == list(there)


def test_stamps_of_a_browser(page: Any) -> None:
    given = cases("time", boot_id=None)
    assert given
    compared(given, "wire", ran(page, "device/clock.js", "({ stamp }, { wall }) => stamp(Date.parse(wall))", given))


def test_reactions_to_answers(page: Any) -> None:
    given = cases("answers")
    script = """async ({ reaction }, { request, status, content_type, code, offset }) => {
      const { jsonOf, send } = await import(API);
      const { offsetOf } = await import(UPLOADS);
      const body = code ? JSON.stringify({ code, title: code }) : content_type === "application/json" ? "{}" : "<p>";
      const headers = { "Content-Type": content_type, ...(offset !== undefined && { "Upload-Offset": offset }) };
      const made = new Response(status === 204 ? null : body, { status, headers });
      const isWordless = content_type === "application/problem+json" && !code;
      const real = fetch;
      globalThis.fetch = async () => made;
      const asked = send(isWordless ? "HEAD" : "POST", "/x", { here: true });
      globalThis.fetch = real;
      try {
        const answer = await asked;
        if (request === "upload") offsetOf(answer);
        else await jsonOf(answer);
        return reaction(request, status, code);
      } catch (problem) {
        return reaction(request, problem.status, problem.code);
      }
    }"""
    script = script.replace("API", f'"{ASSETS.url("static/shell/api.js")}"')
    script = script.replace("UPLOADS", f'"{ASSETS.url("static/m/device/uploads.js")}"')
    compared(given, "does", ran(page, "device/reactions.js", script, given))


def test_what_a_weak_visit_lacks(page: Any) -> None:
    given = cases("weak")
    compared(given, "lacks", ran(page, "rules/weak.js", "({ weakLacks }, { media }) => weakLacks(media)", given))


def test_which_forms_a_visit_without_a_task_may_use(page: Any) -> None:
    """Those of its checkpoint's tasks, else all; of each the newest version, whatever other forms' numbers are."""
    versions = [("a1", "a", 1), ("a2", "a", 2), ("b7", "b", 7), ("b10", "b", 10)]
    held = {
        "versions": [
            {"id": id_, "template_id": of, "number": number, "definition": {"title": id_}}
            for id_, of, number in versions
        ],
        "templates": [{"id": "a", "name": "日常检查表"}, {"id": "b", "name": "押品检查表"}],
    }
    asked = {"none": [], "one": ["a1"], "both": ["a1", "b7"], "a form that is gone": ["c1"], "elsewhere": []}
    given = [
        {"checkpoint_id": f"p{n}", "name": name, "asked": asked[name], "held": held} for n, name in enumerate(asked)
    ]
    script = """({ formsFor }, { checkpoint_id, asked, held }) => {
      const task = (template_version_id, point) => ({ checkpoint_id: point, template_version_id });
      const tasks = [task("b10", "another"), ...asked.map((version) => task(version, checkpoint_id))];
      return formsFor(checkpoint_id, { ...held, tasks }).map(({ id, name }) => `${id} ${name}`);
    }"""
    found = dict(zip(asked, ran(page, "rules/choosing.js", script, given), strict=True))
    all_forms = ["a2 日常检查表", "b10 押品检查表"]
    assert found == {**dict.fromkeys(asked, all_forms), "one": ["a2 日常检查表"]}


def test_digests(page: Any) -> None:
    given = cases("digest")
    compared(given, "digests", ran(page, "device/mirror.js", "({ digestsOf }, { rows }) => digestsOf(rows)", given))


def test_pages_of_a_pull(page: Any) -> None:
    given = cases("apply")
    script = f"""async ({{ Mirror }}, {{ name, held, page }}) => {{
      const {{ Store }} = await import("{ASSETS.url("static/m/device/store.js")}");
      const store = await Store.open(name);
      for (const [id, v] of Object.entries(held)) {{
        await store.write(["row"], (tx) => tx.put("row", {{ e: "task", id, v, d: {{}}, round: 0 }}));
      }}
      const mirror = new Mirror(store);
      await mirror.apply(page);
      if ((await mirror.cursor()) !== page.cursor) throw new Error("the cursor has changed");
      return Object.fromEntries((await mirror.all("task")).map((row) => [row.id, row.version]));
    }}"""
    compared(given, "after", ran(page, "device/mirror.js", script, given))


def test_a_store_of_an_older_shape_keeps_what_it_holds(page: Any) -> None:
    script = """async ({ Store }, { name }) => {
      const made = indexedDB.open(name, 1);
      made.onupgradeneeded = () => made.result.createObjectStore("op", { keyPath: "op_id" }).put({ op_id: "one" });
      await new Promise((resolve) => { made.onsuccess = resolve; });
      made.result.close();
      const store = await Store.open(name);
      const kept = await store.read(["op"], (tx) => tx.all("op"));
      return [kept, [...store.db.objectStoreNames].includes("slice")];
    }"""
    assert ran(page, "device/store.js", script, [{"name": "older"}]) == [[[{"op_id": "one"}], True]]


def test_a_binding_and_its_photo_are_written_down_together(page: Any) -> None:
    script = """async ({ Visits }, { store: STORE, outbox: OUTBOX }) => {
      const [{ Store }, { Outbox }] = [await import(STORE), await import(OUTBOX)];
      const store = await Store.open("binding");
      const write = store.write.bind(store);
      let writes = 0;
      store.write = (...work) => { writes += 1; return write(...work); };
      const visits = new Visits({ store, outbox: new Outbox(store, "test") });
      const made = { blob: new Blob(["plate"]), mime: "image/jpeg", width: 1, height: 1, seconds: 0 };
      const photo = { made, fix: null, at: 1 };
      await visits.bind({ id: crypto.randomUUID(), version: 1 }, { qr: "", fixes: [], photo });
      const all = (name) => store.read([name], (tx) => tx.all(name));
      const [[op], [medium]] = [await all("op"), await all("medium")];
      return [writes, medium.state, op.content.payload.photo.id === medium.id];
    }"""
    modules = {name: ASSETS.url(f"static/m/device/{name}.js") for name in ("store", "outbox")}
    assert ran(page, "visits.js", script, [modules]) == [[1, "waiting", True]]


def test_a_note_without_its_choice_is_kept_in_the_draft_and_not_submitted(page: Any) -> None:
    script = """async ({ inputOf }, { visits: VISITS }) => {
      const item = { key: "a", label: "甲", type: "yes_no" };
      const heard = [];
      const [, remark] = inputOf(item, undefined, (entry) => heard.push(entry));
      for (const words of ["正在查询", ""]) {
        remark.value = words;
        remark.dispatchEvent(new Event("input"));
      }
      const { Visits } = await import(VISITS);
      const visits = new Visits({ store: { read: () => [] }, outbox: { capture: (_type, _id, payload) => payload } });
      const draft = { id: "visit", scan: { qr: "", at: 0, fixes: [] }, answers: { a: heard[0] } };
      return [...heard, (await visits.submit(draft, { items: [item] }, [], { roles: [] })).answers];
    }"""
    found = ran(page, "parts/inputs.js", script, [{"visits": ASSETS.url("static/m/visits.js")}])
    assert found == [[{"value": None, "note": "正在查询"}, None, []]]


@pytest.mark.parametrize(
    ("status", "buttons", "told"), [(410, 0, "服务器不接收的资料 1 个"), (413, 1, "待上传的资料 1 个")]
)
def test_a_file_that_can_never_be_taken_is_not_offered_again(page: Any, status: int, buttons: int, told: str) -> None:
    script = """async ({ outbox }, { store: STORE, uploads: UPLOADS, status }) => {
      const [{ Store }, { Uploads }] = [await import(STORE), await import(UPLOADS)];
      const store = await Store.open(`refused ${status}`);
      const medium = { id: "one", state: "waiting", location: "/media/one", kind: "photo", bytes: 1, fault: null };
      await store.write(["medium"], (tx) => tx.put("medium", medium));
      const refuse = async () => { throw Object.assign(new Error(), { status, sentence: "不接收" }); };
      const uploads = new Uploads(store, { patiently: (work) => work(), send: refuse });
      await uploads.run();
      const runner = Object.assign(new EventTarget(), { progress: new Map() });
      const place = document.createElement("div");
      const app = { runner, client: { store, uploads, outbox: { listed: async () => [] } } };
      (await outbox(app, place))();
      const again = [...place.querySelectorAll("button")].filter((each) => each.textContent === "重新上传");
      return [again.length, place.textContent];
    }"""
    modules = {name: ASSETS.url(f"static/m/device/{name}.js") for name in ("store", "uploads")}
    ((found, words),) = ran(page, "views/outbox.js", script, [{**modules, "status": status}])
    assert found == buttons
    assert told in words
    assert ("重新上传也不会成功（media_refused）" in words) is (buttons == 0)


def _form(case: dict[str, Any]) -> dict[str, Any]:
    return DEFINITION if case["form"] == "default" else case["form"]


@pytest.mark.parametrize("case", cases("form"), ids=lambda case: case["name"])
def test_the_server_finds_the_same_lacking(case: dict[str, Any]) -> None:
    form = forms.compile_form(_form(case)).asked_of(case["roles"])
    media = [Medium(each["item"], each["kind"], each["seconds"]) for each in case["media"]]
    verdict = forms.validate(form, case["answers"], media)
    assert {item: code for item, (code, _) in verdict.errors.items()} == case["errors"]
    assert [each._asdict() for each in verdict.evidence_missing] == case["evidence"]
    assert list(verdict.indicators) == case["indicators"]


def test_what_a_form_lacks(page: Any) -> None:
    given = [{**case, "form": _form(case)} for case in cases("form")]
    script = "({ lacking }, { form, answers, media, roles }) => lacking(form, answers, media, roles)"
    found = ran(page, "rules/form.js", script, given)
    for name in ("errors", "evidence", "indicators"):
        compared(given, name, [each[name] for each in found])


def test_the_facts_of_a_form_are_about_the_tasks_own_loan_where_it_has_one(page: Any) -> None:
    script = """async ({ knownOf, factOf }, { task, sources }) => {
      const rows = {
        customer: [{ id: "firm", name: "企业" }],
        loan: ["b", "a", "c"].map((id) => ({
          ...{ id, customer_id: id === "c" ? "other" : "firm", amount: "1000", five_class: "watch" },
          disbursed_on: `2026-01-0${id === "a" ? 1 : 2}`,
        })),
        task: [{ id: "of a loan", loan_id: "b" }, { id: "of a place", loan_id: null }],
      };
      const find = async (name, id) => rows[name].find((row) => row.id === id) ?? null;
      const mirror = { all: async (name) => rows[name], find };
      const known = await knownOf({ mirror }, { task_id: task }, { customer_id: "firm" });
      return sources.map((source) => factOf({ source }, known));
    }"""
    sources = ["customer.name", "loan.amount", "loan.disbursed_on", "loan.five_class", "loan.rate", "superior.opinion"]
    given = [{"task": task, "sources": sources} for task in ("of a loan", "of a place", "finished", None)]
    one = ["企业", "1,000.00 元", "2026年1月2日", "关注", None, None]
    both = ["企业", "1,000.00 元、1,000.00 元", "2026年1月1日、2026年1月2日", "关注", None, None]
    assert ran(page, "parts/facts.js", script, given) == [one, both, both, both]
