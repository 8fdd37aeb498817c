// What became of an operation, in words for its officer, and what he is to do about it (sync.md §2, Statuses).

import { said } from "../../shell/answers.js";
import { h } from "../../shell/dom.js";
import { instant } from "../../shell/format.js";

const TYPES = {
  "inspection.submit": "现场检查",
  "checkpoint.bind": "绑定位置",
  "visit.unmet": "上门未遇",
  "unlock.request": "申请解锁",
  "alert.feedback": "预警反馈",
  "comment.add": "补充说明",
};
const STATES = { waiting: ["待上传", "care"], aside: ["无法上传", "bad"] };
const STATUSES = {
  applied: ["已完成", "good"],
  merged: ["已完成", "good"],
  extra: ["已收到，不计入任务", "care"],
  superseded: ["已被后来的修改取代", "care"],
  conflict: ["填写不一致，待上级处理", "care"],
  quarantined: ["已隔离，待上级决定", "care"],
  rejected: ["未被接受", "bad"],
  held: ["已收到，等待前面的记录", "care"],
  parked: ["已收到，系统待处理", "care"],
};
const WHOLE = ["applied", "merged"];
const SETTLED = ["填写不一致，上级已处理", "good"];
const DECIDED = { accepted: ["上级已采纳", "good"], released: ["已生效", "good"], refused: ["上级未采纳", "bad"] };
const ADVICE = {
  aside: "数据仍在手机上：请点“重新上传”再试；仍不成功，请点“导出”保存数据文件，并联系管理员。",
  extra: "检查已保存，您无需重做；任务可能已由他人完成，或当前没有到期的任务。",
  superseded: "以您后来的修改为准，无需操作。",
  conflict: "两边的内容都已保存，您无需重做；由上级判定以哪个为准，请把正确的数值告诉上级。",
  quarantined: "数据已保存；由上级决定是否计入，您无需重做。",
  held: "数据已保存在服务器上；前面的记录处理后自动处理，无需操作。",
  parked: "数据已保存在服务器上；系统修复后自动处理，您无需重做。",
  rejected: "内容已保留在服务器上，但不计入；请联系上级核实是否仍由您负责，再决定是否重做。",
};
const OVERRULED = "不计入；请按上级的意见处理，任务仍未完成的请重新检查。";
const REFUSED = {
  "unlock.request": "申请没有提交成功；请到“明白纸”查看当前状态，需要时重新申请。",
  "alert.feedback": "反馈没有提交成功；请到“预警”查看当前状态，需要时重新反馈。",
};

// What the outbox shows of an operation; `clashes` are the fields of a conflict as `clashesOf` finds them, `unsent` is
// how many of its media are still here alone, and `again` tries to upload it once more.
export function card({ content: op, about, state, receipt, fault }, clashes, { unsent, again }) {
  const status = receipt?.status ?? state;
  const [words, kind] = badge(receipt, state, clashes, unsent);
  const told = receipt ? `${receipt.message}（${receipt.codes?.join("、") || receipt.code}）` : fault;
  const advice = adviceOn(op, status, receipt?.decision?.state, clashes);
  return h(
    "li",
    { class: "card", data: { status } },
    h("p", { class: "row spread" }, h("strong", {}, TYPES[op.type] ?? op.type), h("span", { class: `badge ${kind}` }, words)),
    about && h("p", {}, about),
    h("p", { class: "faint" }, instant(op.captured.wall)),
    told && h("p", {}, told),
    clashes && h("ul", { class: "listed" }, clashes.fields.map(clash)),
    receipt?.decision && h("p", {}, `${receipt.decision.message}${receipt.decision.reason ? `：${receipt.decision.reason}` : ""}`),
    advice && h("p", {}, h("strong", {}, "如何处理："), advice),
    state === "aside" && h("p", { class: "buttons" }, h("button", { type: "button", onclick: again }, "重新上传")),
  );
}

function adviceOn(op, status, decided, clashes) {
  if (decided || clashes?.isSettled) return decided === "refused" && OVERRULED;
  return (status === "rejected" && REFUSED[op.type]) || ADVICE[status];
}

function badge(receipt, state, clashes, unsent) {
  if (!receipt) return STATES[state];
  if (clashes?.isSettled) return SETTLED;
  if (unsent > 0 && WHOLE.includes(receipt.status)) return [`已收到，资料待上传 ${unsent} 个`, "care"];
  return DECIDED[receipt.decision?.state] ?? STATUSES[receipt.status];
}

const clash = ({ label, mine, theirs }) => h("li", {}, h("p", { class: "faint" }, label), h("p", {}, "您填：", mine), h("p", {}, "记录中为：", theirs));

// The fields of a visit that another phone filled in otherwise: what he said, and what the record says; null where it
// is no conflict. It is settled once the record waits for nobody any more.
export async function clashesOf(app, { content: op, receipt }) {
  if (receipt?.status !== "conflict") return null;
  const [form, record] = await Promise.all([app.form(op.payload.template_version_id), app.mirror.find("inspection", op.entity_id)]);
  const contested = Object.entries(receipt.fields ?? {}).filter(([, told]) => told.outcome === "conflict");
  const fields = contested.map(([name, told]) => side(name.replace(/^answers\./, ""), told, op, form, record));
  return { fields, isSettled: record !== null && record.version >= receipt.version && !record.blockers.includes("conflict") };
}

function side(key, told, op, form, record) {
  const item = form?.items.find((each) => each.key === key) ?? { key, label: key === "note" ? "备注" : "一项内容" };
  const mine = op.payload.answers.find((each) => each.item === key) ?? op.payload[key];
  return { label: item.label, mine: said(item, mine ?? null), theirs: said(item, record?.answers?.[key] ?? told.server) };
}
