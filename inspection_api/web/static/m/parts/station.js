// The symbol on a print station's screen: what it says is filled into a form, which is then sent.

import { h, show } from "../../shell/dom.js";
import { say, watch } from "../views/scan.js";
import { open, stop } from "./camera.js";

const BEGINS = "XK1.";
const LOOKING = "请对准机具屏幕上的二维码";
const BLIND = "识别程序没有载入，正在重试：请联网稍候，或输入屏幕上的六位数字（reader_missing）";
const FOREIGN = "这不是机具屏幕上的二维码，请对准机具的屏幕（not_a_station）";

// A button that opens the camera, and the picture; `scanned` hears the text, and `ended` is called when nobody looks
// any more.
export function symbolScanner(scanned) {
  const place = h("div", {});
  const state = { end: () => {} };
  const begin = async () => {
    state.end(); // or a second tap would leave the first camera on
    const video = h("video", { playsinline: true, muted: true, "aria-label": "相机画面" });
    try {
      const stream = await open({ video: true });
      if (!place.isConnected) return stop(stream);
      video.srcObject = stream;
      const said = h("div", { class: "faint", role: "status" }, LOOKING);
      show(place, h("div", { class: "viewer" }, video), said);
      await video.play();
      const watching = watch(video, (text) => {
        if (!text.startsWith(BEGINS)) return say(said, FOREIGN);
        state.end();
        scanned(text);
        return true;
      }, (isBlind) => show(said, isBlind ? BLIND : LOOKING));
      state.end = () => { watching.end(); stop(stream); show(place); };
    } catch (trouble) {
      show(place, h("p", { class: "trouble", role: "alert" }, trouble.sentence ?? "无法打开相机，请输入六位数字"));
    }
  };
  return { place: h("div", {}, h("button", { type: "button", onclick: begin }, "扫描屏幕上的二维码"), place), end: () => state.end() };
}
