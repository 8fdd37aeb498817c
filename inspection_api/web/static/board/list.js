// The list behind a number: as many rows as the number says, page after page; of money, rows that come to it.

import { get } from "../shell/api.js";
import { h, icon } from "../shell/dom.js";
import { amount, count, day, instant, NOTHING } from "../shell/format.js";
import { further } from "../shell/lists.js";
import { empty } from "../shell/states.js";
import { to } from "./address.js";
import { catalogue, rights } from "./catalogue.js";
import { exportList } from "./exporting.js";

const PAGE = 100;
const OF_THE_BOARD = new Set(["view", "report", "listing"]);
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T/;

export async function list(view) {
  const query = Object.fromEntries(Object.entries(view).filter(([name]) => !OF_THE_BOARD.has(name)));
  const path = `/reports/${view.report}/${view.listing}`;
  const [reports, may, first] = await Promise.all([catalogue(), rights(), get(path, { ...query, limit: PAGE })]);
  const report = reports.find((each) => each.code === view.report);
  const { columns } = report.lists.find((each) => each.path === view.listing);
  const leads = first.items.some((row) => ways(row, may.explains) !== null);
  const isSum = (column) => column.key in first.sums;
  const sums = columns.filter(isSum).map((column) => `，${column.title}合计 ${amount(first.sums[column.key])}`).join("");
  const body = h("tbody", {});
  const said = h("p", { class: "total", role: "status" });
  const more = further("继续加载", (cursor) => get(path, { ...query, limit: PAGE, cursor }), add);

  function add(page) {
    body.append(...page.items.map((row) => h("tr", {}, leads && h("td", {}, ways(row, may.explains)), columns.map((column) => (isSum(column) ? h("td", { class: "number" }, amount(row[column.key])) : h("td", {}, value(row, column.key)))))));
    said.textContent = (page.next_cursor === null ? `共 ${count(body.rows.length)} 条` : `已显示 ${count(body.rows.length)} 条，还有更多`) + sums;
  }

  more.take(first);
  return h(
    "section",
    { class: "card" },
    h(
      "div",
      { class: "row spread" },
      h("h1", {}, `${report.title} · 明细`),
      may.exports && first.items.length > 0 && h("button", { type: "button", onclick: () => exportList(view.report, view.listing, query) }, icon("download"), "导出 Excel"),
    ),
    said,
    first.items.length === 0
      ? empty("没有符合条件的记录。")
      : h(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": "明细" },
          h("table", { class: "list" }, h("thead", {}, h("tr", {}, leads && h("th", { scope: "col" }, "查看"), columns.map((column) => h("th", { scope: "col", class: isSum(column) && "number" }, column.title)))), body),
        ),
    more.button,
  );
}

function value(row, key) {
  const said = row[key];
  if (said === null || said === undefined || said === "") return NOTHING;
  if (Array.isArray(said)) return said.length === 0 ? NOTHING : said.map((each) => h("span", { class: "badge care" }, each));
  if (typeof said === "boolean") return said ? "是" : "否";
  if (INSTANT.test(said)) return instant(said);
  return DAY.test(said) ? day(said) : String(said);
}

// A task leads to its visit, or to what became of it, as far as I may read that; a visit to its record; anything else
// nowhere.
function ways(row, explains) {
  if ("closed_by" in row) {
    const record = row.closed_by && h("a", { href: to({ view: "record", id: row.closed_by }) }, "检查记录");
    return explains ? [record, h("a", { href: to({ view: "task", id: row.id }) }, "任务经过")] : record || h("span", { class: "faint" }, "无权查看");
  }
  return "performed_on" in row ? h("a", { href: to({ view: "record", id: row.id }) }, "检查记录") : null;
}
