// 我的导出: what I asked for, the newest first, how far it is, and its file as long as that lives.

import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { instant, NOTHING } from "../shell/format.js";
import { empty, fill } from "../shell/states.js";
import { fileOf, watch } from "./exporting.js";

const PAGE = 50;
const KINDS = { report_export: "报表导出", portfolio_export: "客户与检查点导出", label_sheets: "二维码牌", paper_batch: "明白纸" };
const STATES = { queued: "正在排队", running: "正在生成", done: "已生成", failed: "没有完成", expired: "文件已过期" };
const LOOKS = { done: "good", failed: "bad", expired: "" };

export function exported() {
  const place = h("div", {});
  const refresh = () => fill(place, async () => listed(await get("/jobs", { limit: PAGE })));
  refresh();
  return h("section", { class: "card" }, h("div", { class: "row spread" }, h("h1", {}, "我的导出"), h("button", { type: "button", onclick: refresh }, "刷新")), h("p", { class: "faint" }, "文件生成后保留一天。"), place);
}

function listed({ items, next_cursor: next }) {
  if (items.length === 0) return empty("还没有导出过文件。");
  const heads = ["文件", "申请时间", "状态", "有效期至", ""].map((words) => h("th", { scope: "col" }, words));
  return [
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "我的导出" }, h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, items.map(row)))),
    next !== null && h("p", { class: "faint" }, `仅显示最近 ${items.length} 项`),
  ];
}

const row = (job) =>
  h(
    "tr",
    {},
    h("td", {}, job.file_name || KINDS[job.kind] || job.kind),
    h("td", {}, instant(job.requested_at)),
    h("td", {}, h("span", { class: `badge ${LOOKS[job.status] ?? "care"}` }, STATES[job.status] ?? job.status), job.problem && ` （${job.problem}）`),
    h("td", {}, job.status === "done" ? instant(job.expires_at) : NOTHING),
    h("td", {}, wayOn(job)),
  );

function wayOn(job) {
  if (job.status === "done") return fileOf(job);
  return ["queued", "running"].includes(job.status) && h("button", { type: "button", onclick: () => watch(job) }, "查看进度");
}
