// The supervisor's desk: what waits for me, the most urgent first, decided from here; and what I was told.
//
// Which decisions there are, whether I may take them and what they mean, the server says; this page shows and sends.

import { get, post, send } from "../shell/api.js";
import { ask } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { instant } from "../shell/format.js";
import { start } from "../shell/shell.js";
import { empty, fill, notify } from "../shell/states.js";
import { fieldsOf, valuesOf } from "./asking.js";

const PAGE = 50;
const GOOD = ["approve", "accept", "confirm", "give"];

start("待办审批", (main) => {
  const place = h("div", { class: "stack" });
  const tabs = h("nav", { class: "row", "aria-label": "待办与消息" }, tab("待我处理", ""), tab("消息", "#inbox"));
  main.append(h("h1", {}, "待办审批"), tabs, place);
  const open = () => {
    for (const each of tabs.children) each.toggleAttribute("aria-current", each.getAttribute("href") === (location.hash || "#"));
    return location.hash === "#inbox" ? inbox(place) : queue(place);
  };
  addEventListener("hashchange", open);
  return open();
});

const tab = (words, hash) => h("a", { class: "button", href: hash || "#" }, words);

// What waits, in one list; `chosen` narrows it to one kind, `scope` widens it to what others are nearer to decide.
function queue(place, { scope = "mine", kind = null } = {}) {
  const refresh = (changed = {}) => queue(place, { scope, kind, ...changed });
  return fill(place, async () => {
    const found = await get("/todos", { scope, kind, limit: PAGE });
    const kinds = new Map(found.kinds.map((each) => [each.code, each]));
    return [
      narrowing(found, { scope, kind }, refresh),
      found.items.length === 0 ? empty("没有等待您处理的事项") : h("ul", { class: "stack" }, found.items.map((item) => card(item, kinds.get(item.kind), refresh))),
      found.next_cursor !== null && h("p", { class: "faint" }, `仅显示最紧急的 ${found.items.length} 项，处理后显示其余`),
    ];
  });
}

function narrowing(found, { scope, kind }, refresh) {
  const choice = h(
    "select",
    { "aria-label": "事项类型", onchange: (event) => refresh({ kind: event.target.value || null }) },
    h("option", { value: "" }, `全部类型（${found.kinds.reduce((sum, each) => sum + each.number, 0)}）`),
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
    h("p", {}, [item.checkpoint_name, item.person_name, item.organisation_name].filter(Boolean).join(" · ")),
    (item.note_text || item.note) && h("p", {}, item.note_text || item.note),
    h("p", { class: "faint" }, `${instant(item.since)} 起等待。如不处理：${kind.if_nothing[item.if_nothing] ?? item.if_nothing}（${item.if_nothing}）`),
    h("p", { class: "buttons" }, item.inspection_id && h("button", { type: "button", onclick: () => look(item) }, "查看记录"), kind.decisions.map((decision) => button(item, decision, refresh))),
  );

function left({ workdays_left: days, is_overdue: late, due_at: due }) {
  if (late) return h("span", { class: "badge bad" }, `已超时（${instant(due)}）`);
  if (days === null) return null;
  return h("span", { class: `badge ${days <= 1 ? "care" : ""}` }, days === 0 ? "今日到期" : `还剩 ${days} 个工作日`);
}

const button = (item, decision, refresh) =>
  h("button", { type: "button", class: GOOD.includes(decision.code) ? "primary" : "", onclick: () => decide(item, decision, refresh) }, decision.label);

// Two taps: the decision, and its confirmation with what it asks for. Whoever loses a race reads who was first.
async function decide(item, decision, refresh) {
  const done = await ask({
    title: `${decision.label}？`,
    content: [h("p", {}, [item.checkpoint_name, item.person_name].filter(Boolean).join(" · ") || item.organisation_name), ...fieldsOf(item.kind, decision)],
    confirm: decision.label,
    danger: !GOOD.includes(decision.code),
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

// The record behind an item: what was answered, how the place was judged, and the photos.
async function look(item) {
  const body = h("div", { class: "stack" });
  const shown = ask({ title: item.checkpoint_name || "检查记录", content: body, confirm: "知道了" });
  await fill(body, async () => {
    const record = await get(`/inspections/${item.inspection_id}`);
    const judged = record.judgement ?? {};
    return [
      h("dl", { class: "facts" }, [
        ["检查时间", instant(record.performed_at)],
        ["结论", record.conclusion ?? "—"],
        ["隔离原因", (record.quarantine_codes ?? []).join("、") || "无"],
        ["距检查点", judged.distance_m === undefined || judged.distance_m === null ? "—" : `${Math.round(judged.distance_m)} 米（围栏 ${judged.radius_m} 米）`],
        ["说明", record.note ?? "—"],
      ].map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      h("ul", { class: "thumbs" }, (record.media ?? []).filter((medium) => medium.kind === "photo" && medium.status === "stored").map((medium) => h("li", {}, h("img", { src: `/api/v1/media/${medium.id}/thumbnail`, alt: "现场图片", loading: "lazy" })))),
    ];
  });
  return shown;
}

// What I was told, the newest first; opening it marks nothing, a tap marks all that was seen.
function inbox(place) {
  return fill(place, async () => {
    const { items } = await get("/inbox", { limit: PAGE });
    if (items.length === 0) return empty("还没有消息");
    const read = async () => { await post("/inbox/read", { until_id: items[0].id }); await inbox(place); };
    return [h("p", { class: "buttons" }, h("button", { type: "button", onclick: read }, "全部标为已读")), h("ul", { class: "stack" }, items.map(message))];
  });
}

const message = (item) =>
  h(
    "li",
    { class: `card ${item.read_at ? "" : "unread"}` },
    h("p", {}, item.text),
    h("p", { class: "row spread faint" }, h("span", {}, [item.checkpoint_name, item.actor_name].filter(Boolean).join(" · ")), h("span", {}, instant(item.at))),
    item.asks && !item.is_settled && h("a", { href: "#" }, "待处理"),
  );

