// What waits for me, in one list, the most urgent first; each decision in two taps, with everything that it rests on.

import { get, send } from "../shell/api.js";
import { ask } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { instant } from "../shell/format.js";
import { news } from "../shell/lists.js";
import { empty, fill, notify } from "../shell/states.js";
import { fieldsOf, valuesOf } from "./asking.js";
import { caseOf } from "./cases.js";

const PAGE = 50;
const DAY_MINUTES = 1440; // below it workdays are too coarse: some alerts must be answered within two hours
const GOOD = ["approve", "accept", "confirm", "give"];
const BAD = ["reject", "refuse", "revoke"];

// `kind` narrows the list to one kind, `scope` widens it to what others are nearer to decide; what `counting` gives
// hears how much waits in all.
export function queue(place, counting, { scope = "mine", kind = null } = {}) {
  const refresh = (changed = {}) => queue(place, counting, { scope, kind, ...changed });
  return fill(place, async () => {
    const counted = scope === "mine" ? counting() : null;
    const ask = () => get("/todos", { scope, kind, limit: PAGE });
    const [found, asked] = await Promise.all([ask(), get("/todos/asked", { kind, limit: PAGE })]);
    const kinds = new Map(found.kinds.map((each) => [each.code, each]));
    counted?.(found.total);
    return [
      narrowing(found, { scope, kind }, refresh),
      found.items.length === 0 ? empty("没有等待您处理的事项") : h("ul", { class: "stack" }, found.items.map((item) => card(item, kinds.get(item.kind), refresh))),
      found.next_cursor !== null && h("p", { class: "faint" }, `仅显示最紧急的 ${found.items.length} 项，处理后显示其余`),
      asked.items.length > 0 && own(asked),
      news(idsOf(found), async () => idsOf(await ask()), () => refresh()),
    ];
  });
}

const idsOf = ({ items }) => items.map((item) => item.id);

function narrowing(found, { scope, kind }, refresh) {
  const choice = h(
    "select",
    { "aria-label": "事项类型", onchange: (event) => refresh({ kind: event.target.value || null }) },
    h("option", { value: "" }, `全部类型（${found.total}）`),
    found.kinds.filter((each) => each.number > 0 || each.code === kind).map((each) => h("option", { value: each.code, selected: each.code === kind }, `${each.title}（${each.number}）`)),
  );
  const wide = h("label", { class: "row" }, h("input", { type: "checkbox", checked: scope === "all", onchange: (event) => refresh({ scope: event.target.checked ? "all" : "mine" }) }), "包括下级可先处理的事项");
  return h("div", { class: "row narrowing" }, choice, wide);
}

const card = (item, kind, refresh) =>
  h(
    "li",
    { class: "card", data: { kind: item.kind, id: item.id } },
    h("p", { class: "row spread" }, h("strong", {}, kind.title), left(item)),
    h("p", {}, subject(item)),
    item.note_text && item.kind !== "conflict" && h("p", {}, item.note_text),
    h("p", { class: "faint" }, `${instant(item.since)} 起等待。${kind.if_nothing[item.if_nothing] ?? item.if_nothing}（${item.if_nothing}）`),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => look(item, kind) }, "详情"), kind.decisions.map((decision) => button(item, decision, refresh))),
  );

// What I asked for myself: others decide it, so it has no decision here.
function own({ items, kinds, total }) {
  const of = new Map(kinds.map((each) => [each.code, each]));
  return h(
    "section",
    { class: "stack own" },
    h("h2", {}, `我提出的，由他人处理（${total}）`),
    h("ul", { class: "stack" }, items.map((item) => waiting(item, of.get(item.kind)))),
    total > items.length && h("p", { class: "faint" }, `仅显示 ${items.length} 项`),
  );
}

const waiting = (item, kind) =>
  h(
    "li",
    { class: "card", data: { own: item.kind, id: item.id } },
    h("p", { class: "row spread" }, h("strong", {}, kind.title), left(item)),
    h("p", {}, subject(item)),
    item.note_text && item.kind !== "conflict" && h("p", {}, item.note_text),
    h("p", {}, item.deciders.length > 0 ? `可由 ${item.deciders.join("、")} 处理；本人提出的不能自己处理` : "目前没有可以处理的人，请联系管理员"),
    h("p", { class: "faint" }, `${instant(item.since)} 起等待。${kind.if_nothing[item.if_nothing] ?? item.if_nothing}（${item.if_nothing}）`),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => look(item, kind) }, "详情")),
  );

// Which enterprise, which of its places, who, where; many places carry their enterprise's name already.
const subject = ({ customer_name: firm, checkpoint_name: place, person_name: person, organisation_name: organisation }) =>
  [!place?.includes(firm) && firm, place, person, organisation].filter(Boolean).join(" · ");

function left({ workdays_left: days, is_overdue: late, due_at: due }) {
  if (late) return h("span", { class: "badge bad" }, `已超时（${instant(due)}）`);
  if (days === null) return null;
  const minutes = Math.ceil((Date.parse(due) - Date.now()) / 60_000);
  if (minutes < DAY_MINUTES) return h("span", { class: "badge care" }, `还剩 ${hours(minutes)}（${instant(due)} 到期）`);
  return h("span", { class: `badge ${days <= 1 ? "care" : ""}` }, days === 0 ? `${instant(due)} 到期` : `还剩 ${days} 个工作日`);
}

// The server alone says that it is over; a clock here that goes before leaves the last minute.
const hours = (minutes) => (minutes < 60 ? `${Math.max(1, minutes)} 分` : `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`);

const button = (item, decision, refresh) =>
  h("button", { type: "button", class: GOOD.includes(decision.code) ? "primary" : "", onclick: () => decide(item, decision, refresh) }, decision.label);

// What an item rests on, loading itself; it may say what a decision would do.
function dossier(item, decision = null) {
  const body = h("div", { class: "dossier" });
  fill(body, () => caseOf(item, decision));
  return body;
}

const look = (item, kind) => ask({ title: kind.title, content: [h("p", {}, subject(item)), dossier(item)], confirm: "关闭", cancel: null, wide: true });

// Two taps: the decision, and its confirmation with what it rests on and asks for. Whoever loses a race reads who was
// first.
async function decide(item, decision, refresh) {
  const done = await ask({
    title: `${decision.label}？`,
    wide: true,
    content: [h("p", {}, subject(item)), dossier(item, decision), ...fieldsOf(item.kind, decision)],
    confirm: decision.label,
    danger: BAD.includes(decision.code),
    submit: async (data) => {
      const json = { ...decision.body, ...valuesOf(decision, data) };
      await send(decision.method, pathOf(decision.path, item), { json, version: decision.if_match ? item.version : undefined });
      return true;
    },
  });
  if (done) notify("已处理");
  return refresh();
}

const pathOf = (path, item) => path.replace(/^\/api\/v1/, "").replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(item[name]));
