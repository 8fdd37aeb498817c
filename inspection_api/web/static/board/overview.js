// 总览: the figures of one organisation, those below it ranked, and the curve over the year; three questions at once.

import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { empty, fill } from "../shell/states.js";
import { to } from "./address.js";
import { curves } from "./charts.js";
import { comparable } from "./chooser.js";
import { below } from "./places.js";
import { above, headlines } from "./report.js";
import { query } from "./questions.js";
import { table } from "./tables.js";

const SHOWN = new Set(["progress", "completion", "on_time", "overdue"]);

// Each part shows itself as soon as it is there, and its own trouble.
export function overview(view) {
  const completion = { ...view, report: "completion" };
  const year = view.to.slice(0, 4);
  const over = { organisation_id: view.organisation_id, from: `${year}-01-01`, to: `${year}-12-31`, by: "month" };
  const parts = [h("section", { class: "card" }), h("section", { class: "card" }), h("section", { class: "card" })];
  fill(parts[0], async () => ranking(await get("/reports/completion", query(completion)), completion));
  fill(parts[1], async () => covered(await get("/reports/coverage", query(view)), view));
  fill(parts[2], async () => yearly(await get("/reports/series", over), { ...view, ...over }));
  return h("div", { class: "overview" }, parts[0], h("div", { class: "beside" }, parts[2], parts[1]));
}

function ranking(found, view) {
  const columns = found.columns.filter((column) => SHOWN.has(column.key));
  const kind = found.total?.organisation?.kind;
  return [
    above(found, query(view)),
    headlines(found),
    h("div", { class: "row spread" }, h("h2", {}, `${below(kind)}完成率排名`), beside(found, view)),
    found.rows.length === 0
      ? empty("没有下级机构，也没有自己的任务。")
      : table(found, { ...view, view: "overview" }, { ranked: true, columns }),
    found.notes.map((note) => h("p", { class: "faint" }, note)),
  ];
}

// The curves of those that are ranked here, beside each other, where there are as many as can be compared.
function beside(found, view) {
  const organisation_ids = found.rows.filter((row) => !row.own).map((row) => row.organisation.id);
  const others = { ...view, view: "report", report: "comparison", year: view.to.slice(0, 4), organisation_ids };
  return comparable(organisation_ids.length) && h("a", { href: to(others) }, "对比走势");
}

const covered = (found, view) => [
  h("div", { class: "row spread" }, h("h2", {}, found.title), h("a", { href: to({ ...view, view: "report", report: "coverage" }) }, "按机构查看")),
  headlines(found),
];

const yearly = (found, view) => [
  h("div", { class: "row spread" }, h("h2", {}, `${view.from.slice(0, 4)} 年走势`), h("a", { href: to({ ...view, view: "report", report: "series" }) }, "查看数字")),
  curves(found),
];
