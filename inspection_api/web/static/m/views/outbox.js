// The outbox: every operation and every medium that was captured, what became of it in words, and what to do.

import { h, show } from "../../shell/dom.js";
import { size } from "../../shell/format.js";
import { empty, notify } from "../../shell/states.js";
import { storeName } from "../officer.js";
import { exported, imported } from "../parts/carrying.js";
import { card, clashesOf } from "../parts/fate.js";
import { warnings } from "../parts/room.js";
import { renew } from "../parts/still.js";

const KINDS = { photo: "图片", audio: "语音", video: "视频" };
const LEFT_OUT = "中断的录制不在导出的文件中：请先在该检查中选择保留，再重新导出（recording_undecided）";
const REFUSED = "文件内容不是拍摄时登记的图片、视频或语音格式，服务器不接收，重新上传也不会成功（media_refused）。它不计入现场资料：请到检查点重新检查并拍摄，或联系上级决定；文件仍在手机上，需要留存时请点“导出”。";

export async function outbox(app, place) {
  const list = h("div", { class: "stack" });
  const draw = async (put) => put(list, await content(app));
  const refresh = () => draw(renew);
  show(place, h("h1", {}, "待传与记录"), h("p", { class: "buttons" }, h("button", { type: "button", class: "primary", onclick: () => app.runner.run() }, "立即同步"), h("button", { type: "button", onclick: () => carryOut(app) }, "导出"), carryIn(app, refresh)), await warnings(), list);
  await draw(show);
  app.runner.addEventListener("change", refresh);
  app.runner.addEventListener("progress", refresh);
  return () => { app.runner.removeEventListener("change", refresh); app.runner.removeEventListener("progress", refresh); };
}

async function content(app) {
  const [ops, media] = await Promise.all([app.client.outbox.listed(), app.client.store.read(["medium"], (tx) => tx.all("medium"))]);
  const left = media.filter((medium) => medium.state === "waiting" || medium.state === "aside");
  const [refused, open] = [true, false].map((isRefused) => left.filter((medium) => Boolean(medium.is_refused) === isRefused));
  if (ops.length + left.length === 0) return empty("没有待上传的数据");
  const clashes = await Promise.all(ops.map((op) => clashesOf(app, op)));
  const of = new Map(ops.flatMap((op) => mediaOf(op).map((medium) => [medium.id, op])));
  const unsent = (op) => open.filter((medium) => of.get(medium.id) === op).length;
  const again = (op) => retry(app, () => app.client.outbox.again(op.op_id));
  const listed = (some, words) => some.length > 0 && h("section", { class: "card" }, h("h2", {}, `${words} ${some.length} 个`), h("ul", {}, some.map((medium) => upload(app, medium, of.get(medium.id)?.about))));
  return [
    listed(open, "待上传的资料"),
    listed(refused, "服务器不接收的资料"),
    h("ul", { class: "stack" }, ops.map((op, index) => card(op, clashes[index], { unsent: unsent(op), again: () => again(op) }))),
  ];
}

const mediaOf = ({ content: { payload } }) => [...(payload.media ?? []), payload.photo].filter(Boolean);

const upload = (app, medium, about = null) =>
  h(
    "li",
    {},
    h("span", {}, [KINDS[medium.kind], size(medium.bytes), about].filter(Boolean).join(" · ")),
    medium.state === "aside" ? stopped(app, medium) : h("progress", { max: medium.bytes, value: app.runner.progress.get(medium.id) ?? 0, "aria-label": "上传进度" }),
  );

function stopped(app, medium) {
  if (medium.is_refused) return h("p", { class: "trouble" }, REFUSED);
  return [
    h("p", { class: "trouble" }, `无法上传：${medium.fault}。资料仍在手机上，请重新上传；仍不成功，请点“导出”保存数据文件，并联系管理员。`),
    h("button", { type: "button", class: "small", onclick: () => retry(app, () => app.client.uploads.again(medium.id)) }, "重新上传"),
  ];
}

async function retry(app, again) {
  await again();
  app.runner.run();
}

async function carryOut(app) {
  if ((await app.recordings.interrupted()).length > 0) notify(LEFT_OUT, "bad");
  const file = await exported(app.client.store, storeName(app.officer));
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
    notify(`已导入 ${await imported(app.client, file, storeName(app.officer))} 条记录`);
  } catch (error) {
    notify(error.sentence ?? "文件无法识别，没有导入任何数据（file_unreadable）", "bad");
  }
  await refresh();
  app.runner.run();
}
