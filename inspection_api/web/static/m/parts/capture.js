// Making evidence: a full-screen camera for a photo, a film or sound, with time, place and officer in the picture.

import { h, show } from "../../shell/dom.js";
import { moment } from "../../shell/format.js";
import { open, photograph, stop } from "./camera.js";
import { burnt, record } from "./film.js";

const LONGEST_S = { video: 300, audio: 1200 };
const HINTS = {
  photo: "时间、地点和姓名将印在图片上",
  video: "时间、地点和姓名将印在画面上；最长 5 分钟，到时自动保存",
  audio: "最长 20 分钟，到时自动保存",
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
    const scene = { app, kind, words, video, said, buttons, stream: null, running: null, rest: () => {}, end: (made) => { answer = made; dialog.close(); } };
    let answer = null;
    dialog.addEventListener("cancel", (event) => scene.running && event.preventDefault()); // a stray gesture costs no film
    dialog.addEventListener("close", () => { scene.rest(); if (scene.stream) stop(scene.stream); dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
    prepare(scene);
  });
}

async function prepare(scene) {
  const { kind, video, said, buttons, end } = scene;
  const cancel = h("button", { type: "button", onclick: () => end(null) }, "取消");
  show(buttons, cancel);
  try {
    const stream = await open({ video: kind !== "audio", audio: kind !== "photo" });
    if (!buttons.isConnected) return stop(stream); // he thought better of it while the browser asked for the camera
    scene.stream = stream;
    if (kind !== "audio") {
      video.srcObject = stream;
      await video.play();
    }
    show(buttons, cancel, kind === "photo" ? shutter(scene) : recorder(scene));
  } catch (trouble) {
    show(said, trouble.sentence ?? "无法拍摄，请重试（capture_failed）");
  }
  return null;
}

const shutter = (scene) =>
  h("button", { type: "button", class: "primary", onclick: async () => {
    const made = await photograph(scene.video, lines(scene));
    return made === null ? show(scene.said, "画面尚未就绪，请稍候") : scene.end(made);
  } }, "拍照");

// Time, place and officer, then what the picture is about.
function lines({ app, words }) {
  const fix = app.position.fix();
  const where = fix === null ? "无定位" : `${fix.lat.toFixed(5)}, ${fix.lon.toFixed(5)} ±${Math.round(fix.acc)}米`;
  return [`${moment(app.now())}  ${where}`, `${app.officer.bank.name} ${app.officer.name}`, words.join(" · ")];
}

// Begins, and ends when it is tapped again, or by itself before the server would find it too large.
function recorder(scene) {
  const button = h("button", { type: "button", class: "primary", onclick: () => (scene.running === null ? begin(scene, button) : scene.finish()) }, "开始录制");
  return button;
}

function begin(scene, button) {
  const { kind, video, stream, said } = scene;
  const film = kind === "video" ? burnt(video, stream, () => lines(scene)) : null;
  scene.running = record(film?.film ?? stream, kind, film?.size);
  button.textContent = "停止";
  const timer = setInterval(() => {
    const seconds = Math.round(scene.running.seconds());
    show(said, `正在录制 ${seconds} 秒`);
    if (seconds >= LONGEST_S[kind]) scene.finish();
  }, 500);
  scene.rest = () => { clearInterval(timer); film?.end(); };
  scene.finish = async () => {
    scene.rest();
    scene.end(await scene.running.stop());
  };
}
