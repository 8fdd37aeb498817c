// The 明白纸 of my records: until when each may be printed, its preview, letting a station print it, asking to unlock.

import { address, all, newKey, post } from "../../shell/api.js";
import { ask, field } from "../../shell/dialog.js";
import { h, show } from "../../shell/dom.js";
import { duration, instant } from "../../shell/format.js";
import { empty, fill, notify } from "../../shell/states.js";

const STATES = { not_ready: ["尚未完成", ""], open: ["可打印", "good"], locked: ["已锁定", "bad"], unlock_requested: ["已申请解锁", "care"], voided: ["已作废", "bad"] };
const REASONS = [["missed", "逾期未打印"], ["lost", "原件遗失或损坏"], ["correction", "内容有误需更正"], ["equipment", "打印设备或网络故障"], ["other", "其他"]];
const RECORDS = { submitted: "待补齐", accepted: "已完成", extra: "已完成（不计入任务）", refused: "未采纳", voided: "已作废" };

export async function papers(app, place) {
  const [records, points] = await Promise.all([app.mirror.all("inspection"), app.mirror.all("checkpoint")]);
  const names = new Map(points.map((each) => [each.id, each.name]));
  const sent = records.filter((record) => record.state !== "draft").sort((one, other) => (one.performed_at < other.performed_at ? 1 : -1));
  show(place, h("h1", {}, "明白纸"), sent.length === 0 ? empty("还没有提交过的检查") : h("ul", { class: "stack" }, sent.map((record) => row(record, names.get(record.checkpoint_id) ?? "检查点"))));
}

const row = (record, name) =>
  h(
    "li",
    { class: "card" },
    h("a", { href: `#/paper/${record.id}` }, h("strong", {}, name)),
    h("p", { class: "row spread" }, h("span", { class: "faint" }, instant(record.performed_at)), h("span", { class: "badge" }, RECORDS[record.state] ?? record.state)),
    countdown(record),
  );

// How long it may still be printed, by what the phone knows; the server decides.
function countdown({ state, blockers, print_closes_at: closes }) {
  if (blockers?.length > 0) return h("p", { class: "faint" }, `尚缺：${blockers.map((each) => ({ quarantine: "隔离待决定", conflict: "冲突待处理", media: "资料待上传" })[each] ?? each).join("、")}`);
  if (!closes || !["accepted", "extra"].includes(state)) return null;
  const left = (Date.parse(closes) - Date.now()) / 1000;
  return h("p", { class: left > 86_400 ? "faint" : "trouble" }, left > 0 ? `还可打印 ${duration(left)}` : "打印期限已过，需申请解锁");
}

export async function paper(app, place, id) {
  const body = h("div", { class: "stack" });
  show(place, h("h1", {}, "明白纸"), body, h("p", { class: "buttons" }, h("a", { class: "button", href: "#/papers" }, "返回")));
  const refresh = () => fill(body, async () => card(app, id, await app.ask(`/inspections/${id}/paper`), refresh));
  await refresh();
}

function card(app, id, found, refresh) {
  const [words, kind] = STATES[found.state] ?? [found.state, ""];
  const left = found.closes_at ? (Date.parse(found.closes_at) - Date.now()) / 1000 : 0;
  return h(
    "section",
    { class: "card" },
    h("p", { class: "row spread" }, h("strong", {}, "状态"), h("span", { class: `badge ${kind}` }, words)),
    found.state === "open" && h("p", {}, `还可打印 ${duration(left)}，至 ${instant(found.closes_at)}`),
    found.prints.map((print) => h("p", { class: "faint" }, `${print.copy === 1 ? "原件" : `补打 第${print.copy - 1}次`} ${print.number} · ${instant(print.printed_at)}`)),
    found.requests.map((request) => h("p", { class: "faint" }, unlockWords(request))),
    h("p", { class: "buttons" }, h("a", { class: "button", href: address(`/inspections/${id}/paper/preview`), target: "_blank", rel: "noreferrer" }, "预览"), buttons(app, id, found, refresh)),
  );
}

const unlockWords = ({ status, requested_at: at, decision_reason: reason }) => `${instant(at)} 申请解锁：${{ open: "待审批", approved: "已批准", rejected: "未批准", withdrawn: "已撤回", expired: "已过期" }[status] ?? status}${reason ? `（${reason}）` : ""}`;

function buttons(app, id, found, refresh) {
  if (found.state === "open") return h("button", { type: "button", class: "primary", onclick: () => release(id, refresh) }, "到机具打印");
  if (found.state === "locked") return h("button", { type: "button", class: "primary", onclick: () => unlock(app, id, refresh) }, "申请解锁");
  return null;
}

// Print once, let it wait for a station, and release it by the six digits on that station's screen.
async function release(id, refresh) {
  const code = h("input", { name: "code", inputmode: "numeric", pattern: "[0-9]{6}", maxlength: 6, required: true, autocomplete: "off" });
  const stations = h("select", { name: "station", required: true });
  const found = await all("/print-stations");
  show(stations, found.items.map((station) => h("option", { value: station.id }, station.name)));
  const key = newKey();
  const done = await ask({
    title: "在打印机具前放行",
    content: [field("机具", stations), field("屏幕上的六位数字", code)],
    confirm: "打印",
    submit: async (data) => {
      const print = await post(`/inspections/${id}/prints`, {}, { key });
      const job = await post("/print-jobs", { print_id: print.id });
      return post(`/print-jobs/${job.id}/release`, { station_id: data.get("station"), code: data.get("code") });
    },
  });
  if (done) notify("已放行，机具正在打印");
  return refresh();
}

async function unlock(app, id, refresh) {
  const done = await ask({
    title: "申请解锁",
    content: [
      field("原因", h("select", { name: "code" }, REASONS.map(([code, words]) => h("option", { value: code }, words)))),
      field("说明", h("textarea", { name: "text", minlength: 10, maxlength: 500, required: true }), "不少于 10 个字，上级将看到"),
    ],
    confirm: "提交申请",
    submit: (data) => post(`/inspections/${id}/unlock-requests`, { reason_code: data.get("code"), reason: data.get("text") }),
  });
  if (done) notify("已提交，等待上级审批");
  return refresh();
}
