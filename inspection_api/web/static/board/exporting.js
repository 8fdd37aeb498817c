// Taking a report or a list away as a file: ask for it, watch the job, fetch what it made.

import { address, get, post } from "../shell/api.js";
import { ask, field } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { notify } from "../shell/states.js";

const POLL_MS = 700;
const ENDED = new Set(["done", "failed", "expired"]);

// The report of this query as "xlsx" or "pdf".
export async function exportTable(code, query, format) {
  try {
    await watch(await post(`/reports/${code}/exports${search(query)}`, { format }));
  } catch (error) {
    notify(error.sentence || String(error), "bad");
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

// Show how far a job is until it ends; whoever closes the dialog goes on without the file.
async function watch(job) {
  const bar = h("progress", { "aria-label": "导出进度" });
  const words = h("p", { role: "status" }, "正在排队…");
  const closed = { yes: false };
  const dialog = h("dialog", { "aria-label": "导出", class: "export", onclose: () => { closed.yes = true; dialog.remove(); } });
  const end = h("button", { type: "button", onclick: () => dialog.close() }, "关闭");
  dialog.append(h("h2", {}, "导出"), bar, words, h("p", { class: "buttons" }, end));
  document.body.append(dialog);
  dialog.showModal();
  try {
    const ended = await followed(job, bar, words, closed);
    if (ended !== null) finish(ended, bar, words, end);
  } catch (error) {
    words.textContent = error.sentence || String(error);
  }
}

async function followed(job, bar, words, closed) {
  let seen = job;
  while (!ENDED.has(seen.status)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (closed.yes) return null;
    seen = await get(`/jobs/${job.id}`);
    if (seen.total > 0) {
      bar.max = seen.total;
      bar.value = seen.done;
      words.textContent = `已完成 ${seen.done} / ${seen.total}`;
    }
  }
  return seen;
}

function finish(job, bar, words, end) {
  bar.max = 1;
  bar.value = job.status === "done" ? 1 : 0;
  if (job.status !== "done") {
    words.textContent = `导出没有完成，请稍后重试（${job.problem || job.status}）`;
    return;
  }
  words.textContent = `文件已生成：${job.file_name}，一天内有效。`;
  end.before(h("a", { class: "button primary", href: address(`/jobs/${job.id}/file`), download: job.file_name }, "下载文件"));
}
