// The outbox: every operation and every medium that was captured, what became of it in words, and what to do.

import { h, show } from "../../shell/dom.js";
import { instant, size } from "../../shell/format.js";
import { empty, notify } from "../../shell/states.js";
import { exported, imported } from "../parts/carrying.js";
import { warnings } from "../parts/room.js";

const TYPES = {
  "inspection.submit": "现场检查",
  "checkpoint.bind": "绑定位置",
  "visit.unmet": "上门未遇",
  "unlock.request": "申请解锁",
  "alert.feedback": "预警反馈",
  "comment.add": "补充说明",
};
const STATES = { waiting: ["待上传", "care"], aside: ["无法上传", "bad"] };
const STATUSES = {
  applied: ["已完成", "good"],
  merged: ["已完成", "good"],
  extra: ["已收到，不计入任务", "care"],
  superseded: ["已被后来的修改取代", "care"],
  conflict: ["与他人修改冲突，待处理", "care"],
  quarantined: ["已隔离，待上级决定", "care"],
  rejected: ["未被接受", "bad"],
  held: ["已收到，等待前面的记录", "care"],
  parked: ["已收到，系统待处理", "care"],
};
const ADVICE = {
  aside: "请导出数据文件并联系管理员。",
  quarantined: "数据已保存；由上级决定是否计入，您无需重做。",
  rejected: "数据已保留；请按提示重新检查或联系支行。",
  conflict: "请等候处理，或在电脑上自行选择。",
};

export async function outbox(app, place) {
  const list = h("div", { class: "stack" });
  const refresh = async () => show(list, await content(app));
  show(place, h("h1", {}, "待传与记录"), h("p", { class: "buttons" }, h("button", { type: "button", class: "primary", onclick: () => app.runner.run() }, "立即同步"), h("button", { type: "button", onclick: () => carryOut(app) }, "导出"), carryIn(app, refresh)), await warnings(), list);
  await refresh();
  app.runner.addEventListener("change", refresh);
  app.runner.addEventListener("progress", refresh);
  return () => { app.runner.removeEventListener("change", refresh); app.runner.removeEventListener("progress", refresh); };
}

async function content(app) {
  const [ops, media] = await Promise.all([app.client.outbox.listed(), app.client.store.read(["medium"], (tx) => tx.all("medium"))]);
  if (ops.length === 0) return empty("没有待上传的数据");
  const open = media.filter((medium) => medium.state === "waiting" || medium.state === "aside");
  return [open.length > 0 && h("section", { class: "card" }, h("h2", {}, `待上传的资料 ${open.length} 个`), h("ul", {}, open.map((medium) => upload(app, medium)))), h("ul", { class: "stack" }, ops.map(operation))];
}

function operation({ content: op, state, receipt, fault }) {
  const [words, kind] = receipt ? STATUSES[receipt.status] : STATES[state];
  const advice = ADVICE[receipt?.status ?? state];
  return h(
    "li",
    { class: "card", data: { status: receipt?.status ?? state } },
    h("p", { class: "row spread" }, h("strong", {}, TYPES[op.type] ?? op.type), h("span", { class: `badge ${kind}` }, words)),
    h("p", { class: "faint" }, instant(op.captured.wall)),
    (receipt?.message || fault) && h("p", {}, `${receipt?.message || fault}（${receipt?.codes?.join("、") || receipt?.code || "set_aside"}）`),
    receipt?.decision && h("p", {}, `${receipt.decision.message}${receipt.decision.reason ? `：${receipt.decision.reason}` : ""}`),
    advice && !receipt?.decision && h("p", { class: "faint" }, advice),
  );
}

const upload = (app, medium) =>
  h(
    "li",
    {},
    h("span", {}, `${{ photo: "图片", audio: "语音", video: "视频" }[medium.kind]} ${size(medium.bytes)}`),
    medium.state === "aside" ? h("p", { class: "trouble" }, medium.fault) : h("progress", { max: medium.bytes, value: app.runner.progress.get(medium.id) ?? 0, "aria-label": "上传进度" }),
  );

async function carryOut(app) {
  const file = await exported(app.client.store);
  const link = h("a", { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// The file dialog is for exported outboxes alone: evidence is only ever made by the camera.
function carryIn(app, refresh) {
  const choose = () => {
    const input = h("input", { type: "file", accept: ".xunji" });
    input.addEventListener("change", () => bringIn(app, input.files[0], refresh));
    input.click();
  };
  return h("button", { type: "button", onclick: choose }, "导入");
}

async function bringIn(app, file, refresh) {
  try {
    notify(`已导入 ${await imported(app.client, file)} 条记录`);
  } catch (error) {
    notify(error.sentence ?? "文件无法识别，没有导入任何数据（file_unreadable）", "bad");
  }
  await refresh();
  app.runner.run();
}
