// Links that lead out of this page. Without a network the other page does not open, and an installed app has no way back
// from a browser's error, so it is asked first whether somebody is there.

import { get } from "../../shell/api.js";
import { h } from "../../shell/dom.js";
import { notify } from "../../shell/states.js";

const PATIENCE_MS = 4000;
const AWAY = "打开此页需要网络，请联网后再试；数据都在手机上，检查可以继续（network_needed）";

export const outwards = (path, attributes, ...children) => h("a", { ...attributes, href: path, onclick: (event) => leave(event, path) }, children);

async function leave(event, path) {
  event.preventDefault();
  if (await isThere()) location.assign(path);
  else notify(AWAY, "bad");
}

async function isThere() {
  try {
    await get("/me", {}, { here: true, patienceMs: PATIENCE_MS });
  } catch (problem) {
    return problem.status > 0 && problem.status < 500; // who has to log in first is led there
  }
  return true;
}
