// One report: what it was asked, its figures first, its chart, its table, and how to take it away.

import { get } from "../shell/api.js";
import { h, icon } from "../shell/dom.js";
import { instant } from "../shell/format.js";
import { empty } from "../shell/states.js";
import { cell } from "./cells.js";
import { curves } from "./charts.js";
import { chooser } from "./chooser.js";
import { exportTable } from "./exporting.js";
import { query } from "./questions.js";
import { table } from "./tables.js";

const RANKED = new Set(["completion", "coverage", "branch_checks"]);

export async function report(view) {
  if (view.report === "comparison" && (view.organisation_ids || []).length < 2) return chooser(view);
  const asked = query(view);
  const found = await get(`/reports/${view.report}`, asked);
  return [
    h(
      "section",
      { class: "card" },
      above(found, asked),
      found.chart?.shape === "bars" && headlines(found),
      found.chart?.shape === "lines" && found.rows.length > 1 && curves(found),
      found.rows.length === 0 ? empty("这段时间没有可以统计的内容。") : table(found, view, { ranked: RANKED.has(found.code) }),
      found.notes.map((note) => h("p", { class: "faint" }, note)),
    ),
    view.report === "comparison" && (await chooser(view)),
  ];
}

export function above(found, asked) {
  const take = (format, words) => h("button", { type: "button", onclick: () => exportTable(found.code, asked, format) }, icon("download"), words);
  return h(
    "div",
    { class: "row spread" },
    h("div", {}, h("h1", {}, found.title), h("p", { class: "faint" }, `${found.window.from} 至 ${found.window.to}，截至 ${instant(found.as_of)}`)),
    h("p", { class: "row" }, take("xlsx", "导出 Excel"), take("pdf", "导出 PDF")),
  );
}

// The figures of the whole, large, the headline first.
export function headlines(found) {
  if (found.total === null) return null;
  const columns = found.columns.filter((column) => column.key === found.headline || found.chart?.columns.includes(column.key));
  const ordered = [...columns].sort((one, other) => (other.key === found.headline) - (one.key === found.headline));
  return h("ul", { class: "headlines" }, ordered.map((column) => h("li", { class: column.key === found.headline ? "first" : "" }, h("span", {}, column.title), h("p", {}, cell(found, found.total, column)))));
}
