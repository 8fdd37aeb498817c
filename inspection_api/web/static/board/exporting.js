// Taking a report or a list away as a file: ask for it, watch the job, fetch what it made.

import { address, get, post } from "../shell/api.js";
import { ask, field } from "../shell/dialog.js";
import { h, show } from "../shell/dom.js";
import { failed, notify, sentenceOf } from "../shell/states.js";
import { to } from "./address.js";

const POLL_MS = 700;
const TRIES = 8;
const ENDED = new Set(["done", "failed", "expired"]);

// The report of this query as "xlsx" or "pdf".
export async function exportTable(code, query, format) {
  try {
    await watch(await post(`/reports/${code}/exports${search(query)}`, { format }));
  } catch (error) {
    notify(sentenceOf(error), "bad");
  }
}

// All rows of a list; it names people, so somebody says why.
export async function exportList(code, listing, query) {
  const reason = h("textarea", { name: "reason", required: true, minlength: 4, maxlength: 200 });
  const job = await ask({
    title: "导出明细",
    content: [
      h("p", {}, "明细含企业和人员信息。导出人、时间和用途会留存，并印在文件上。"),
      field("导出用途", reason, "4 至 200 个字，例如：月度核对"),
    ],
    confirm: "导出 Excel",
    submit: (data) => post(`/reports/${code}/${listing}/exports${search(query)}`, { reason: data.get("reason") }),
  });
  if (job) await watch(job);
}

const search = (query) => new URL(address("", query), location.origin).search;

// Show how far a job is until it ends; whoever closes the dialog finds the file among his exports.
export async function watch(job) {
  const bar = h("progress", { "aria-label": "导出进度" });
  const words = h("div", { role: "status" }, "正在排队…");
  const closed = { yes: false };
  const dialog = h("dialog", { "aria-label": "导出", class: "export", onclose: () => { closed.yes = true; dialog.remove(); } });
  const end = h("button", { type: "button", onclick: () => dialog.close() }, "关闭");
  const later = h("p", { class: "faint" }, "可以关闭本窗口，稍后在", h("a", { href: to({ view: "exports" }) }, "我的导出"), "中下载。");
  dialog.append(h("h2", {}, "导出"), bar, words, later, h("p", { class: "buttons" }, end));
  document.body.append(dialog);
  dialog.showModal();
  await follow(job, { bar, words, closed, later, end });
}

async function follow(job, seen) {
  try {
    const ended = await followed(job, seen);
    if (ended !== null) finish(ended, seen);
  } catch (error) {
    show(seen.words, failed(error, () => { show(seen.words, "正在查询…"); follow(job, seen); }));
  }
}

async function followed(job, { bar, words, closed }) {
  let seen = job;
  while (!ENDED.has(seen.status)) {
    await pause(POLL_MS);
    if (closed.yes) return null;
    seen = await polled(job.id, words, closed);
    if (seen.total > 0) {
      bar.max = seen.total;
      bar.value = seen.done;
      show(words, `已完成 ${seen.done} / ${seen.total}`);
    }
  }
  return seen;
}

// Ask how far a job is; a line that fails is asked again, later and later, before that is called a failure.
async function polled(id, words, closed) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await get(`/jobs/${id}`);
    } catch (error) {
      if (tries === TRIES || closed.yes || !passing(error)) throw error;
      show(words, "网络不稳定，正在重新查询…");
      await pause(POLL_MS * tries);
    }
  }
}

const passing = ({ status }) => status === 0 || status === 429 || status >= 500;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function finish(job, { bar, words, later, end }) {
  bar.max = 1;
  bar.value = job.status === "done" ? 1 : 0;
  if (job.status !== "done") {
    later.remove(); // there will be no file
    show(words, h("p", { class: "trouble" }, `导出没有完成，请稍后重试（${job.problem || job.status}）`));
    return;
  }
  show(words, `文件已生成：${job.file_name}，一天内有效。`);
  end.before(fileOf(job, "button primary"));
}

// The way to a finished job's file.
export const fileOf = (job, looks = null) => h("a", { class: looks, href: address(`/jobs/${job.id}/file`), download: job.file_name }, "下载文件");
