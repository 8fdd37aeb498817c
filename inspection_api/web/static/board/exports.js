// 我的导出: what I asked for, the newest first, how far it is, and its file as long as that lives.

import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { instant } from "../shell/format.js";
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
  return [h("ul", { class: "list exports" }, items.map(row)), next !== null && h("p", { class: "faint" }, `仅显示最近 ${items.length} 项`)];
}

const row = (job) =>
  h(
    "li",
    {},
    h("div", {}, h("p", { class: "row" }, h("strong", {}, job.file_name || KINDS[job.kind] || job.kind), h("span", { class: `badge ${LOOKS[job.status] ?? "care"}` }, STATES[job.status] ?? job.status), job.problem && `（${job.problem}）`), h("p", { class: "faint" }, times(job))),
    wayOn(job),
  );

const times = (job) => `${instant(job.requested_at)} 申请${job.status === "done" ? `，有效期至 ${instant(job.expires_at)}` : ""}`;

function wayOn(job) {
  if (job.status === "done") return fileOf(job, "button");
  return ["queued", "running"].includes(job.status) && h("button", { type: "button", onclick: () => watch(job) }, "查看进度");
}
