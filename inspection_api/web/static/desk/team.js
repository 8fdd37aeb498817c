// My team's open tasks, the first due first, and handing them to another officer. Whom he may have, the server says.

import { all, get, post } from "../shell/api.js";
import { ask, field } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { day, NOTHING } from "../shell/format.js";
import { further } from "../shell/lists.js";
import { empty, fill, notify } from "../shell/states.js";

const PAGE = 100;
const MOST_PEOPLE = 2000;
const NOBODY = "-";

// `chosen` narrows the list: an officer (NOBODY: without one), an organisation, only what is overdue.
export function team(place, chosen = {}) {
  const refresh = (changed = {}) => team(place, { ...chosen, ...changed });
  return fill(place, async () => {
    const [people, places, page] = await Promise.all([
      all("/users", { organisation_id: chosen.organisation }, MOST_PEOPLE),
      all("/organisations", {}, MOST_PEOPLE),
      get("/tasks", asked(chosen)),
    ]);
    const officers = people.items.filter((each) => each.disabled_at === null);
    const where = new Map(places.items.map((each) => [each.id, each.name]));
    return [narrowing(chosen, officers, places.items, refresh), page.items.length === 0 ? empty("没有符合条件的未完成任务") : listed(page, { officers, where, chosen, refresh })];
  });
}

const asked = ({ officer, organisation, overdue }, cursor = null) => ({
  open: true,
  officer_id: officer === NOBODY ? null : officer,
  unassigned: officer === NOBODY ? true : null,
  organisation_id: organisation,
  overdue: overdue ? true : null,
  limit: PAGE,
  cursor,
});

function narrowing(chosen, officers, places, refresh) {
  const select = (label, options, value, change) =>
    h("select", { "aria-label": label, onchange: (event) => change(event.target.value || null) }, options.map(([code, words]) => h("option", { value: code, selected: code === (value ?? "") }, words)));
  return h(
    "div",
    { class: "row narrowing" },
    places.length > 1 && select("机构", [["", "全部机构"], ...places.map((each) => [each.id, each.name])], chosen.organisation, (organisation) => refresh({ organisation, officer: null })),
    select("检查人", [["", "全部检查人"], [NOBODY, "无检查人"], ...officers.map((each) => [each.id, each.name])], chosen.officer, (officer) => refresh({ officer })),
    h("label", { class: "row" }, h("input", { type: "checkbox", checked: Boolean(chosen.overdue), onchange: (event) => refresh({ overdue: event.target.checked }) }), "仅逾期"),
  );
}

function listed(first, { officers, where, chosen, refresh }) {
  const body = h("tbody", {});
  const said = h("p", { class: "faint", role: "status" });
  const hand = h("button", { type: "button", class: "primary", onclick: () => handOver(picked(body), officers, refresh) });
  const every = h("input", { type: "checkbox", "aria-label": "全选" });
  const count = () => {
    const { length } = picked(body);
    hand.textContent = length === 0 ? "改派" : `改派 ${length} 项`;
    hand.disabled = length === 0;
  };
  const add = (page) => {
    body.append(...page.items.map((task) => line(task, where)));
    said.textContent = page.next_cursor === null ? `共 ${body.rows.length} 项` : `已显示 ${body.rows.length} 项，还有更多`;
    count();
  };
  every.addEventListener("change", () => { for (const box of boxes(body)) box.checked = every.checked; count(); });
  body.addEventListener("change", count);
  const more = further("继续加载", (cursor) => get("/tasks", asked(chosen, cursor)), add);
  more.take(first);
  const head = h("tr", {}, h("th", { scope: "col" }, h("label", { class: "every" }, every, h("span", {}, "全选"))), ["检查点", "检查人", "到期", "机构"].map((words) => h("th", { scope: "col" }, words)));
  return [
    h("div", { class: "row spread" }, said, hand),
    h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "未完成任务" }, h("table", { class: "tasks" }, h("thead", {}, head), body)),
    more.button,
  ];
}

const boxes = (body) => [...body.querySelectorAll("input[type=checkbox]")];
const picked = (body) => boxes(body).filter((box) => box.checked).map((box) => box.value);

const line = (task, where) =>
  h(
    "tr",
    { data: { id: task.id } },
    h("td", {}, h("input", { type: "checkbox", value: task.id, "aria-label": `选择 ${task.checkpoint_name}` })),
    h("th", { scope: "row" }, task.checkpoint_name, h("p", { class: "faint" }, task.customer_name)),
    h("td", {}, task.officer_name ?? h("span", { class: "badge care" }, "无检查人")),
    h("td", {}, day(task.due_on), " ", task.overdue && h("span", { class: "badge bad" }, "逾期")),
    h("td", {}, where.get(task.organisation_id) ?? NOTHING),
  );

async function handOver(ids, officers, refresh) {
  const whom = h("select", { name: "officer", required: true }, h("option", { value: "" }, "请选择"), officers.map((each) => h("option", { value: each.id }, `${each.name}（${each.username}）`)));
  const done = await ask({
    title: `改派 ${ids.length} 项任务`,
    content: [h("p", {}, "一个检查点同一时间只由一人负责：所选任务的检查点及其全部未完成任务一并改派。"), field("改派给", whom)],
    confirm: "改派",
    submit: (data) => post("/tasks/reassign", { task_ids: ids, officer_id: data.get("officer") }),
  });
  if (done === null) return;
  notify(`已改派 ${done.changed} 个检查点`);
  refresh();
}
