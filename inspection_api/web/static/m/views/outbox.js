// The outbox: every operation and every medium that was captured, what became of it in words, and what to do.

import { h, show } from "../../shell/dom.js";
import { size } from "../../shell/format.js";
import { empty, notify } from "../../shell/states.js";
import { exported, imported } from "../parts/carrying.js";
import { card, clashesOf } from "../parts/fate.js";
import { warnings } from "../parts/room.js";

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
  const clashes = await Promise.all(ops.map((op) => clashesOf(app, op)));
  const open = media.filter((medium) => medium.state === "waiting" || medium.state === "aside");
  return [open.length > 0 && h("section", { class: "card" }, h("h2", {}, `待上传的资料 ${open.length} 个`), h("ul", {}, open.map((medium) => upload(app, medium)))), h("ul", { class: "stack" }, ops.map((op, index) => card(op, clashes[index])))];
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
