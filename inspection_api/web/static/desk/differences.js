// Two versions of the same thing, field by field beside each other: conflicts, amendments, proposals.

import { said } from "../shell/answers.js";
import { all, get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { instant, NOTHING } from "../shell/format.js";
import { load } from "./record.js";

// A table of [label, one, other]; `chosen` is the label of the row that is being decided.
export const beside = (heads, rows, chosen = null) =>
  h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "对照" },
    h(
      "table",
      { class: "beside" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "项目"), heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map(([label, one, other]) => h("tr", { class: label === chosen ? "chosen" : "" }, h("th", { scope: "row" }, label), h("td", {}, one), h("td", {}, other)))),
    ),
  );

const SIDES = { server: "现有值", device: "另一手机填写" };

// All clashes of a record, each with both values, their phones and times; one decision settles one of them, and the
// value that it keeps is marked.
export async function conflict(item, decision) {
  const [{ items }, { definition }] = await Promise.all([
    all("/sync/conflicts", { inspection_id: item.inspection_id, state: "open" }),
    load(item.inspection_id),
  ]);
  const chosen = items.find((each) => each.id === item.id);
  const value = (each, side) => [
    decision?.code === side && each.id === item.id && h("p", { class: "kept" }, "✓\u00a0保留"),
    h("p", {}, answered(definition, each.field, each[side].value)),
    h("p", { class: "faint" }, [each[side].device_name ?? "此前的判定", each[side].at && instant(each[side].at)].filter(Boolean).join(" · ")),
  ];
  return [
    h("p", {}, `两部手机对同一记录的填写不一致${items.length > 1 ? `，共 ${items.length} 处，逐处判定` : ""}。本次判定：${chosen?.label ?? NOTHING}`),
    beside(Object.values(SIDES), items.map((each) => [each.label, ...Object.keys(SIDES).map((side) => value(each, side))]), chosen?.label),
  ];
}

function answered(definition, field, value) {
  if (value === null || value === undefined) return NOTHING;
  if (!field.startsWith("answers.")) return String(value);
  return said(definition.items.find((each) => each.key === field.slice("answers.".length)) ?? {}, value);
}

// What an amendment changes: what the record says now, and what it is to say.
export async function amendment(item, waiting) {
  const { record, definition } = await load(waiting.content.inspection_id ?? waiting.entity_id);
  const rows = (waiting.content.answers ?? []).map((each) => {
    const asked = definition.items.find((one) => one.key === each.item) ?? { label: each.item };
    return [asked.label, said(asked, record.answers?.[each.item] ?? null), said(asked, each)];
  });
  if ("note" in waiting.content) rows.push(["备注", record.note ?? NOTHING, waiting.content.note ?? NOTHING]);
  return { loaded: { record, definition }, table: [h("p", {}, `更正理由：${waiting.content.reason ?? NOTHING}`), beside(["原填写", "更正为"], rows)] };
}

const FIELDS = { name: "名称", address: "地址", contact: "联系人", kind: "类型", radius_m: "围栏半径（米）", tags: "标签", code: "编号", effective_from: "生效日期", registered: "登记位置", loan_ids: "借据", backup_officer_id: "备用检查人", exception_handler_id: "异常处理人" };

// What a proposal would make or change, beside what stands now.
export async function proposal(item) {
  const asked = await get(`/checkpoint-proposals/${item.id}`);
  const now = asked.checkpoint_id ? (await get(`/checkpoints/${asked.checkpoint_id}`)).checkpoint : {};
  const rows = Object.entries(asked.proposed).filter(([name, value]) => now.id === undefined ? value !== null : true).map(([name, value]) => [FIELDS[name] ?? name, plain(now[name]), plain(value)]);
  const customer = Object.entries(asked.new_customer ?? {}).map(([name, value]) => [{ name: "新企业名称", uscc: "统一社会信用代码" }[name] ?? name, NOTHING, plain(value)]);
  return [h("p", {}, `提议理由：${asked.reason}`), beside(["现有", "提议"], [...customer, ...rows])];
}

function plain(value) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.join("、");
  return typeof value === "object" ? Object.values(value).join("，") : String(value);
}
