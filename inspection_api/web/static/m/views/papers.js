// The 明白纸 of my records: until when each may be printed, its preview, letting a station print it, asking to unlock it
// or to void what was printed.

import { address, all, newKey, post } from "../../shell/api.js";
import { ask, field } from "../../shell/dialog.js";
import { h, show } from "../../shell/dom.js";
import { duration, instant } from "../../shell/format.js";
import { empty, fill, notify } from "../../shell/states.js";
import { newId } from "../device/bytes.js";
import { keptFresh } from "../parts/fresh.js";
import { symbolScanner } from "../parts/station.js";

const STATES = { not_ready: ["尚未完成", ""], open: ["可打印", "good"], locked: ["已锁定", "bad"], unlock_requested: ["已申请解锁", "care"], voided: ["已作废", "bad"] };
const REASONS = [["missed", "逾期未打印"], ["lost", "原件遗失或损坏"], ["correction", "内容有误需更正"], ["equipment", "打印设备或网络故障"], ["other", "其他"]];
const PRINTS = { superseded: "（已更替）", voided: "（已作废）" };
const REQUESTS = { unsent: "待上传", pending: "待审批", approved: "已批准", rejected: "未批准", withdrawn: "已撤回", expired: "已过期", overtaken: "已关闭" };
const VOID_REASONS = [["content", "内容有误"], ["damaged", "纸张破损或打印不清"], ["lost", "原件遗失"], ["mistaken", "误打印"], ["other", "其他"]];
const RECORDS = { submitted: ["未完成", "care"], accepted: ["已完成", "good"], extra: ["已完成，不计入任务", ""], refused: ["未采纳", "bad"], voided: ["已作废", "bad"] };
const PATIENCE_MS = 4000;
const BLOCKERS = { quarantine: "上级决定是否计入", conflict: "上级处理填写不一致", media: "资料上传" };

export function papers(app, place) {
  const list = h("div", { class: "stack" });
  show(place, h("h1", {}, "明白纸"), list);
  return keptFresh(app, list, () => listed(app));
}

async function listed(app) {
  const [records, points, prints] = await Promise.all(["inspection", "checkpoint", "paper"].map((name) => app.mirror.all(name)));
  const printed = new Map(prints.filter((print) => !(print.status in PRINTS)).map((print) => [print.inspection_id, print.number]));
  const names = new Map(points.map((each) => [each.id, each.name]));
  const sent = records.filter((record) => record.state !== "draft").sort((one, other) => (one.performed_at < other.performed_at ? 1 : -1));
  if (sent.length === 0) return empty("还没有提交过的检查");
  return h("ul", { class: "stack" }, sent.map((record) => row(app, record, names.get(record.checkpoint_id) ?? "检查点", printed.get(record.id))));
}

const row = (app, record, name, number) => {
  const [words, kind] = RECORDS[record.state] ?? [record.state, ""];
  return h(
    "li",
    { class: "card task" },
    h(
      "a",
      { href: `#/paper/${record.id}` },
      h("strong", {}, name),
      h("span", { class: "row spread tight" }, h("span", { class: "faint" }, instant(record.performed_at)), h("span", { class: `badge ${kind}` }, words)),
      countdown(app, record, number),
    ),
  );
};

const waitsFor = (blockers) => `等待${blockers.map((each) => BLOCKERS[each] ?? each).join("、")}`;

// How long it may still be printed, by what the phone knows; the server decides.
function countdown(app, { state, blockers, print_closes_at: closes }, number) {
  if (blockers?.length > 0) return h("span", { class: "faint" }, waitsFor(blockers));
  if (!closes || !["accepted", "extra"].includes(state)) return null;
  const left = (Date.parse(closes) - app.now()) / 1000;
  if (number !== undefined) return h("span", { class: "faint" }, `已打印 ${number}`);
  return h("span", { class: left > 86_400 ? "" : "trouble" }, left > 0 ? `还可打印 ${duration(left)}` : "打印期限已过，需申请解锁");
}

export async function paper(app, place, id) {
  const body = h("div", { class: "stack" });
  const record = await app.mirror.find("inspection", id);
  const checkpoint = record && (await app.mirror.find("checkpoint", record.checkpoint_id));
  show(place, h("h1", {}, "明白纸"), record && h("p", {}, `${checkpoint?.name ?? "检查点"} · ${instant(record.performed_at)} 检查`), body, h("p", { class: "buttons" }, h("a", { class: "button", href: "#/papers" }, "返回")));
  const load = async () => card(app, id, await standing(app, id), refresh);
  const refresh = () => fill(body, load);
  return keptFresh(app, body, load);
}

// Where the paper stands, by the server and by what is still on its way there; without a network by what came with the
// last pull.
async function standing(app, id) {
  const record = await app.mirror.find("inspection", id);
  return { ...(await told(app, id, record)), blockers: record?.blockers ?? [] };
}

async function told(app, id, record) {
  try {
    return withUnsent(await app.ask(`/inspections/${id}/paper`), await unsent(app, id));
  } catch (problem) {
    if (!isUnheard(problem) || record === null) throw problem;
    return remembered(app, record);
  }
}

const isUnheard = (problem) => problem.status === 0 || problem.status === 401 || problem.status >= 500;

function withUnsent(found, waiting) {
  if (found.state !== "locked" || waiting.length === 0) return found;
  return { ...found, state: "unlock_requested", requests: [...found.requests, ...waiting] };
}

// My requests to unlock this paper that the server has not heard, as far as the phone knows.
async function unsent(app, id) {
  const waiting = (await app.captured("unlock.request")).filter((op) => op.state === "waiting" && op.content.payload.inspection_id === id);
  return waiting.map((op) => ({ status: "unsent", requested_at: op.content.captured.wall }));
}

async function remembered(app, { id, print_closes_at: closes }) {
  const [prints, known] = await Promise.all(["paper", "unlock_request"].map(async (name) => (await app.mirror.all(name)).filter((row) => row.inspection_id === id)));
  const requests = [...known, ...(await unsent(app, id))];
  const isAsked = requests.some((request) => ["pending", "unsent"].includes(request.status));
  const state = closes === null ? "not_ready" : Date.parse(closes) > app.now() ? "open" : isAsked ? "unlock_requested" : "locked";
  return { state, closes_at: closes, prints, requests, void_requests: [], deciders: [], isOld: true };
}

function card(app, id, found, refresh) {
  const [words, kind] = STATES[found.state] ?? [found.state, ""];
  const left = found.closes_at ? (Date.parse(found.closes_at) - app.now()) / 1000 : 0;
  return h(
    "section",
    { class: "card" },
    found.isOld && h("p", { class: "faint" }, "没有网络：以下为上次同步时的情况"),
    h("p", { class: "row spread" }, h("strong", {}, "状态"), h("span", { class: `badge ${kind}` }, words)),
    found.state === "not_ready" && h("p", {}, found.blockers.length > 0 ? `检查完成后才能打印：${waitsFor(found.blockers)}` : "检查完成后才能打印"),
    found.state === "open" && h("p", {}, `还可打印 ${duration(left)}，至 ${instant(found.closes_at)}`),
    found.deciders.length > 0 && h("p", { class: "faint" }, whoDecides(found)),
    found.prints.map((print) => h("p", { class: "faint" }, printWords(print))),
    found.requests.map((request) => h("p", { class: "faint" }, unlockWords(request))),
    found.void_requests.map((request) => h("p", { class: "faint" }, voidWords(request))),
    h("p", { class: "buttons" }, !found.isOld && h("a", { class: "button", href: address(`/inspections/${id}/paper/preview`), target: "_blank", rel: "noreferrer" }, "预览"), buttons(app, id, found, refresh), voiding(app, found, refresh)),
  );
}

function whoDecides({ state, deciders }) {
  const names = deciders.map((each) => each.name).join("、");
  return state === "locked" ? `可由 ${names} 解锁` : `等待 ${names} 审批`;
}

const printWords = ({ copy, number, printed_at: at, status }) => `${copy === 1 ? "原件" : `补打 第${copy}次`} ${number} · ${instant(at)}${PRINTS[status] ?? ""}`;

const unlockWords = ({ status, requested_at: at, decision_reason: reason, days }) =>
  `${instant(at)} 申请解锁：${REQUESTS[status] ?? status}${status === "approved" && days ? `，重新开放 ${days} 天` : ""}${reason ? `（${reason}）` : ""}`;

const voidWords = ({ status, number, requested_at: at, decision_reason: reason }) => `${instant(at)} 申请作废 ${number}：${REQUESTS[status] ?? status}${reason ? `（${reason}）` : ""}`;

// A paper that counts may be asked to be voided, or my request taken back: only with a network, like printing.
function voiding(app, { prints, void_requests: asked, isOld }, refresh) {
  const living = prints.find((print) => print.status === "valid");
  if (isOld || !living) return null;
  const pending = asked.find((request) => request.status === "pending" && request.number === living.number);
  if (!pending) return h("button", { type: "button", onclick: () => askToVoid(living, refresh) }, "申请作废");
  return pending.requested_by === app.officer.id && h("button", { type: "button", onclick: () => takeBack(pending, refresh) }, "撤回作废申请");
}

async function askToVoid({ id, number }, refresh) {
  const key = newKey();
  const done = await ask({
    title: "申请作废",
    content: [
      h("p", {}, `作废 ${number} 的原件和全部补打；编号不再使用，打印期限内可重新打印。`),
      ...explained(VOID_REASONS),
    ],
    confirm: "提交申请",
    submit: (data) => post(`/prints/${id}/void-requests`, { reason_code: data.get("code"), reason: data.get("text") }, { key, here: true }),
  });
  if (done) notify("已提交，等待上级审批");
  return refresh();
}

// The fields of a request: why, by its code and in words.
const explained = (reasons) => [
  field("原因", h("select", { name: "code" }, reasons.map(([code, words]) => h("option", { value: code }, words)))),
  field("说明", h("textarea", { name: "text", minlength: 10, maxlength: 500, required: true }), "不少于 10 个字，上级将看到"),
];

async function takeBack(pending, refresh) {
  const done = await ask({ title: "撤回作废申请？", content: h("p", {}, "明白纸继续有效，撤回后可以再次申请。"), confirm: "撤回", submit: () => post(`/void-requests/${pending.id}/withdraw`) });
  if (done) notify("已撤回");
  return refresh();
}

function buttons(app, id, found, refresh) {
  const pending = found.requests.find((request) => request.status === "pending" && request.requested_by === app.officer.id);
  if (found.state === "open" && !found.isOld) return h("button", { type: "button", class: "primary", onclick: () => release(id, found, refresh) }, "到机具打印");
  if (found.state === "locked") return h("button", { type: "button", class: "primary", onclick: () => unlock(app, id, refresh) }, "申请解锁");
  if (pending && !found.isOld) return h("button", { type: "button", onclick: () => withdraw(pending, refresh) }, "撤回申请");
  return null;
}

// Print once, let it wait for a station, and release it by the six digits on that station's screen, or by its symbol.
// What waits already, because the digits were wrong the last time, is released instead of printed again.
async function release(id, found, refresh) {
  const [stations, jobs] = await Promise.all([all("/print-stations"), all("/print-jobs", { state: "queued" })]);
  if (stations.items.length === 0) return notify("您所在的机构还没有打印机具，请联系支行（station_missing）", "bad");
  const keys = [newKey(), newKey()];
  const waiting = jobs.items.find((job) => found.prints.some((print) => print.id === job.print_id));
  const code = h("input", { name: "code", inputmode: "numeric", pattern: "[0-9]{6}", maxlength: 6, required: true, autocomplete: "off" });
  let symbol = null;
  const scanner = symbolScanner((text) => { symbol = text; code.required = false; code.value = ""; code.form.requestSubmit(); });
  const done = await ask({
    title: "在打印机具前放行",
    content: [
      scanner.place,
      field("机具", h("select", { name: "station", required: true }, stations.items.map((station) => h("option", { value: station.id }, station.name)))),
      field("或屏幕上的六位数字", code),
    ],
    confirm: "打印",
    submit: async (data) => {
      const seen = symbol;
      [symbol, code.required] = [null, true];
      const job = waiting ?? (await queued(id, keys));
      if (seen !== null) return post(`/print-jobs/${job.id}/scan`, { qr: seen });
      return post(`/print-jobs/${job.id}/release`, { station_id: data.get("station"), code: data.get("code") });
    },
  });
  scanner.end();
  if (done) notify("已放行，机具正在打印");
  return refresh();
}

async function queued(id, [printKey, jobKey]) {
  const print = await post(`/inspections/${id}/prints`, {}, { key: printKey });
  return post("/print-jobs", { print_id: print.id }, { key: jobKey });
}

async function unlock(app, id, refresh) {
  const done = await ask({
    title: "申请解锁",
    content: explained(REASONS),
    confirm: "提交申请",
    submit: (data) => request(app, id, data.get("code"), data.get("text")),
  });
  if (done) notify(...outcome(done));
  return refresh();
}

function outcome({ receipt }) {
  if (receipt === null) return ["已保存，联网后自动提交"];
  return receipt.status === "applied" ? ["已提交，等待上级审批"] : [`${receipt.message}（${receipt.codes?.join("、") || receipt.code}）`, "bad"];
}

async function about(app, id) {
  const record = await app.mirror.find("inspection", id);
  return app.nameOf(record && (await app.mirror.find("checkpoint", record.checkpoint_id)));
}

// The request goes through the outbox like everything else, at once where somebody answers: there it stays the same one
// when its answer is lost. Returns it as it stands then.
async function request(app, id, code, words) {
  const opId = await app.client.outbox.capture("unlock.request", newId(), { inspection_id: id, reason_code: code, reason_text: words }, { about: await about(app, id) });
  await Promise.race([app.runner.run(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  return (await app.captured("unlock.request")).find((op) => op.content.op_id === opId);
}

async function withdraw(pending, refresh) {
  const done = await ask({ title: "撤回解锁申请？", content: h("p", {}, "撤回后可以再次申请。"), confirm: "撤回", submit: () => post(`/unlock-requests/${pending.id}/withdraw`) });
  if (done) notify("已撤回");
  return refresh();
}
