// Making evidence: a full-screen camera for a photo, a film or sound, with time, place and officer in the picture.

import { h, show } from "../../shell/dom.js";
import { instant } from "../../shell/format.js";
import { open, photograph, record, stop } from "./camera.js";

const HINTS = {
  photo: "时间、地点和姓名将印在图片上",
  video: "点“开始录制”后拍摄，再点“停止”保存",
  audio: "点“开始录制”后说话，再点“停止”保存",
};

// A photo, null where he thought better of it; `words` stand in the picture under time, place and officer.
export const takePhoto = (app, words) => taken(app, "photo", words);

// What he made of `kind` photo | audio | video, null where he thought better of it.
export function taken(app, kind, words) {
  return new Promise((resolve) => {
    const video = h("video", { playsinline: true, muted: true, hidden: kind === "audio", "aria-label": "相机画面" });
    const said = h("p", { role: "status" }, HINTS[kind]);
    const buttons = h("p", { class: "buttons" });
    const dialog = h("dialog", { class: "capture", "aria-label": "拍摄" }, video, said, buttons);
    let stream = null;
    let answer = null;
    dialog.addEventListener("close", () => { if (stream) stop(stream); dialog.remove(); resolve(answer); });
    const end = (made) => { answer = made; dialog.close(); };
    document.body.append(dialog);
    dialog.showModal();
    prepare({ app, kind, words, video, said, buttons, end }).then((opened) => { stream = opened; });
  });
}

async function prepare(scene) {
  const { kind, video, said, buttons, end } = scene;
  const cancel = h("button", { type: "button", onclick: () => end(null) }, "取消");
  show(buttons, cancel);
  try {
    const stream = await open({ video: kind !== "audio", audio: kind !== "photo" });
    if (kind !== "audio") {
      video.srcObject = stream;
      await video.play();
    }
    show(buttons, cancel, kind === "photo" ? shutter(scene) : recorder(scene, stream));
    return stream;
  } catch (trouble) {
    show(said, trouble.sentence ?? "无法拍摄，请重试（capture_failed）");
    return null;
  }
}

const shutter = ({ app, words, video, said, end }) =>
  h("button", { type: "button", class: "primary", onclick: async () => {
    const made = await photograph(video, watermark(app, words));
    return made === null ? show(said, "画面尚未就绪，请稍候") : end(made);
  } }, "拍照");

function watermark(app, words) {
  const fix = app.position.fix();
  const where = fix === null ? "无定位" : `${fix.lat.toFixed(5)}, ${fix.lon.toFixed(5)} ±${Math.round(fix.acc)}米`;
  return [`${instant(new Date().toISOString())}  ${where}`, `${app.officer.bank.name} ${app.officer.name}`, words.join(" · ")];
}

function recorder({ kind, said, end }, stream) {
  let running = null;
  let timer = null;
  const button = h("button", { type: "button", class: "primary", onclick: async () => {
    if (running === null) {
      running = record(stream, kind);
      button.textContent = "停止";
      timer = setInterval(() => show(said, `正在录制 ${Math.round(running.seconds())} 秒`), 500);
      return;
    }
    clearInterval(timer);
    end(await running.stop());
  } }, "开始录制");
  return button;
}
