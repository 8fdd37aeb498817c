// The button of the phone's lamp, for plates and meters in dark corners; hidden where there is none.

import { h } from "../../shell/dom.js";
import { torch } from "./camera.js";

// `offer(stream)` shows it once the camera is open and has a lamp.
export function lamp() {
  let [on, stream] = [false, null];
  const turn = async () => {
    await torch(stream, (on = !on));
    button.setAttribute("aria-pressed", String(on));
  };
  const button = h("button", { type: "button", hidden: true, onclick: turn }, "手电筒");
  const offer = async (opened) => {
    stream = opened;
    button.hidden = !(await torch(stream, false).catch(() => false));
  };
  return { button, offer };
}
