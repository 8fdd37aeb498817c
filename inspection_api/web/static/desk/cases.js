// What a decision rests on, kind by kind: everything that whoever decides must have seen, gathered in one place.

import { address, all, get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { thumbnail } from "../shell/evidence.js";
import { day, instant, NOTHING } from "../shell/format.js";
import * as differences from "./differences.js";
import { facts, load, shown, side } from "./record.js";
import { drawing } from "./sketch.js";

const STATUSES = { pending: "待审批", approved: "已批准", rejected: "已驳回", withdrawn: "已撤回", expired: "已过期", overtaken: "已关闭" };
const DEVICES = { pending: "待批准", approved: "使用中", revoked: "已停用" };

// A paper's request with its reason and the whole history, then the record.
async function unlock(item) {
  const [paper, loaded] = await Promise.all([get(`/inspections/${item.inspection_id}/paper`), load(item.inspection_id)]);
  const names = new Map(paper.people.map((person) => [person.id, person.name]));
  const asked = paper.requests.find((each) => each.id === item.id);
  return [
    h(
      "div",
      { class: "sides" },
      side("申请", facts([
        ["申请人", names.get(asked?.requested_by) ?? item.person_name],
        ["原因", item.note_text],
        ["说明", asked?.reason],
        ["申请时间", instant(asked?.requested_at)],
        ["申请过期", instant(asked?.expires_at)],
      ])),
      side("历史", facts([
        ["解锁次数", `${paper.unlock_count} 次`],
        ["打印", paper.prints.length === 0 ? "从未打印" : paper.prints.map((each) => h("p", {}, `${instant(each.printed_at)} ${names.get(each.printed_by) ?? ""} ${each.copy === 1 ? "原件" : "补打"} ${each.number}`))],
      ]), h("ol", { class: "story" }, paper.windows.map((each) => h("li", {}, `第 ${each.number} 次开放：${instant(each.opens_at)} 至 ${instant(each.closes_at)}，${each.used ? "已打印" : "未打印"}`)), paper.requests.filter((each) => each.id !== item.id).map((each) => h("li", {}, `${instant(each.requested_at)} ${names.get(each.requested_by) ?? ""} 申请解锁：${each.reason}。${STATUSES[each.status] ?? each.status}${each.decided_by ? `（${names.get(each.decided_by)}）` : ""}${each.decision_reason ? `：${each.decision_reason}` : ""}`)))),
    ),
    shown(loaded),
  ];
}

// A request to void with its reason, every sheet that would go, what was asked before, then the record.
async function voiding(item) {
  const [paper, loaded] = await Promise.all([get(`/inspections/${item.inspection_id}/paper`), load(item.inspection_id)]);
  const names = new Map(paper.people.map((person) => [person.id, person.name]));
  const asked = paper.void_requests.find((each) => each.id === item.id);
  const sheets = paper.prints.filter((each) => each.number === asked?.number);
  const earlier = paper.void_requests.filter((each) => each.id !== item.id);
  return [
    h(
      "div",
      { class: "sides" },
      side("申请", facts([
        ["申请人", names.get(asked?.requested_by) ?? item.person_name],
        ["原因", item.note_text],
        ["说明", asked?.reason],
        ["申请时间", instant(asked?.requested_at)],
      ])),
      side("将作废", facts([
        ["编号", h("a", { href: address(`/prints/${asked?.print_id}/pdf`), target: "_blank", rel: "noreferrer" }, asked?.number)],
        ["打印", sheets.map((each) => h("p", {}, `${each.copy === 1 ? "原件" : `补打 第${each.copy}次`}，${instant(each.printed_at)} ${names.get(each.printed_by) ?? ""}`))],
        ["作废后", paper.state === "open" ? `打印期限内可重新打印，至 ${instant(paper.closes_at)}` : "打印期限已过，重新打印须先解锁"],
      ]), earlier.length > 0 && h("ol", { class: "story" }, earlier.map((each) => h("li", {}, `${instant(each.requested_at)} ${names.get(each.requested_by) ?? ""} 申请作废 ${each.number}：${each.reason}。${STATUSES[each.status] ?? each.status}${each.decided_by ? `（${names.get(each.decided_by)}）` : ""}${each.decision_reason ? `：${each.decision_reason}` : ""}`)))),
    ),
    shown(loaded),
  ];
}

// The places that stand beside each other, each drawn in the fence that it would have.
async function binding(item) {
  const [{ checkpoint }, { items }] = await Promise.all([get(`/checkpoints/${item.checkpoint_id}`), get(`/checkpoints/${item.checkpoint_id}/locations`)]);
  const standing = items.filter((each) => each.valid_to === null && ["provisional", "confirmed"].includes(each.status));
  const former = items.filter((each) => !standing.includes(each));
  return [
    facts([["检查点", `${checkpoint.name}（${checkpoint.code}）`], ["登记地址", checkpoint.address]]),
    h("div", { class: "sides" }, standing.map((each) => side(
      each.id === item.id ? "待确认的位置" : "另一处位置",
      drawing(each.sketch, each.id === item.id ? "待确认的位置" : "另一处位置"),
      facts([
        ["绑定人", each.bound_by_name],
        ["手机", each.device_name],
        ["绑定时间", instant(each.bound_at)],
        ["待确认原因", each.reason_texts.join("、") || "无"],
        ["坐标", `${each.lat.toFixed(6)}，${each.lon.toFixed(6)}`],
      ]),
      each.photo_media_id && h("p", { class: "thumbs" }, thumbnail(each.photo_media_id)),
    ))),
    former.length > 0 && h("p", { class: "faint" }, `此前有过 ${former.length} 处位置，已更换或驳回`),
  ];
}

// A record in quarantine with its reasons; what has left no record is shown by what it says.
async function quarantine(item) {
  const waiting = await get(`/sync/quarantine/${item.id}`);
  const why = h("ul", { class: "reasons" }, waiting.reasons.map((each) => h("li", {}, `${each.message}（${each.code}）`)));
  if (waiting.content === null) return [h("h3", {}, "隔离原因"), why, shown(await load(waiting.entity_id))];
  return [
    h("div", { class: "sides" },
      side("隔离原因", why),
      side("手机所报", facts([
        ["事项", item.note_text],
        ["上报人", waiting.officer.name],
        ["检查点", waiting.checkpoint_name],
        ["收到时间", instant(waiting.received_at)],
        ["备注", waiting.content.note ?? waiting.content.reason ?? null],
      ])),
      waiting.sketch && waiting.sketch.marks.length > 0 && side("位置", drawing(waiting.sketch, "手机所报位置"))),
    waiting.content.answers?.length > 0 && waiting.checkpoint_id !== null && h("p", { class: "faint" }, `含 ${waiting.content.answers.length} 项填写`),
  ];
}

async function amendment(item) {
  const waiting = await get(`/sync/quarantine/${item.id}`);
  const { loaded, table } = await differences.amendment(item, waiting);
  return [table, shown(loaded)];
}

async function device(item) {
  const { items } = await all("/devices", { beside: item.id });
  const mine = items.find((each) => each.id === item.id);
  const others = items.filter((each) => each.id !== item.id);
  return [
    facts([["持有人", item.person_name], ["机构", item.organisation_name], ["手机", mine?.name], ["登记时间", instant(mine?.created_at)]]),
    h("h3", {}, "此人的其他手机"),
    others.length === 0 ? h("p", { class: "faint" }, "没有其他手机") : h("ul", {}, others.map((each) => h("li", {}, `${each.name}，${instant(each.created_at)} 登记，${DEVICES[each.status] ?? each.status}`))),
  ];
}

async function exit(item) {
  const asked = await get(`/exits/${item.id}`);
  return [
    facts([["检查点", item.checkpoint_name], ["退出类型", item.note_text], ["提出人", item.person_name], ["提出时间", instant(asked.proposed_at)], ["退出日期", day(asked.effective_on)], ["理由", asked.reason]]),
    asked.inspection_id && shown(await load(asked.inspection_id)),
  ];
}

async function alert(item) {
  const [found, { items }] = await Promise.all([get(`/alerts/${item.id}`), get(`/alerts/${item.id}/feedback`, { limit: 50 })]);
  const energy = Object.entries(found.numbers.energy_kwh ?? {});
  return [
    facts([
      ["规则", found.rule_title],
      ["依据日期", day(found.subject_date)],
      ["首次出现", day(found.first_seen_on)],
      ["最近出现", day(found.last_seen_on)],
      ["次数", `${found.count} 次`],
      found.numbers.threshold_kwh ? ["用电量下限", `${found.numbers.threshold_kwh} kWh/日`] : ["", null],
      found.reason ? ["已提议误报", found.note ?? found.reason] : ["", null],
    ]),
    energy.length > 0 && h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "用电量" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "日期"), h("th", { scope: "col", class: "number" }, "用电量（kWh）"))), h("tbody", {}, energy.map(([at, value]) => h("tr", {}, h("td", {}, day(at)), h("td", { class: "number" }, String(Number(value)))))))),
    h("h3", {}, "现场反馈"),
    items.length === 0 ? h("p", { class: "faint" }, "还没有反馈") : h("ul", {}, items.map((each) => h("li", {}, `${instant(each.at)} ${{ normal: "正常", watch: "需关注", major_risk: "重大风险" }[each.verdict] ?? each.verdict}：${each.text}`))),
  ];
}

async function recompute(item) {
  const { since, reason, difference } = await get(`/recomputes/${item.id}`);
  return facts([["规则", item.note_text], ["自", day(since)], ["理由", reason], ["新增任务", `${difference.create} 个`], ["取消任务", `${difference.cancel} 个`], ["不变", `${difference.keep} 个`]]);
}

async function template(item) {
  const version = await get(`/template-versions/${item.id}`);
  const { groups, items } = version.definition;
  return [
    facts([["检查表", version.definition.title], ["版本", `第 ${version.number} 版`], ["项目数", `${items.length} 项`]]),
    groups.map((group) => h("details", {}, h("summary", {}, group.label), h("ul", {}, items.filter((each) => each.group === group.key).map((each) => h("li", {}, each.label))))),
  ];
}

const opinion = async (item) => shown(await load(item.inspection_id));

const CASES = { unlock, void: voiding, opinion, binding, quarantine, amendment, conflict: differences.conflict, proposal: differences.proposal, device, exit, recompute, template };

// The content of an item's case, while a decision is taken (null: none); a kind that nobody has described here shows
// what its card says.
export async function caseOf(item, decision = null) {
  const show = CASES[item.kind] ?? (item.kind.startsWith("alert_") ? alert : null);
  return show === null ? h("p", {}, item.note_text ?? NOTHING) : show(item, decision);
}
