// Making evidence: a full-screen camera for a photo, a film or sound, with time, place and officer in the picture.

import { h, show } from "../../shell/dom.js";
import { moment } from "../../shell/format.js";
import { notify } from "../../shell/states.js";
import { awake } from "./awake.js";
import { open, photograph, stop } from "./camera.js";
import { burnt, record } from "./film.js";
import { lamp } from "./lamp.js";
import { kept } from "./room.js";

const LONGEST_S = { video: 300, audio: 1200 };
const HINTS = {
  photo: "时间、地点和姓名将印在图片上",
  video: "时间、地点和姓名将印在画面上；最长 5 分钟，到时自动保存",
  audio: "最长 20 分钟，到时自动保存",
};

const INTERRUPTED = "录制已中断：相机或麦克风被占用（例如来电），已录下的部分会保留（recording_interrupted）";
const SOUND = { width: null, height: null };

// A photo, null where he thought better of it; `words` stand in the picture under time, place and officer.
export const takePhoto = (app, words) => staged({ app, kind: "photo", words });

// The id of the film or sound that was recorded for `about` ({ draft_id, item, kind }), null where there is none; where the
// phone was full before it ended, he is told, and what there is waits with the visit's interrupted recordings.
export const recorded = (app, about, words) => staged({ app, kind: about.kind, words, about });

function staged({ kind, ...given }) {
  return new Promise((resolve) => {
    const video = h("video", { playsinline: true, muted: true, hidden: kind === "audio", "aria-label": "相机画面" });
    const said = h("p", { role: "status" }, HINTS[kind]);
    const buttons = h("p", { class: "buttons" });
    const dialog = h("dialog", { class: "capture", "aria-label": "拍摄" }, video, said, buttons);
    const scene = { kind, ...given, video, said, buttons, light: lamp(), stream: null, running: null, answer: null, end: (made) => { scene.answer = made; dialog.close(); } };
    dialog.addEventListener("cancel", (event) => scene.running && event.preventDefault()); // a stray gesture costs no film
    dialog.addEventListener("close", () => { dialog.remove(); resolve(outcome(scene)); }); // nor does the next, which browsers let through
    document.body.append(dialog);
    dialog.showModal();
    prepare(scene);
  });
}

async function outcome(scene) {
  try {
    return scene.running === null ? scene.answer : await scene.running.finish();
  } finally {
    if (scene.stream) stop(scene.stream);
  }
}

async function prepare(scene) {
  const { kind, video, said, buttons, light, end } = scene;
  const cancel = h("button", { type: "button", onclick: () => end(null) }, "取消");
  show(buttons, cancel);
  try {
    const stream = await open({ video: kind !== "audio", audio: kind !== "photo" });
    if (!buttons.isConnected) return stop(stream); // he thought better of it while the browser asked for the camera
    scene.stream = stream;
    if (kind !== "audio") {
      video.srcObject = stream;
      await video.play();
      light.offer(stream);
    }
    show(buttons, cancel, light.button, kind === "photo" ? shutter(scene) : recorder(scene));
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

// Begins, and ends when it is tapped again, by itself before the server would find it too large, or when the phone takes the
// camera away.
function recorder(scene) {
  const button = h("button", { type: "button", class: "primary", onclick: () => (scene.running === null ? begin(scene, button) : scene.end()) }, "开始录制");
  return button;
}

function begin(scene, button) {
  scene.running = run(scene);
  button.textContent = "停止";
  show(scene.buttons, scene.light.button, button); // what was recorded can be deleted afterwards, on purpose
  scene.running.ended.then(() => tellEnd(scene), () => scene.end());
}

// By itself, where the dialog is still there.
function tellEnd({ buttons, end }) {
  if (!buttons.isConnected) return;
  notify(INTERRUPTED, "bad");
  end();
}

// What goes on: `ended` when it came to an end by whatever, `finish()` ends it and resolves to the recording's id.
function run(scene) {
  const { app, kind, about, video, stream, said } = scene;
  const tape = app.recordings.begin(about);
  const film = kind === "video" ? burnt(video, stream, () => lines(scene)) : { film: stream, size: SOUND, end: () => {} };
  const { seconds, ended, stop: halt } = record(film.film, stream, kind, (slice) => tape.write({ ...slice, ...film.size, fix: app.position.fix(slice.at) }));
  const letGo = awake();
  const timer = setInterval(() => {
    show(said, `正在录制 ${Math.round(seconds())} 秒`);
    if (seconds() >= LONGEST_S[kind]) scene.end();
  }, 500);
  const finish = async () => {
    clearInterval(timer);
    halt();
    try {
      return await kept(() => ended.then(() => tape.id));
    } finally {
      [film.end, letGo, tape.end].forEach((each) => each());
    }
  };
  return { ended, finish };
}
